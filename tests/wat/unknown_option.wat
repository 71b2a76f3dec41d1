;; Asks for a delay that is neither there nor absent.
== EXPORT
(i32.store8 (i32.const 240) (i32.const 2))
(i32.store8 (i32.const 244) (i32.const 2))
(i32.const 240)
