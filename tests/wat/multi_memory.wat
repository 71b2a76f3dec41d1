;; Two memories, between which texts could be copied for next to no fuel.
== LOWERED
(core module (memory 1) (memory 1))
