;; Two modules with a memory each.
== LOWERED
(core module $other (memory 1))
(core instance (instantiate $other))
