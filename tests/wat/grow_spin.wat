;; Asks for more memory than there is, for ever: each time a call into the engine that is denied.
== EXPORT
(loop $again
  (drop (memory.grow (i32.const 0xffff)))
  (br $again))
(unreachable)
