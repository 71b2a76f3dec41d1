;; Sets timers without end, and drops none.
== IMPORTS
(import "wasi:io/poll@0.2.0" (instance $poll-api
  (export "pollable" (type $pollable (sub resource)))))
(alias export $poll-api "pollable" (type $pollable))
(import "wasi:clocks/monotonic-clock@0.2.0" (instance $timer-api
  (alias outer 1 $pollable (type $outer-pollable))
  (export "pollable" (type $pollable (eq $outer-pollable)))
  (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
== LOWERED
(core func $timer (canon lower (func $timer-api "subscribe-duration")))
== GIVEN
(export "timer" (func $timer))
== TAKEN
(import "env" "timer" (func $timer (param i64) (result i32)))
== EXPORT
(loop $again (drop (call $timer (i64.const -1))) (br $again))
(unreachable)
