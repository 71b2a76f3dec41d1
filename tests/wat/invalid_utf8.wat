;; Rejects the batch for a reason that is no text.
== MORE
(data (i32.const 4096) "caf\e9 \ff\fe \ed\a0\80")
== EXPORT
(i32.store8 (i32.const 240) (i32.const 3))
(i32.store (i32.const 244) (i32.const 4096)) (i32.store (i32.const 248) (i32.const 10))
(i32.const 240)
