;; Writes and copies its whole memory for ever: one instruction each.
== PAGES
160
== EXPORT
(loop $again
  (memory.fill (i32.const 8192) (i32.const 0xa5) (i32.const 0x400000))
  (memory.copy (i32.const 0x500000) (i32.const 8192) (i32.const 0x400000))
  (br $again))
(unreachable)
