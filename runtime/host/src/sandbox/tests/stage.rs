//! A component with holes, a batch, and a sandbox to run them in.

use std::{
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use bytes::Bytes;
use spangate_core::{
    batch::{Batch, BatchId},
    columns::ColumnsBuilder,
    exporter::{ExportError, ExportOutcome, Exporter, Fault, FaultKind},
    signal::Signal,
};

use super::super::{LoadError, Sandbox, SandboxExporter, TerminalSink, metered::thread_cpu_time};
use crate::{
    config,
    telemetry::{Log, LogRecord, LogSink},
};

/// A component with an exporter of spans in it. Each field is core WebAssembly text.
///
/// Memory: `description` at 64, a result without error at 200, an outcome at 240 (accepted while all zero), free from
/// 4096 on. `$realloc` never frees.
pub(super) struct Guest {
    /// Pages of memory at the start.
    pub(super) pages: u32,
    /// `(param $batch i32) (result i32)`
    pub(super) export: &'static str,
    /// `(result i32)`
    pub(super) describe: &'static str,
    /// `(param $settings i32) (param $length i32) (result i32)`
    pub(super) configure: &'static str,
    /// `(result i32)`
    pub(super) flush: &'static str,
    /// No result.
    pub(super) shutdown: &'static str,
    /// Functions, globals, data.
    pub(super) more: &'static str,
    /// Component level: further imports.
    pub(super) imports: &'static str,
    /// Component level: `canon lower` of what `imports` brought, as core functions.
    pub(super) lowered: &'static str,
    /// Core exports of the instance that the module imports as `env`: of what `lowered` made.
    pub(super) given: &'static str,
    /// Core imports from `env`.
    pub(super) taken: &'static str,
}

impl Default for Guest {
    fn default() -> Self {
        Self {
            pages: 2,
            export: "(call $drop-batch (local.get $batch)) (i32.const 240)",
            describe: "(i32.const 64)",
            configure: "(i32.const 200)",
            flush: "(i32.const 200)",
            shutdown: "",
            more: "",
            imports: "",
            lowered: "",
            given: "",
            taken: "",
        }
    }
}

impl Guest {
    /// A guest whose export runs `body`.
    pub(super) fn exporting(body: &'static str) -> Self {
        Self { export: body, ..Self::default() }
    }

    /// The component's bytes.
    pub(super) fn bytes(&self) -> Bytes {
        let mut text = TEMPLATE.to_owned();
        let pages = self.pages.to_string();
        for (hole, filling) in [
            ("PAGES", pages.as_str()),
            ("EXPORT", self.export),
            ("DESCRIBE", self.describe),
            ("CONFIGURE", self.configure),
            ("FLUSH", self.flush),
            ("SHUTDOWN", self.shutdown),
            ("MORE", self.more),
            ("IMPORTS", self.imports),
            ("LOWERED", self.lowered),
            ("GIVEN", self.given),
            ("TAKEN", self.taken),
        ] {
            text = text.replace(&format!("<{hole}>"), filling);
        }
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}")).into()
    }
}

const TEMPLATE: &str = r#"(component
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
  <IMPORTS>

  (core module $heap-module
    (memory (export "memory") <PAGES>)
    (global $next (mut i32) (i32.const 8192))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $start i32)
      (local.set $start (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.set $next (i32.add (local.get $start) (local.get 3)))
      (local.get $start)))
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
  <LOWERED>

  (core module $main-module
    (import "env" "memory" (memory 0))
    (import "env" "len" (func $len (param i32) (result i32)))
    (import "env" "text" (func $text (param i32 i32)))
    (import "env" "to-payload" (func $to-payload (param i32 i32 i32 i32) (result i32)))
    (import "env" "payload-len" (func $payload-len (param i32) (result i64)))
    (import "env" "drop-batch" (func $drop-batch (param i32)))
    (import "env" "log" (func $log (param i32 i32 i32)))
    (import "env" "now" (func $now (result i64)))
    <TAKEN>
    (data (i32.const 64) "\00\04\00\00\04\00\00\00" "\10\04\00\00\01\00\00\00" "\20\04\00\00\01\00\00\00")
    (data (i32.const 1024) "test")
    (data (i32.const 1040) "1")
    (data (i32.const 1056) "\30\04\00\00\05\00\00\00")
    (data (i32.const 1072) "spans")
    (global $calls (mut i32) (i32.const 0))
    (global $kept (mut i32) (i32.const 0))
    <MORE>
    (func $export (export "export") (param $batch i32) (result i32)
      (local $i i32)
      (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
      <EXPORT>)
    (func (export "describe") (result i32) <DESCRIBE>)
    (func (export "configure") (param $settings i32) (param $length i32) (result i32) <CONFIGURE>)
    (func (export "flush") (result i32) <FLUSH>)
    (func (export "shutdown") <SHUTDOWN>))
  (core instance $main (instantiate $main-module (with "env" (instance
    (export "memory" (memory $memory))
    (export "len" (func $len))
    (export "text" (func $text))
    (export "to-payload" (func $to-payload))
    (export "payload-len" (func $payload-len))
    (export "drop-batch" (func $drop-batch))
    (export "log" (func $log))
    (export "now" (func $now))
    <GIVEN>))))

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
    (canon lift (core func $main "export") (memory $memory)))
  (instance $spans (export "export-spans" (func $export-spans)))
  (export "spangate:exporter/span-exporter@0.1.0" (instance $spans)))"#;

/// Keeps what was said.
#[derive(Default)]
pub(super) struct Lines(pub(super) Mutex<Vec<String>>, Blocked);

/// How many threads are blocked, and whether they may go on.
#[derive(Default)]
struct Blocked(Mutex<(u32, bool)>, Condvar);

impl LogSink for Lines {
    /// The host's defects, as a guest may come upon them: a line that makes it panic, one that takes its
    /// time, and one that takes its thread.
    fn log(&self, record: &LogRecord<'_>) {
        let message = record.message.to_string();
        assert_ne!(message, "panic");
        if message == "burns" {
            let started = thread_cpu_time();
            while thread_cpu_time() - started < Duration::from_millis(40) {}
        }
        if message == "block" {
            let mut blocked = self.1.0.lock().unwrap();
            blocked.0 += 1;
            let _open = self.1.1.wait_while(blocked, |(_, is_open)| !*is_open).unwrap();
            return;
        }
        self.0.lock().unwrap().push(format!("{}: {}", record.target, record.message));
    }
}

impl Lines {
    /// Threads that are blocked, or were.
    pub(super) fn blocked(&self) -> u32 {
        self.1.0.lock().unwrap().0
    }

    /// Lets blocked threads go.
    pub(super) fn unblock(&self) {
        self.1.0.lock().unwrap().1 = true;
        self.1.1.notify_all();
    }

    pub(super) fn has(&self, part: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.contains(part))
    }
}

struct NoTerminal;

impl TerminalSink for NoTerminal {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, _: &str) {}
}

/// A sandbox with a cache of its own.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) lines: Arc<Lines>,
    pub(super) config: config::Exporter,
    _cache: tempfile::TempDir,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::with_terminal(Arc::new(NoTerminal))
    }

    pub(super) fn with_terminal(terminal: Arc<dyn TerminalSink>) -> Self {
        Self::with(config::Sandbox::default(), terminal)
    }

    /// Where instances that have nothing to do are dropped after so long.
    pub(super) fn idling(idle_timeout: Duration) -> Self {
        Self::with(config::Sandbox { idle_timeout, ..config::Sandbox::default() }, Arc::new(NoTerminal))
    }

    /// With so many threads, and a core for each.
    pub(super) fn with_threads(threads: usize) -> Self {
        let config = config::Sandbox { threads, cpu_share: threads as f64, ..config::Sandbox::default() };
        Self::with(config, Arc::new(NoTerminal))
    }

    fn with(config: config::Sandbox, terminal: Arc<dyn TerminalSink>) -> Self {
        let cache = tempfile::tempdir().unwrap();
        let lines = Arc::new(Lines::default());
        let config = config::Sandbox { cache_dir: Some(cache.path().join("spangate")), ..config };
        let sandbox = Sandbox::new(&config, Log::new(lines.clone()), terminal).unwrap();
        Self { sandbox, lines, config: exporter_config(), _cache: cache }
    }

    pub(super) async fn try_load(&self, guest: &Guest) -> Result<Arc<SandboxExporter>, LoadError> {
        self.sandbox.load("billing", guest.bytes(), &self.config).await
    }

    pub(super) async fn load(&self, guest: &Guest) -> Arc<SandboxExporter> {
        self.try_load(guest).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Loads `guest` and has it export one batch.
    pub(super) async fn export(&self, guest: &Guest) -> Result<ExportOutcome, ExportError> {
        self.load(guest).await.export(batch(3), 1).await
    }

    /// The fault that `guest` ends in when it exports a batch.
    pub(super) async fn fault(&self, guest: &Guest) -> Fault {
        match self.export(guest).await {
            Err(ExportError::Fault(fault)) => fault,
            other => panic!("no fault: {other:?}"),
        }
    }

    pub(super) async fn expect_fault(&self, guest: &Guest, kind: FaultKind) {
        let fault = self.fault(guest).await;
        assert_eq!(fault.kind, kind, "{fault}");
    }
}

/// Ordinary settings, and all of a core.
pub(super) fn exporter_config() -> config::Exporter {
    config::Exporter {
        limits: config::Limits { cpu_share: 8.0, ..config::Limits::default() },
        ..config::Exporter::new(config::Component::Builtin("test".into()))
    }
}

/// A batch of `rows` spans named `checkout`.
pub(super) fn batch(rows: u32) -> Arc<Batch> {
    let n = rows as usize;
    let mut columns = ColumnsBuilder { text: "checkout".into(), ..ColumnsBuilder::default() };
    let spans = &mut columns.spans;
    spans.trace_id = vec![1; 16 * n];
    spans.span_id = vec![2; 8 * n];
    spans.parent_span_id = vec![0; 8 * n];
    spans.name = [0, 8].repeat(n);
    for column in [&mut spans.trace_state, &mut spans.start_time, &mut spans.end_time, &mut spans.status_message] {
        *column = vec![0; 2 * n];
    }
    for column in [&mut spans.flags, &mut spans.dropped_attributes, &mut spans.dropped_events, &mut spans.dropped_links]
    {
        *column = vec![0; n];
    }
    spans.scope = vec![0; n];
    spans.event_end = vec![0; n];
    spans.link_end = vec![0; n];
    spans.kind = vec![1; n];
    spans.status_code = vec![0; n];
    columns.attributes[0].end = vec![0; n];
    columns.scopes.name = vec![0; 2];
    columns.scopes.version = vec![0; 2];
    columns.scopes.schema_url = vec![0; 2];
    columns.scopes.dropped_attributes = vec![0];
    columns.scopes.resource = vec![0];
    columns.resources.schema_url = vec![0; 2];
    columns.resources.dropped_attributes = vec![0];
    columns.attributes[3].end = vec![0];
    columns.attributes[4].end = vec![0];
    Arc::new(Batch::recorded(BatchId([7; 16]), Signal::Spans, columns.freeze(), Arc::new([])))
}
