;; Refuses its settings for half a million reasons, all of them the same 4 KiB.
== PAGES
130
== CONFIGURE
(local.set $settings (i32.const 65536))
(loop $again
  (i32.store (local.get $settings) (i32.const 4096))
  (i32.store offset=4 (local.get $settings) (i32.const 4096))
  (i32.store offset=8 (local.get $settings) (i32.const 4096))
  (i32.store offset=12 (local.get $settings) (i32.const 4096))
  (local.set $settings (i32.add (local.get $settings) (i32.const 16)))
  (br_if $again (i32.lt_u (local.get $settings) (i32.const 8454144))))
(i32.store8 (i32.const 200) (i32.const 1))
(i32.store (i32.const 204) (i32.const 65536))
(i32.store (i32.const 208) (i32.const 524288))
(i32.const 200)
