;; Counts under 4,000 labels that are all the same megabyte of text.
== PAGES
40
== IMPORTS
(import "spangate:exporter/metrics@0.1.0" (instance $metrics-api
  (type $pair (tuple string string))
  (type $pairs (list $pair))
  (export "labels" (type $labels (eq $pairs)))
  (export "counter-add" (func (param "name" string) (param "labels" $labels) (param "value" u64)))))
== LOWERED
(core func $count (canon lower (func $metrics-api "counter-add") (memory $memory)))
== GIVEN
(export "count" (func $count))
== TAKEN
(import "env" "count" (func $count (param i32 i32 i32 i32 i64)))
== EXPORT
(memory.fill (i32.const 0x100000) (i32.const 0x61) (i32.const 0x100000))
(local.set $i (i32.const 0x10000))
(loop $again
  (i32.store (local.get $i) (i32.const 0x100000))
  (i32.store offset=4 (local.get $i) (i32.const 0x100000))
  (local.set $i (i32.add (local.get $i) (i32.const 8)))
  (br_if $again (i32.lt_u (local.get $i) (i32.const 0x20000))))
(call $count (i32.const 1024) (i32.const 4) (i32.const 0x10000) (i32.const 4000) (i64.const 1))
(i32.const 240)
