;; Its data begins outside of its memory.
== MORE
(data (i32.const 0x20000) "too far")
