//! A program with sandboxed exporters of its own: no binary, no receiver, the library alone.

use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use spangate::{
    Runtime, StartError, StartProblem,
    config::{self, Surroundings},
    sandbox::{LoadError, TerminalSink},
    status::Status,
    telemetry::{LogRecord, LogSink},
};
use spangate_tests::{Collector, guest, wait_until};

const DEADLINE: Duration = Duration::from_secs(20);

/// What was logged.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn log(&self, record: &LogRecord<'_>) {
        self.0.lock().expect("a log").push(record.message.to_string());
    }
}

fn start(text: &str) -> Result<Runtime, StartError> {
    Runtime::from_toml(text).start()
}

fn otlp(url: &str) -> String {
    format!(
        "[exporters.otlp]\ncomponent = \"builtin:otlp\"\nrequired = true\n[exporters.otlp.grants.http]\n\
         allow = [\"{url}\"]\n[exporters.otlp.settings]\nendpoint = \"{url}\"\n"
    )
}

fn faulty(fault: &str, url: &str) -> String {
    let component = guest("faulty");
    format!(
        "[exporters.bad]\ncomponent = \"{}\"\nretry = {{ initial = \"10ms\", max = \"20ms\" }}\n\
         limits = {{ fuel_per_batch = 200_000_000, deadline = \"1s\", cpu_share = 1.0 }}\n\
         [exporters.bad.grants.http]\nallow = [\"{url}\"]\n[exporters.bad.settings]\nfault = \"{fault}\"\n",
        component.display()
    )
}

fn assert_accounted(status: &Status) {
    assert!(status.intake.is_balanced, "{:?}", status.intake);
    for exporter in &status.exporters {
        assert!(exporter.ledger.is_balanced, "{exporter:?}");
    }
}

#[test]
fn spans_of_a_program_leave_through_a_sandboxed_exporter_and_a_bad_one_costs_only_its_own() {
    let sink = Collector::start();
    let text = otlp(&sink.url()) + &faulty("trap", &sink.url()) + "[resource]\n\"service.name\" = \"shop\"\n";
    let runtime = start(&text).unwrap_or_else(|error| panic!("{error}"));
    let tracer = runtime.tracer("checkout");
    for order in 0..100i64 {
        let parent = tracer.span("order").attribute("order", order).start();
        tracer.span("pay").child_of(&parent).start().end();
    }
    let report = runtime.shutdown(Duration::from_secs(5));
    let status = runtime.status();
    assert_accounted(&status);
    let [bad, good] = status.exporters.as_slice() else { panic!("two exporters, by name") };
    assert_eq!((good.ledger.accepted, good.ledger.delivered), (200, 200));
    assert_eq!((good.state.as_str(), &good.last_fault), ("healthy", &None));
    let cost = good.cost.as_ref().expect("it is metered");
    assert!(cost.fuel > 0 && cost.rows == 200 && cost.fuel_per_row > 0.0, "{cost:?}");
    assert_eq!((bad.ledger.accepted, bad.ledger.delivered), (200, 0));
    assert_eq!(bad.last_fault.as_ref().map(|fault| fault.kind), Some("trapped"));
    assert!(bad.faults["trapped"] > 0);
    assert_eq!(report.dropped_rows(), 200, "{report}");

    let bodies = sink.received().into_iter().map(|received| ExportTraceServiceRequest::decode(received.body));
    let requests: Vec<ExportTraceServiceRequest> = bodies.collect::<Result<_, _>>().expect("OTLP");
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    let scopes = resources.clone().flat_map(|resource| &resource.scope_spans);
    assert_eq!(scopes.clone().map(|scope| scope.spans.len()).sum::<usize>(), 200);
    assert!(scopes.clone().all(|scope| scope.scope.as_ref().is_some_and(|scope| scope.name == "checkout")));
    let has_name = resources.clone().all(|resource| format!("{:?}", resource.resource).contains("shop"));
    assert!(has_name, "the resource of the configuration is on every span");
}

/// Keeps what is written, slowly.
#[derive(Default)]
struct Slow(Mutex<String>);

impl TerminalSink for Slow {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        Some(80)
    }

    fn write(&self, text: &str) {
        std::thread::sleep(Duration::from_millis(20));
        self.0.lock().unwrap().push_str(text);
    }
}

/// Takes nothing until its other end is gone.
struct Stuck(Mutex<mpsc::Receiver<()>>);

impl TerminalSink for Stuck {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, _: &str) {
        let _ = self.0.lock().unwrap().recv();
    }
}

const CONSOLE: &str = "[exporters.console]\ncomponent = \"builtin:console\"\ngrants = { terminal = true }\n";

#[test]
fn what_was_recorded_is_on_the_terminal_when_the_shutdown_returns() {
    let terminal = Arc::new(Slow::default());
    let builder = Runtime::from_toml(CONSOLE);
    let runtime = builder.terminal(terminal.clone()).start().unwrap_or_else(|error| panic!("{error}"));
    let tracer = runtime.tracer("shop");
    for order in 0..1_500 {
        tracer.span(format!("order-{order}-")).start().end();
    }
    assert!(runtime.shutdown(DEADLINE).is_complete);
    let written = terminal.0.lock().unwrap();
    let missing = (0..1_500).filter(|order| !written.contains(&format!("order-{order}-"))).count();
    assert_eq!((missing, runtime.status().exporters[0].sandbox.as_ref().unwrap().terminal_bytes_dropped), (0, 0));
}

#[test]
fn a_terminal_that_takes_nothing_costs_the_other_exporters_nothing() {
    let (end, other_end) = mpsc::sync_channel(0);
    let sink = Collector::start();
    let consoles = CONSOLE.to_owned() + &CONSOLE.replace("console]", "second]");
    let builder = Runtime::from_toml(consoles + &otlp(&sink.url()));
    let builder = builder.builtins(spangate_builtin::component).terminal(Arc::new(Stuck(Mutex::new(other_end))));
    let runtime = builder.start().unwrap_or_else(|error| panic!("{error}"));
    let tracer = runtime.tracer("shop");
    for _ in 0..20 {
        for order in 0..500 {
            tracer.span(format!("order-{order}-{}", "x".repeat(200))).start().end();
        }
        assert!(runtime.flush(DEADLINE).is_complete, "{}", runtime.flush(Duration::ZERO));
    }
    let status = runtime.status();
    assert!(status.exporters.iter().all(|exporter| exporter.ledger.delivered == 10_000), "{status:?}");
    assert!(runtime.shutdown(DEADLINE).is_complete);
    let lost = runtime.metrics();
    for console in ["console", "second"] {
        let series = format!("spangate_exporter_terminal_dropped_bytes_total{{exporter=\"{console}\"}} ");
        let bytes = lost.lines().find_map(|line| line.strip_prefix(&series)).expect("a series");
        assert!(bytes.parse::<u64>().is_ok_and(|bytes| bytes > 1 << 20), "{bytes}");
    }
    drop(end);
}

#[test]
fn a_backend_that_comes_back_gets_everything_that_waited() {
    let is_up = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asked = is_up.clone();
    let sink = Collector::answering(move |_| match asked.load(std::sync::atomic::Ordering::SeqCst) {
        true => http::StatusCode::OK,
        false => http::StatusCode::SERVICE_UNAVAILABLE,
    });
    let text = otlp(&sink.url()) + "[exporters.otlp.retry]\ninitial = \"20ms\"\nmax = \"50ms\"\n";
    let runtime = start(&text).unwrap_or_else(|error| panic!("{error}"));
    runtime.tracer("t").span("one").start().end();
    let report = runtime.flush(Duration::from_millis(500));
    assert_eq!((report.is_complete, report.waiting_rows()), (false, 1));
    assert!(runtime.status().exporters[0].attempts.retry_after > 1);
    is_up.store(true, std::sync::atomic::Ordering::SeqCst);
    assert!(runtime.flush(DEADLINE).is_complete);
    let status = runtime.status();
    assert_eq!(status.exporters[0].ledger.delivered, 1);
    assert_accounted(&status);
}

#[test]
fn every_exporter_that_cannot_be_loaded_is_told_and_nothing_runs() {
    let text = "[exporters.ungranted]\ncomponent = \"builtin:otlp\"\n[exporters.ungranted.settings]\n\
                endpoint = \"http://127.0.0.1:1\"\n[exporters.narrowed]\ncomponent = \"builtin:console\"\n\
                grants = { terminal = true }\nsubscribe = { started_spans = true }\n";
    let error = start(text).expect_err("neither can be run");
    let problems = error.problems();
    assert_eq!(problems.len(), 2, "{error}");
    assert!(matches!(&problems[0], StartProblem::Subscribe { exporter, .. } if exporter == "narrowed"), "{error}");
    let StartProblem::Load { exporter, error: LoadError::NotGranted { import, .. } } = &problems[1] else {
        panic!("{error}")
    };
    assert_eq!(exporter, "ungranted");
    assert!(import.contains("http"), "{import}");
}

#[test]
fn a_secret_that_an_exporter_says_again_is_not_in_the_status_nor_in_the_metrics() {
    let sink = Collector::start();
    let text = faulty("wrong_host", &sink.url()) + "url = \"http://${env:TENANT}.example:9/\"\n";
    let file = Path::new("spangate.toml");
    let variable = |name: &str| (name == "TENANT").then(|| "canary-77c1f0".to_owned());
    let around = Surroundings { file, builtins: &[], variable: &variable, is_file: &|_| true };
    let config = config::parse(text.as_bytes(), &around).unwrap_or_else(|error| panic!("{error}")).config;
    let lines = Arc::new(Lines::default());
    let builder = Runtime::builder().config(config).log(lines.clone());
    let runtime = builder.start().unwrap_or_else(|error| panic!("{error}"));
    runtime.tracer("t").span("one").start().end();
    assert!(runtime.flush(DEADLINE).is_complete);
    let log = || lines.0.lock().expect("a log").join("\n");
    wait_until("the log", || log().contains("${env:TENANT}").then_some(()));
    assert!(!log().contains("canary-77c1f0"), "{}", log());
    let status = runtime.status();
    let refusal = status.exporters[0].last_refusal.as_ref().expect("the request was refused");
    assert!(refusal.reason.contains("${env:TENANT}"), "{refusal:?}");
    assert!(!format!("{status:?}").contains("canary-77c1f0"), "{status:?}");
    assert!(!runtime.metrics().contains("canary-77c1f0"));
}
