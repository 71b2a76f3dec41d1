;; Answers a pointer to the last byte of its memory.
== EXPORT
(i32.const 0x1fffc)
