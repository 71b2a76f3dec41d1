;; Answers as it should, and then never gives back what it answered with.
== MORE
(func (export "post") (param i32) (loop $again (br $again)))
== LIFTED
(post-return (core func $main "post"))
