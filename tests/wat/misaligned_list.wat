;; Rejects rows that lie out of line.
== EXPORT
(i32.store8 (i32.const 240) (i32.const 1))
(i32.store (i32.const 248) (i32.const 4097)) (i32.store (i32.const 252) (i32.const 1))
(i32.const 240)
