;; Asks the clock of WASI for ever, which is not the contract's.
== IMPORTS
(import "wasi:clocks/monotonic-clock@0.2.0" (instance $timer-api (export "now" (func (result u64)))))
== LOWERED
(core func $wasi-now (canon lower (func $timer-api "now")))
== GIVEN
(export "wasi-now" (func $wasi-now))
== TAKEN
(import "env" "wasi-now" (func $wasi-now (result i64)))
== EXPORT
(loop $again (drop (call $wasi-now)) (br $again))
(unreachable)
