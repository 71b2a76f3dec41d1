;; Wants a gibibyte before it begins.
== PAGES
16384
