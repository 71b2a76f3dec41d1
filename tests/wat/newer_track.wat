;; Speaks a contract that is not written yet.
(component
  (instance $empty)
  (export "spangate:exporter/lifecycle@1.0.0" (instance $empty))
  (export "spangate:exporter/span-exporter@1.0.0" (instance $empty)))
