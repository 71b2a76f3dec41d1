;; Rejects the batch with a reason of one gibibyte, of which it has two pages.
== EXPORT
(i32.store8 (i32.const 240) (i32.const 3))
(i32.store (i32.const 244) (i32.const 4096))
(i32.store (i32.const 248) (i32.const 0x40000000))
(i32.const 240)
