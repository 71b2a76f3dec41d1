;; Drops its batch twice.
== EXPORT
(call $drop-batch (local.get $batch))
(call $drop-batch (local.get $batch))
(i32.const 240)
