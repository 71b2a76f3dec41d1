;; Rejects two million rows and has the same two million sent again: eight mebibytes that are read twice.
== PAGES
200
== EXPORT
(i32.store8 (i32.const 240) (i32.const 1))
(i32.store (i32.const 248) (i32.const 65536)) (i32.store (i32.const 252) (i32.const 0x200000))
(i32.store (i32.const 256) (i32.const 65536)) (i32.store (i32.const 260) (i32.const 0x200000))
(i32.const 240)
