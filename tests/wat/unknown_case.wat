;; Answers an outcome of a case that the contract does not have.
== EXPORT
(i32.store8 (i32.const 240) (i32.const 4))
(i32.const 240)
