;; Wants an interface of the contract that this host does not have.
== IMPORTS
(import "spangate:exporter/sockets@0.1.0" (instance))
