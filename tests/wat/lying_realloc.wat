;; Hands out the end of its memory for whatever the host has for it, as soon as that is more than its settings.
== REALLOC
(if (i32.gt_u (local.get 3) (i32.const 2)) (then (return (i32.const 0x1fffc))))
(i32.const 8192)
== EXPORT
(call $text (local.get $batch) (i32.const 4096))
(i32.const 240)
