//! What whoever runs spangate sees of an exporter that misbehaves: exit codes, readiness, standard error. How each of them
//! is stopped is the zoo's to show.

use anyhow::Result;
use prost::Message;
use spangate_tests::{Collector, Ports, Spangate, Status, exporter_to, get, guest, post, samples, wait_until};

/// One healthy exporter and one bad one, behind one receiver.
struct Scene {
    spangate: Spangate,
    receiver: String,
    admin: u16,
    sink: Collector,
}

const REQUESTS: u64 = 5;
const ROWS: u64 = REQUESTS * 6;

impl Scene {
    fn with(fault: &str) -> Result<Self> {
        let sink = Collector::start();
        let (ports, url) = (Ports::free(), sink.url());
        let config = format!(
            r#"
            {tables}
            [batch]
            schedule_delay = "20ms"
            max_export_batch_size = 6
            [shutdown]
            deadline = "2s"
            {healthy}
            required = true
            [exporters.bad]
            component = "{faulty}"
            [exporters.bad.retry]
            initial = "10ms"
            max = "50ms"
            [exporters.bad.limits]
            fuel_per_batch = 200_000_000
            deadline = "1s"
            memory = "16MiB"
            cpu_share = 1.0
            [exporters.bad.grants.http]
            allow = ["{url}"]
            [exporters.bad.settings]
            fault = "{fault}"
            "#,
            tables = ports.tables(),
            healthy = exporter_to(&url, "healthy", "builtin:otlp"),
            faulty = guest("faulty").display(),
        );
        let spangate = Spangate::run(&config, ports.admin)?;
        Ok(Self { spangate, receiver: ports.traces(), admin: ports.admin, sink })
    }

    /// Sends requests, and waits until the healthy exporter has delivered all of them.
    fn send(&self) -> Result<()> {
        let body = samples::every_span_field(2).encode_to_vec();
        for _ in 0..REQUESTS {
            let (status, answer) = post(&self.receiver, &[("content-type", "application/x-protobuf")], &body)?;
            anyhow::ensure!(status == 200, "{status} {answer}");
        }
        wait_until("the healthy exporter", || (self.status().rows("healthy", "delivered") == ROWS).then_some(()));
        Ok(())
    }

    fn status(&self) -> Status {
        Status::ask(self.admin)
    }

    /// Drains: what the bad exporter never delivered is lost and told, exit code 3.
    fn expect_end(self, said: &str) -> Result<()> {
        let (status, log) = self.spangate.server.terminate()?;
        assert_eq!(status.code(), Some(3), "{log}");
        assert!(log.contains(said), "the log does not say {said}:\n{log}");
        Ok(())
    }
}

#[test]
fn a_guest_that_faults_on_every_batch_goes_into_quarantine_and_readiness_stays_true() -> Result<()> {
    let scene = Scene::with("trap")?;
    scene.send()?;
    wait_until("the quarantine", || (scene.status().exporter("bad")["state"] == "quarantined").then_some(()));
    let (ready, reasons) = get(&format!("http://127.0.0.1:{}/readyz", scene.admin))?;
    assert_eq!(ready, 200, "an exporter that is not required does not make the agent unready: {reasons}");
    assert!(!scene.sink.received().is_empty());
    scene.expect_end("quarantine")
}

#[test]
fn a_guest_that_floods_the_log_is_cut_short_and_the_flood_counted() -> Result<()> {
    let scene = Scene::with("log_flood")?;
    scene.send()?;
    let log = wait_until("the count of suppressed lines", || {
        let log = scene.spangate.server.log();
        log.contains("log lines suppressed").then_some(log)
    });
    let lines = log.lines().filter(|line| line.contains("flood")).count();
    assert!(lines < 2_000, "{lines} lines of a flood of twenty thousand");
    assert!(!log.contains('\u{7}') && !log.contains("\u{1b}[2J"), "control characters reach the terminal");
    assert!(!log.lines().any(|line| line.starts_with("WARN forged")), "a line that the guest forged");
    scene.status().assert_accounted();
    Ok(())
}

#[test]
fn a_guest_that_loops_while_it_is_configured_is_refused_and_nothing_starts() -> Result<()> {
    let error = Scene::with("spin_configure").err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(error.contains("out_of_fuel") || error.contains("deadline_exceeded"), "{error}");
    assert!(error.contains("exporters.bad"), "the message does not name the exporter: {error}");
    Ok(())
}
