;; Says that its backend takes one row, and one byte, at a time.
== DESCRIBE
(i32.store8 (i32.const 104) (i32.const 1)) (i32.store (i32.const 108) (i32.const 1))
(i32.store8 (i32.const 112) (i32.const 1)) (i32.store (i32.const 116) (i32.const 1))
(i32.const 64)
