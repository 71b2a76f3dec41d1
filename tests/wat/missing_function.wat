;; Its lifecycle has no `flush`.
(component
  (core module $m (memory (export "memory") 1) (func (export "f") (result i32) (i32.const 0)))
  (core instance $i (instantiate $m))
  (func $f (result u32) (canon lift (core func $i "f")))
  (instance $lifecycle (export "describe" (func $f)))
  (instance $spans (export "export-spans" (func $f)))
  (export "spangate:exporter/lifecycle@0.1.0" (instance $lifecycle))
  (export "spangate:exporter/span-exporter@0.1.0" (instance $spans)))
