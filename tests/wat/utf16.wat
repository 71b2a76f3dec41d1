;; Its text is UTF-16.
== LIFTED
string-encoding=utf16
