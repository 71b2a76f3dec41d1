;; Rejects so many rows that their size in bytes does not fit into 32 bits.
== EXPORT
(i32.store8 (i32.const 240) (i32.const 1))
(i32.store (i32.const 248) (i32.const 4096)) (i32.store (i32.const 252) (i32.const 0x40000001))
(i32.const 240)
