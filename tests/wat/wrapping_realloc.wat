;; Hands out the last address there is for its settings.
== REALLOC
(i32.const -1)
