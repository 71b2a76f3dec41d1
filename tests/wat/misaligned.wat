;; Answers a pointer that is out of line.
== EXPORT
(i32.const 242)
