;; Tail calls.
== MORE
(func $again (return_call $again))
