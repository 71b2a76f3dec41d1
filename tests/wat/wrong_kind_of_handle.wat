;; Uses a batch as if it were a payload.
== EXPORT
(drop (call $payload-len (local.get $batch)))
(i32.const 240)
