;; No component at all.
(module (func (export "export-spans")))
