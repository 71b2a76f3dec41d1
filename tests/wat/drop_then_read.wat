;; Reads a batch that it has dropped.
== EXPORT
(call $drop-batch (local.get $batch))
(drop (call $len (local.get $batch)))
(i32.const 240)
