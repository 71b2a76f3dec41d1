;; A memory of 64-bit addresses.
== LOWERED
(core module (memory i64 1))
