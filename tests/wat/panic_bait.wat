;; Says what makes the log of the test panic.
== MORE
(data (i32.const 4096) "make the host panic")
== EXPORT
(call $log (i32.const 2) (i32.const 4096) (i32.const 19))
(i32.const 240)
