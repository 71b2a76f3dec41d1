;; Describes itself by a million signals, all of them the same.
== DESCRIBE
(i32.store (i32.const 80) (i32.const 0)) (i32.store (i32.const 84) (i32.const 1000000))
(i32.const 64)
== PAGES
130
