;; Calls the host while it gives back what it answered with.
== MORE
(func (export "post") (param i32) (drop (call $now)))
== LIFTED
(post-return (core func $main "post"))
