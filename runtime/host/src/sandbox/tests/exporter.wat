;; A component with an exporter of spans in it, with holes: NAME=DEFAULT in angle brackets, filled by holes.rs.
;;
;; Memory: the description at 64, a result without error at 200, an outcome at 240 (accepted while all zero), free from
;; 4096 on; what the host allocates begins at 8192. Holes:
;;
;; PAGES      pages of memory at the start
;; EXPORT     (param $batch i32) (result i32) (local $i i32): answers where the outcome is
;; DESCRIBE   (result i32)
;; CONFIGURE  (param $settings i32) (param $length i32) (result i32)
;; FLUSH      (result i32)
;; SHUTDOWN   no result
;; MORE       functions, globals, data
;; HEAP       functions, globals, tables beside REALLOC
;; REALLOC    (param i32 i32 i32 i32) (result i32) (local $start i32), with the global $next
;; LIFTED     component level: options of the lifted export
;; IMPORTS    component level: further imports
;; LOWERED    component level: core functions of what IMPORTS brought
;; GIVEN      core exports of the instance that the module imports as "env"
;; TAKEN      core imports from "env"
(component
  (import "spangate:exporter/batch@0.1.0" (instance $batch-api
    (export "batch" (type $batch (sub resource)))
    (export "payload" (type $payload (sub resource)))
    (type $partial-record (record (field "rejected" u32) (field "rejected-rows" (list u32))
      (field "retry-rows" (list u32)) (field "delay-ms" (option u32)) (field "reason" string)))
    (export "partial" (type $partial (eq $partial-record)))
    (type $retry-record (record (field "delay-ms" (option u32)) (field "reason" string)))
    (export "retry" (type $retry (eq $retry-record)))
    (type $outcome-variant (variant (case "accepted") (case "partial" $partial) (case "retry-after" $retry)
      (case "rejected" string)))
    (export "outcome" (type $outcome (eq $outcome-variant)))
    (type $encoding-enum (enum "protobuf" "json"))
    (export "encoding" (type $encoding (eq $encoding-enum)))
    (type $compression-enum (enum "identity" "gzip"))
    (export "compression" (type $compression (eq $compression-enum)))
    (type $framing-enum (enum "plain" "grpc"))
    (export "framing" (type $framing (eq $framing-enum)))
    (type $form-record (record (field "encoding" $encoding) (field "compression" $compression)
      (field "framing" $framing)))
    (export "payload-form" (type $form (eq $form-record)))
    (export "[method]batch.len" (func (param "self" (borrow $batch)) (result u32)))
    (export "[method]batch.text" (func (param "self" (borrow $batch)) (result string)))
    (export "[method]batch.to-payload"
      (func (param "self" (borrow $batch)) (param "form" $form) (result (own $payload))))
    (export "[method]payload.len" (func (param "self" (borrow $payload)) (result u64)))))
  (alias export $batch-api "batch" (type $batch))
  (alias export $batch-api "payload" (type $payload))
  (alias export $batch-api "outcome" (type $outcome))
  (import "spangate:exporter/log@0.1.0" (instance $log-api
    (type $level-enum (enum "trace" "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $level-enum)))
    (export "log" (func (param "level" $level) (param "message" string)))))
  (import "spangate:exporter/clock@0.1.0" (instance $clock-api (export "now" (func (result u64)))))
  <IMPORTS=>

  (core module $heap-module
    (memory (export "memory") <PAGES=2>)
    (global $next (mut i32) (i32.const 8192))
    <HEAP=>
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $start i32)
      <REALLOC=(local.set $start (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $start) (local.get 3)))
      (local.get $start)>))
  (core instance $heap (instantiate $heap-module))
  (alias core export $heap "memory" (core memory $memory))
  (alias core export $heap "realloc" (core func $realloc))

  (core func $len (canon lower (func $batch-api "[method]batch.len")))
  (core func $text (canon lower (func $batch-api "[method]batch.text") (memory $memory) (realloc $realloc)))
  (core func $to-payload (canon lower (func $batch-api "[method]batch.to-payload")))
  (core func $payload-len (canon lower (func $batch-api "[method]payload.len")))
  (core func $drop-batch (canon resource.drop $batch))
  (core func $log (canon lower (func $log-api "log") (memory $memory)))
  (core func $now (canon lower (func $clock-api "now")))
  <LOWERED=>

  (core module $main-module
    (import "env" "memory" (memory 0))
    (import "env" "len" (func $len (param i32) (result i32)))
    (import "env" "text" (func $text (param i32 i32)))
    (import "env" "to-payload" (func $to-payload (param i32 i32 i32 i32) (result i32)))
    (import "env" "payload-len" (func $payload-len (param i32) (result i64)))
    (import "env" "drop-batch" (func $drop-batch (param i32)))
    (import "env" "log" (func $log (param i32 i32 i32)))
    (import "env" "now" (func $now (result i64)))
    <TAKEN=>
    (data (i32.const 64) "\00\04\00\00\04\00\00\00" "\10\04\00\00\01\00\00\00" "\20\04\00\00\01\00\00\00")
    (data (i32.const 1024) "test")
    (data (i32.const 1040) "1")
    (data (i32.const 1056) "\30\04\00\00\05\00\00\00")
    (data (i32.const 1072) "spans")
    (global $calls (mut i32) (i32.const 0))
    (global $kept (mut i32) (i32.const 0))
    <MORE=>
    (func $export (export "export") (param $batch i32) (result i32)
      (local $i i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      <EXPORT=(call $drop-batch (local.get $batch)) (i32.const 240)>)
    (func (export "describe") (result i32) <DESCRIBE=(i32.const 64)>)
    (func (export "configure") (param $settings i32) (param $length i32) (result i32) <CONFIGURE=(i32.const 200)>)
    (func (export "flush") (result i32) <FLUSH=(i32.const 200)>)
    (func (export "shutdown") <SHUTDOWN=>))
  (core instance $main (instantiate $main-module (with "env" (instance
    (export "memory" (memory $memory))
    (export "len" (func $len))
    (export "text" (func $text))
    (export "to-payload" (func $to-payload))
    (export "payload-len" (func $payload-len))
    (export "drop-batch" (func $drop-batch))
    (export "log" (func $log))
    (export "now" (func $now))
    <GIVEN=>))))

  (type $description-record (record (field "name" string) (field "version" string) (field "signals" (list string))
    (field "event-names" (list string)) (field "reads" (list string)) (field "max-batch-size" (option u32))
    (field "max-batch-bytes" (option u32)) (field "tick-interval-ms" (option u32))))
  (export $description "description" (type $description-record))
  (type $setting-error-record (record (field "path" string) (field "message" string)))
  (export $setting-error "setting-error" (type $setting-error-record))
  (func $describe (result $description) (canon lift (core func $main "describe") (memory $memory)))
  (func $configure (param "settings" string) (result (result (error (list $setting-error))))
    (canon lift (core func $main "configure") (memory $memory) (realloc $realloc)))
  (func $flush (result (result (error string))) (canon lift (core func $main "flush") (memory $memory)))
  (func $shutdown (canon lift (core func $main "shutdown")))
  (instance $lifecycle
    (export "description" (type $description)) (export "setting-error" (type $setting-error))
    (export "describe" (func $describe)) (export "configure" (func $configure))
    (export "flush" (func $flush)) (export "shutdown" (func $shutdown)))
  (export "spangate:exporter/lifecycle@0.1.0" (instance $lifecycle))
  (func $export-spans (param "batch" (own $batch)) (result $outcome)
    (canon lift (core func $main "export") (memory $memory) <LIFTED=>))
  (instance $spans (export "export-spans" (func $export-spans)))
  (export "spangate:exporter/span-exporter@0.1.0" (instance $spans)))
