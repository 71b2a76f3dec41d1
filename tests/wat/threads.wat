;; Shared memory.
== LOWERED
(core module (memory 1 1 shared))
