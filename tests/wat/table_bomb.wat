;; Grows a table without end, in great leaps and then in small ones.
== MORE
(table 1 funcref)
== EXPORT
(drop (table.grow (ref.null func) (i32.const 0x7fffffff)))
(loop $again
  (drop (table.grow (ref.null func) (i32.const 1000)))
  (br $again))
(unreachable)
