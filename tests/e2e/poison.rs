//! One span that makes an exporter panic costs itself; an exporter that panics at everything costs no span a verdict.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;
use serde_json::Value;
use spangate::{
    Runtime,
    status::{ExporterStatus, Status},
    telemetry::{LogRecord, LogSink},
};
use spangate_tests::{Ports, get, guest, post, wait_until};
use tempfile::TempDir;

/// What the host said about the exporter, and what the exporter said itself.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    fn log(&self, record: &LogRecord<'_>) {
        if record.target.starts_with("picky") {
            self.0.lock().expect("a log").push(format!("{}: {}", record.target, record.message));
        }
    }
}

/// A runtime in this process with one exporter that commits `fault`.
struct Scene {
    runtime: Runtime,
    dir: TempDir,
    ports: Ports,
    lines: Arc<Lines>,
}

impl Scene {
    fn with(fault: &str, lines_of_config: &str) -> Result<Self> {
        let (dir, ports) = (TempDir::new()?, Ports::free());
        let text = format!(
            r#"
            {tables}
            [exporters.picky]
            component = "{faulty}"
            [exporters.picky.retry]
            initial = "20ms"
            [exporters.picky.limits]
            cpu_share = 1.0
            [exporters.picky.dead_letter]
            dir = "{dir}"
            [exporters.picky.grants.http]
            allow = ["http://127.0.0.1:9"]
            [exporters.picky.settings]
            fault = "{fault}"
            {lines_of_config}
            "#,
            tables = ports.tables(),
            faulty = guest("faulty").display(),
            dir = dir.path().join("letters").display(),
        );
        let lines = Arc::new(Lines::default());
        let runtime = Runtime::builder().toml(text).log(lines.clone()).start()?;
        Ok(Self { runtime, dir, ports, lines })
    }

    /// Records so many spans, those at `booms` under the name that the guest cannot take.
    fn record(&self, count: usize, booms: &[usize]) {
        let tracer = self.runtime.tracer("shop");
        for number in 0..count {
            let name = if booms.contains(&number) { "boom".to_owned() } else { format!("span {number}") };
            tracer.span(name).start().end();
        }
    }

    fn letters(&self) -> String {
        fs::read_to_string(self.dir.path().join("letters/picky.jsonl")).unwrap_or_default()
    }

    fn metric(&self, series: &str) -> Result<Option<u64>> {
        let (_, text) = get(&format!("http://127.0.0.1:{}/metrics", self.ports.admin))?;
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{series} ")));
        Ok(line.and_then(|value| value.parse().ok()))
    }
}

fn picky(status: &Status) -> ExporterStatus {
    assert!(status.intake.is_balanced, "{:?}", status.intake);
    let exporter = status.exporters.first().expect("one exporter").clone();
    assert!(exporter.ledger.is_balanced, "{exporter:?}");
    exporter
}

/// Calls that were made to deliver rows.
fn exports(exporter: &ExporterStatus) -> u64 {
    exporter.attempts.accepted + exporter.attempts.fault
}

#[test]
fn one_span_that_makes_a_guest_panic_is_dead_lettered_within_the_bound_and_the_others_are_delivered() -> Result<()> {
    for (rows, boom) in [(512usize, 77), (512, 511), (100, 0), (2, 1), (3, 1)] {
        let scene = Scene::with("poison_picky", "")?;
        scene.record(rows, &[boom]);
        scene.runtime.flush(Duration::from_secs(20));
        let exporter = picky(&scene.runtime.status());
        let (ledger, all) = (&exporter.ledger, rows as u64);
        assert_eq!((ledger.accepted, ledger.delivered, ledger.dead_lettered), (all, all - 1, 1), "{exporter:?}");
        // Its batch twice, then at most two for each halving, and one to be sure.
        let bound = 2 + 2 * u64::from(rows.next_power_of_two().trailing_zeros()) + 1;
        assert!(exports(&exporter) <= bound, "{} calls for row {boom} of {rows}", exports(&exporter));
        let is_called = matches!(exporter.state.as_str(), "healthy" | "suspect");
        assert!(is_called && exporter.attempts.unavailable == 0, "one span is no crash loop: {exporter:?}");
        let series = "spangate_exporter_rows_dead_lettered_total{exporter=\"picky\"}";
        assert_eq!(scene.metric(series)?, Some(1));
        assert_eq!(
            scene.metric("spangate_exporter_attempts_total{exporter=\"picky\",outcome=\"unavailable\"}")?,
            Some(0)
        );
        let letters = scene.letters();
        let letter: Value = serde_json::from_str(letters.trim_end())?;
        assert_eq!(letter["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"], "boom");
        assert_eq!(letter["spangate"]["fault"]["kind"], "trapped");
        assert!(
            letter["spangate"]["fault"]["detail"].as_str().is_some_and(|told| told.contains("row 0 of 1")),
            "{letter}"
        );
        assert!(scene.runtime.shutdown(Duration::from_secs(5)).is_complete);
    }
    Ok(())
}

#[test]
fn a_dead_letter_is_a_request_that_a_receiver_takes() -> Result<()> {
    let scene = Scene::with("poison_picky", "")?;
    scene.record(4, &[2]);
    scene.runtime.flush(Duration::from_secs(20));
    let letters = scene.letters();
    let (code, answer) =
        post(&scene.ports.traces(), &[("content-type", "application/json")], letters.trim_end().as_bytes())?;
    assert_eq!((code, answer.contains("partialSuccess")), (200, false), "{answer}");
    assert_eq!(scene.runtime.status().intake.received, 1);
    // It makes the guest panic again, and there is something else now that gets through.
    scene.record(1, &[]);
    scene.runtime.flush(Duration::from_secs(20));
    scene.record(1, &[]);
    scene.runtime.flush(Duration::from_secs(20));
    let exporter = picky(&scene.runtime.status());
    assert_eq!((exporter.ledger.delivered, exporter.ledger.dead_lettered), (5, 2), "{exporter:?}");
    assert_eq!(scene.letters().lines().count(), 2);
    Ok(())
}

#[test]
fn several_spans_that_make_a_guest_panic_are_found_among_batches_that_pass() -> Result<()> {
    let scene = Scene::with("poison_picky", "[exporters.picky.queue]\nmax_export_batch_size = 32")?;
    scene.record(256, &[3, 4, 100]);
    scene.runtime.flush(Duration::from_secs(30));
    let exporter = picky(&scene.runtime.status());
    assert_eq!((exporter.ledger.delivered, exporter.ledger.dead_lettered), (253, 3), "{exporter:?}");
    assert_eq!((scene.letters().lines().count(), exporter.ledger.dropped.len()), (3, 0));
    Ok(())
}

#[test]
fn a_guest_that_panics_at_every_batch_is_left_alone_and_no_span_is_judged() -> Result<()> {
    let scene = Scene::with("trap", "[exporters.picky.queue]\nmax_export_batch_size = 10")?;
    scene.record(100, &[]);
    assert!(!scene.runtime.flush(Duration::from_secs(12)).is_complete);
    let state = || picky(&scene.runtime.status());
    let exporter = wait_until("the quarantine", || Some(state()).filter(|exporter| exporter.state == "quarantined"));
    assert_eq!((exporter.ledger.queued, exporter.ledger.dropped.len()), (100, 0), "{exporter:?}");
    assert!(exports(&exporter) <= 10, "{} calls", exports(&exporter));
    assert!(exporter.paused.as_ref().is_some_and(|why| why.contains("fault")), "{:?}", exporter.paused);
    assert_eq!((exporter.ledger.dead_lettered, scene.letters()), (0, String::new()));
    assert!(is_empty(&scene.dir.path().join("letters")), "the folder is there, and nothing in it");
    let report = scene.runtime.shutdown(Duration::from_secs(1));
    assert_eq!((report.lost_rows(), report.waiting_rows()), (100, 0), "{report}");
    let lines = scene.lines.0.lock().expect("a log").clone();
    assert!(lines.len() <= 10, "what the guest says is among them: {lines:#?}");
    let is_quoted = |line: &String| line.starts_with("picky: ") && line.contains("told to panic at a batch of 10 rows");
    assert!(lines.iter().any(is_quoted), "the panic's own words are told: {lines:#?}");
    assert!(!lines.iter().any(|line| line.starts_with("picky.guest")), "and not twice: {lines:#?}");
    Ok(())
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}
