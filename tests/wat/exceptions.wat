;; Exceptions.
== MORE
(tag $oops)
(func (throw $oops))
