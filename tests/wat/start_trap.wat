;; Ends before it is asked anything.
== MORE
(func $begin (unreachable))
(start $begin)
