;; Calls the host while the host waits for memory.
== HEAP
(table (export "table") 1 funcref)
(type $clock (func (result i64)))
== REALLOC
(if (i32.gt_u (local.get 3) (i32.const 2)) (then (drop (call_indirect (type $clock) (i32.const 0)))))
(i32.const 8192)
== LOWERED
(alias core export $heap "table" (core table $table))
== GIVEN
(export "table" (table $table))
== TAKEN
(import "env" "table" (table 1 funcref))
== MORE
(elem (i32.const 0) func $now)
== EXPORT
(call $text (local.get $batch) (i32.const 4096))
(i32.const 240)
