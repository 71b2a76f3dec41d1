//! Every guest in the sandbox, without pipeline and receivers: the exporters deliver, the faulty guest is stopped for what
//! it does, and what the SDK's views carry is whole.

#[path = "guests/fuel.rs"]
mod fuel;

use std::{
    path::Path,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest};
use prost::Message;
use spangate::{
    config::{self, Surroundings},
    sandbox::{LoadError, Sandbox, SandboxExporter, TerminalSink},
    telemetry::{Log, LogRecord, LogSink},
};
use spangate_core::{
    batch::{Batch, BatchId},
    exporter::{ExportError, ExportOutcome, Exporter, Fault, FaultKind},
    otlp::{ScanLimits, scan},
    signal::Signal,
};
use spangate_tests::{Collector, guest, samples};

/// What guests wrote to the terminal and the log.
#[derive(Default)]
struct Written {
    terminal: Mutex<String>,
    log: Mutex<Vec<String>>,
}

impl TerminalSink for Written {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        Some(80)
    }

    fn write(&self, text: &str) {
        self.terminal.lock().unwrap().push_str(text);
    }
}

impl LogSink for Written {
    fn log(&self, record: &LogRecord<'_>) {
        self.log.lock().unwrap().push(record.message.to_string());
    }
}

struct Stage {
    runtime: tokio::runtime::Runtime,
    sandbox: Sandbox,
    written: Arc<Written>,
    collector: Collector,
    _cache: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let written = Arc::new(Written::default());
        let config = config::Sandbox { cache_dir: Some(cache.path().join("spangate")), ..config::Sandbox::default() };
        let sandbox = Sandbox::new(&config, Log::new(written.clone()), written.clone()).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        Self { runtime, sandbox, written, collector: Collector::start(), _cache: cache }
    }

    /// Loads the component of this name with the http and terminal grants it may import, and these settings.
    fn load(&self, name: &str, settings: &str) -> Arc<SandboxExporter> {
        self.try_load(name, settings).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn try_load(&self, name: &str, settings: &str) -> Result<Arc<SandboxExporter>, LoadError> {
        let bytes = match spangate_builtin::component(name) {
            Some(bytes) => Bytes::from_static(bytes),
            None => std::fs::read(guest(name)).unwrap().into(),
        };
        let grants = match name {
            "console" => "terminal = true".to_owned(),
            _ => format!("http.allow = [\"{}\"]", self.collector.url()),
        };
        let text = format!(
            "[exporters.tested]\ncomponent = \"tested.wasm\"\n\
             limits = {{ fuel_per_batch = 200_000_000, deadline = \"1s\", memory = \"16MiB\", cpu_share = 1.0 }}\n\
             [exporters.tested.grants]\n{grants}\n[exporters.tested.settings]\n{settings}\n"
        );
        let file = Path::new("spangate.toml");
        let around = Surroundings { file, builtins: &[], variable: &|_| None, is_file: &|_| true };
        let document = config::parse(text.as_bytes(), &around).unwrap_or_else(|error| panic!("{error}"));
        let config = &document.config.exporters["tested"];
        self.runtime.block_on(self.sandbox.load("tested", bytes, config))
    }

    fn export(&self, exporter: &SandboxExporter, batch: &Arc<Batch>) -> Result<ExportOutcome, ExportError> {
        self.runtime.block_on(exporter.export(batch.clone(), 1))
    }

    /// Delivers one batch, which must be accepted, and waits for what it writes.
    fn deliver(&self, name: &str, settings: &str, batch: &Arc<Batch>) {
        let exporter = self.load(name, settings);
        assert_eq!(self.export(&exporter, batch), Ok(ExportOutcome::Accepted), "{name}");
        assert_eq!(self.runtime.block_on(exporter.flush()), Ok(()), "{name}");
    }

    fn endpoint(&self, path: &str) -> String {
        format!("endpoint = \"{}{path}\"", self.collector.url())
    }

    /// The faulty guest with this fault and more settings.
    fn try_faulty(&self, fault: &str, more: &str) -> Result<Arc<SandboxExporter>, LoadError> {
        self.try_load("faulty", &format!("fault = \"{fault}\"\n{more}"))
    }

    fn faulty(&self, fault: &str, more: &str) -> Arc<SandboxExporter> {
        self.try_faulty(fault, more).unwrap_or_else(|error| panic!("{fault}: {error}"))
    }

    /// What the faulty guest ends in, by its first or second batch.
    fn fault(&self, fault: &str) -> Fault {
        let exporter = self.faulty(fault, "");
        for _ in 0..2 {
            if let Err(ExportError::Fault(fault)) = self.export(&exporter, &spans()) {
                return fault;
            }
        }
        panic!("{fault} ends in no fault")
    }
}

fn batch(signal: Signal, request: Vec<u8>) -> Arc<Batch> {
    let scanned = scan(signal, request.into(), &ScanLimits::default()).unwrap();
    Arc::new(Batch::received(BatchId([7; 16]), signal, scanned.request, Arc::new([])))
}

fn spans() -> Arc<Batch> {
    batch(Signal::Spans, samples::every_span_field(3).encode_to_vec())
}

fn events() -> Arc<Batch> {
    batch(Signal::Events, samples::every_event_field().encode_to_vec())
}

#[test]
fn otlp_forwards_the_bytes_as_they_came() {
    let stage = Stage::new();
    stage.deliver("otlp", &stage.endpoint(""), &spans());
    stage.deliver("otlp", &stage.endpoint(""), &events());
    let received = stage.collector.received();
    assert_eq!((received[0].path.as_str(), received[1].path.as_str()), ("/v1/traces", "/v1/logs"));
    assert_eq!(received[0].body, samples::every_span_field(3).encode_to_vec());
    assert_eq!(received[1].body, samples::every_event_field().encode_to_vec());
    assert_eq!(received[0].headers["idempotency-key"], "07".repeat(16));
}

#[test]
fn the_sdks_views_carry_every_field() {
    let stage = Stage::new();
    stage.deliver("roundtrip", &stage.endpoint(""), &spans());
    stage.deliver("roundtrip", &stage.endpoint(""), &events());
    let received = stage.collector.received();
    let traces = ExportTraceServiceRequest::decode(received[0].body.clone()).unwrap();
    assert_eq!(traces, samples::every_span_field(3));
    let logs = ExportLogsServiceRequest::decode(received[1].body.clone()).unwrap();
    assert_eq!(logs, samples::every_event_field());
}

#[test]
fn zipkin_posts_an_array_of_spans() {
    let stage = Stage::new();
    stage.deliver("zipkin", &stage.endpoint("/api/v2/spans"), &spans());
    let posted: serde_json::Value = serde_json::from_slice(&stage.collector.received()[0].body).unwrap();
    assert_eq!(posted.as_array().unwrap().len(), 9);
    assert_eq!(posted[0]["tags"]["otel.status_code"], "ERROR");
    assert_eq!(posted[8]["localEndpoint"]["serviceName"], "warehouse");
}

#[test]
fn webhook_posts_a_line_for_each_span_and_event() {
    let stage = Stage::new();
    stage.deliver("webhook", &stage.endpoint("/in"), &spans());
    stage.deliver("webhook", &stage.endpoint("/in"), &events());
    let lines = |index: usize| {
        let body = stage.collector.received()[index].body.clone();
        body.split(|byte| *byte == b'\n')
            .filter(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok())
            .count()
    };
    assert_eq!((lines(0), lines(1)), (9, 4));
}

#[test]
fn console_draws_each_trace_and_event() {
    let stage = Stage::new();
    stage.deliver("console", "", &spans());
    stage.deliver("console", "", &events());
    let drawn = stage.written.terminal.lock().unwrap().clone();
    assert_eq!(drawn.matches("\ntrace ").count() + 1, 9, "{drawn}");
    assert_eq!(drawn.matches("shop.order.").count(), 4, "{drawn}");
    assert!(drawn.contains("× stock unavailable"), "{drawn}");
}

#[test]
fn the_readmes_exporter_is_loaded_and_sends_nothing_if_nothing_is_slow() {
    let stage = Stage::new();
    let settings = format!("url = \"{}\"\nslower_than_ms = 100", stage.collector.url());
    stage.deliver("slow-spans", &settings, &spans());
    assert!(stage.collector.received().is_empty());
}

#[test]
fn each_fault_is_named_for_what_the_guest_does() {
    let stage = Stage::new();
    let expected = [
        ("abort", FaultKind::Trapped),
        ("bad_reply", FaultKind::BadReply),
        ("deep_recursion", FaultKind::Trapped),
        ("memory_bomb", FaultKind::OutOfMemory),
        ("pointer_chase", FaultKind::DeadlineExceeded),
        ("sleep", FaultKind::DeadlineExceeded),
        ("spin", FaultKind::OutOfFuel),
        ("stale_batch", FaultKind::StaleBatch),
        ("trap", FaultKind::Trapped),
    ];
    for (name, kind) in expected {
        let fault = stage.fault(name);
        assert_eq!(fault.kind, kind, "{name}: {fault}");
    }
}

#[test]
fn a_panics_message_and_the_names_of_its_functions_are_told() {
    let fault = Stage::new().fault("trap");
    assert!(fault.detail.contains("told to panic at a batch of 9 rows"), "{fault}");
    assert!(fault.detail.contains("faulty::trap"), "{fault}");
}

#[test]
fn a_guest_that_loops_when_it_is_configured_does_not_load() {
    let stage = Stage::new();
    let error = stage.try_faulty("spin_configure", "").unwrap_err().to_string();
    assert!(error.contains("configure") && error.contains("fuel"), "{error}");
}

#[test]
fn every_nth_call_traps_and_the_others_are_accepted() {
    let stage = Stage::new();
    let exporter = stage.faulty("trap_nth", "nth = 3");
    let outcomes: Vec<_> = (0..3).map(|_| stage.export(&exporter, &spans()).is_ok()).collect();
    assert_eq!(outcomes, [true, true, false]);
}

#[test]
fn a_guest_that_leaks_is_replaced_before_it_is_stopped() {
    let stage = Stage::new();
    let exporter = stage.faulty("leak", "");
    for _ in 0..250 {
        assert_eq!(stage.export(&exporter, &spans()), Ok(ExportOutcome::Accepted));
    }
    let state = exporter.state();
    assert!(state.recycles > 0 && state.faults.is_empty(), "{state:?}");
    assert!(state.cost.memory_peak_bytes <= 16 << 20);
}

#[test]
fn a_flood_of_log_lines_is_held_back_and_cannot_forge_lines() {
    let stage = Stage::new();
    let exporter = stage.faulty("log_flood", "");
    let _ = stage.export(&exporter, &spans());
    let log = stage.written.log.lock().unwrap();
    assert!(log.len() < 200, "{} lines", log.len());
    assert!(log.iter().all(|line| line.len() < 8192 && !line.contains(['\u{1b}', '\r'])), "{log:?}");
    assert!(exporter.state().log_lines_suppressed > 1000);
}

#[test]
fn a_host_that_was_not_granted_is_not_reached() {
    let (stage, forbidden) = (Stage::new(), Collector::start());
    let exporter = stage.faulty("wrong_host", &format!("url = \"{}\"", forbidden.url()));
    let outcome = stage.export(&exporter, &spans());
    assert!(matches!(&outcome, Ok(ExportOutcome::Rejected { reason }) if reason.contains("Denied")), "{outcome:?}");
    assert!(forbidden.received().is_empty());
    assert_eq!(exporter.state().http_denied, 1);
}

#[test]
fn rows_that_a_batch_does_not_have_do_no_harm() {
    let stage = Stage::new();
    let exporter = stage.faulty("bad_reply", "reply = \"rows\"");
    match stage.export(&exporter, &spans()) {
        Ok(ExportOutcome::Partial(partial)) => {
            assert!(partial.rejected <= 9, "{partial:?}");
            assert!(partial.rejected_rows.iter().chain(&partial.retry_rows).all(|row| *row < 9), "{partial:?}");
            assert!(!partial.reason.contains('\u{1b}'));
        }
        Err(ExportError::Fault(fault)) => assert_eq!(fault.kind, FaultKind::BadReply, "{fault}"),
        other => panic!("{other:?}"),
    }
}
