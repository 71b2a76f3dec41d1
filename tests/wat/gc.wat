;; Garbage collection.
== MORE
(type $pair (struct (field i32) (field i32)))
(func (result (ref $pair)) (struct.new $pair (i32.const 1) (i32.const 2)))
