;; Calls itself what would be an escape sequence, a second line, a secret's place and a right-to-left mark.
== MORE
(data (i32.const 4096) "good\0aWARN forged\1b[2J\e2\80\ae\e2\80\a8${env:HOME}")
== DESCRIBE
(i32.store (i32.const 64) (i32.const 4096)) (i32.store (i32.const 68) (i32.const 37))
(i32.store (i32.const 72) (i32.const 4096)) (i32.store (i32.const 76) (i32.const 37))
(i32.const 64)
