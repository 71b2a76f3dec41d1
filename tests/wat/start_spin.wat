;; Loops before it is asked anything.
== MORE
(func $begin (loop $again (br $again)))
(start $begin)
