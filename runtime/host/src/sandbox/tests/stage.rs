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

use super::{
    super::{LoadError, Sandbox, SandboxExporter, TerminalSink, metered::thread_cpu_time},
    holes::fill,
};
use crate::{
    config,
    telemetry::{Log, LogRecord, LogSink},
};

/// A component with an exporter of spans in it: `exporter.wat`, each field what goes into the hole of its name. An empty
/// one leaves the hole's default.
#[derive(Default)]
pub(super) struct Guest {
    /// Pages of memory at the start; 0 for those of the template.
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
    /// Functions, globals and tables beside `realloc`.
    pub(super) heap: &'static str,
    /// Body of `realloc`, which is given the old start, the old length, the alignment and the length.
    pub(super) realloc: &'static str,
    /// Component level: options of the lifted export, such as `(post-return $post)`.
    pub(super) lifted: &'static str,
    /// Component level: further imports.
    pub(super) imports: &'static str,
    /// Component level: `canon lower` of what `imports` brought, as core functions.
    pub(super) lowered: &'static str,
    /// Core exports of the instance that the module imports as `env`: of what `lowered` made.
    pub(super) given: &'static str,
    /// Core imports from `env`.
    pub(super) taken: &'static str,
}

impl Guest {
    /// A guest whose export runs `body`.
    pub(super) fn exporting(body: &'static str) -> Self {
        Self { export: body, ..Self::default() }
    }

    /// The component's bytes.
    pub(super) fn bytes(&self) -> Bytes {
        let pages = if self.pages == 0 { String::new() } else { self.pages.to_string() };
        let text = fill(|hole| match hole {
            "PAGES" => &pages,
            "EXPORT" => self.export,
            "DESCRIBE" => self.describe,
            "CONFIGURE" => self.configure,
            "FLUSH" => self.flush,
            "SHUTDOWN" => self.shutdown,
            "MORE" => self.more,
            "HEAP" => self.heap,
            "REALLOC" => self.realloc,
            "LIFTED" => self.lifted,
            "IMPORTS" => self.imports,
            "LOWERED" => self.lowered,
            "GIVEN" => self.given,
            "TAKEN" => self.taken,
            _ => panic!("a hole that no field fills: {hole}"),
        });
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}")).into()
    }
}

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
