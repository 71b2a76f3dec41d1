;; Loops in each other that share locals: a few kilobytes, minutes for a compiler.
== MORE
(func $dear (local i64 i64 i64 i64 i64 i64 i64 i64)
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(loop (loop (loop (loop (loop (loop (loop (loop (loop (loop
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
(br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0))) (br_if 0 (i32.const 0)))
)
