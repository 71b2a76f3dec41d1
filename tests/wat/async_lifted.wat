;; A lifted function that returns before it is done.
== LOWERED
(core module $later-module (func (export "later")))
(core instance $later (instantiate $later-module))
(func (canon lift (core func $later "later") async))
