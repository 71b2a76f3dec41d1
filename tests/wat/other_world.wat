;; A command, as `wasm32-wasip2` makes them from a program with a `main`.
(component
  (instance $empty)
  (export "wasi:cli/run@0.2.0" (instance $empty)))
