;; Its text is Latin-1 or UTF-16.
== LIFTED
string-encoding=latin1+utf16
