;; Wants something that nobody knows, under a name that is longer than a line.
== IMPORTS
(import "acme-forged-line:ledger/all-the-keys-of-the-house@1.0.0" (instance))
