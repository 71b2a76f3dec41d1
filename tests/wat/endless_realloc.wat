;; Never comes back with memory for more than its settings.
== REALLOC
(if (i32.gt_u (local.get 3) (i32.const 2)) (then (loop $again (br $again))))
(i32.const 8192)
== EXPORT
(call $text (local.get $batch) (i32.const 4096))
(i32.const 240)
