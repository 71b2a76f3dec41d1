//! Each misbehaving exporter is stopped, named and counted; a healthy one beside it delivers everything; every span is
//! accounted for.

use anyhow::Result;
use prost::Message;
use spangate_tests::{Collector, Spangate, Status, free_port, get, guest, post, samples, wait_until};

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
    fn with(fault: &str, settings: &str) -> Result<Self> {
        let sink = Collector::start();
        let (http, admin) = (free_port(), free_port());
        let config = format!(
            r#"
            [receivers.otlp_http]
            listen = "127.0.0.1:{http}"
            [admin]
            listen = "127.0.0.1:{admin}"
            [batch]
            schedule_delay = "20ms"
            max_export_batch_size = 6
            [shutdown]
            deadline = "2s"
            [exporters.healthy]
            component = "builtin:otlp"
            required = true
            [exporters.healthy.grants.http]
            allow = ["{url}"]
            [exporters.healthy.settings]
            endpoint = "{url}"
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
            {settings}
            "#,
            url = sink.url(),
            faulty = guest("faulty").display(),
        );
        let spangate = Spangate::run(&config, admin)?;
        Ok(Self { spangate, receiver: format!("http://127.0.0.1:{http}/v1/traces"), admin, sink })
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

    /// Waits until the bad exporter was stopped for `kind`, and checks every place that has to say so.
    fn expect_fault(self, kind: &str) -> Result<()> {
        self.send()?;
        let status = wait_until("the fault", || {
            let status = self.status();
            (status.exporter("bad")["last_fault"]["kind"] == kind).then_some(status)
        });
        let detail = status.exporter("bad")["last_fault"]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(!detail.is_empty(), "a fault without a word for its author");
        assert_eq!(status.rows("bad", "delivered"), 0);
        assert_eq!(status.exporter("healthy")["last_fault"], serde_json::Value::Null);
        status.assert_accounted();
        let (_, metrics) = get(&format!("http://127.0.0.1:{}/metrics", self.admin))?;
        let series = format!("spangate_exporter_faults_total{{exporter=\"bad\",kind=\"{kind}\"}}");
        assert!(metrics.contains(&series), "no {series} in\n{metrics}");
        assert!(!self.sink.received().is_empty());
        self.expect_end(kind)
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
fn a_guest_that_loops_is_stopped_by_its_fuel() -> Result<()> {
    Scene::with("spin", "")?.expect_fault("out_of_fuel")
}

#[test]
fn a_guest_that_loops_on_slow_instructions_is_stopped_by_its_deadline() -> Result<()> {
    Scene::with("pointer_chase", "")?.expect_fault("deadline_exceeded")
}

#[test]
fn a_guest_that_panics_is_stopped_and_its_message_told() -> Result<()> {
    Scene::with("trap", "")?.expect_fault("trapped")
}

#[test]
fn a_guest_that_recurses_without_end_traps() -> Result<()> {
    Scene::with("deep_recursion", "")?.expect_fault("trapped")
}

#[test]
fn a_guest_that_allocates_without_end_is_stopped_at_its_memory_limit() -> Result<()> {
    Scene::with("memory_bomb", "")?.expect_fault("out_of_memory")
}

#[test]
fn a_guest_that_sleeps_in_a_host_call_is_stopped_at_its_deadline() -> Result<()> {
    Scene::with("sleep", "")?.expect_fault("deadline_exceeded")
}

#[test]
fn a_guest_that_keeps_a_batch_cannot_read_it_later() -> Result<()> {
    Scene::with("stale_batch", "")?.expect_fault("stale_batch")
}

#[test]
fn a_guest_whose_answer_breaks_the_contract_is_named_for_it() -> Result<()> {
    Scene::with("bad_reply", "")?.expect_fault("bad_reply")
}

#[test]
fn a_guest_that_calls_a_host_it_was_not_granted_is_refused_and_counted() -> Result<()> {
    let forbidden = Collector::start();
    let scene = Scene::with("wrong_host", &format!("url = \"{}\"", forbidden.url()))?;
    scene.send()?;
    let denied = wait_until("the refusal", || {
        let denied = scene.status().exporter("bad")["http"]["denied"].as_u64();
        denied.filter(|denied| *denied > 0)
    });
    assert!(denied >= 1);
    assert!(forbidden.received().is_empty(), "a request went where it must not");
    scene.status().assert_accounted();
    scene.expect_end("rejected")
}

#[test]
fn a_guest_that_faults_on_every_batch_goes_into_quarantine_and_readiness_stays_true() -> Result<()> {
    let scene = Scene::with("trap", "")?;
    scene.send()?;
    wait_until("the quarantine", || (scene.status().exporter("bad")["state"] == "quarantined").then_some(()));
    let (ready, reasons) = get(&format!("http://127.0.0.1:{}/readyz", scene.admin))?;
    assert_eq!(ready, 200, "an exporter that is not required does not make the agent unready: {reasons}");
    scene.expect_end("quarantine")
}

#[test]
fn a_guest_that_aborts_is_stopped() -> Result<()> {
    Scene::with("abort", "")?.expect_fault("trapped")
}

#[test]
fn a_guest_that_panics_now_and_then_loses_nothing() -> Result<()> {
    // Small batches, so that there are many calls however the requests are joined.
    let scene = Scene::with("trap_nth", "nth = 3\n[exporters.bad.queue]\nmax_export_batch_size = 4")?;
    scene.send()?;
    wait_until("every row of the bad exporter", || (scene.status().rows("bad", "delivered") == ROWS).then_some(()));
    let status = scene.status();
    assert_eq!(status.exporter("bad")["last_fault"]["kind"], "trapped");
    status.assert_accounted();
    let (ended, log) = scene.spangate.server.terminate()?;
    assert!(ended.success(), "{ended}\n{log}");
    Ok(())
}

#[test]
fn a_guest_that_floods_the_log_is_cut_short_and_the_flood_counted() -> Result<()> {
    let scene = Scene::with("log_flood", "")?;
    scene.send()?;
    let log = wait_until("the count of suppressed lines", || {
        let log = scene.spangate.server.log();
        log.contains("log lines suppressed").then_some(log)
    });
    let lines = log.lines().filter(|line| line.contains("flood")).count();
    assert!(lines < 2_000, "{lines} lines of a flood of 100,000");
    assert!(!log.contains('\u{7}') && !log.contains("\u{1b}[2J"), "control characters reach the terminal");
    assert!(!log.lines().any(|line| line.starts_with("WARN forged")), "a line that the guest forged");
    scene.status().assert_accounted();
    Ok(())
}

#[test]
fn a_guest_that_loops_while_it_is_configured_is_refused_and_nothing_starts() -> Result<()> {
    let error = Scene::with("spin_configure", "").err().map(|error| format!("{error:#}")).unwrap_or_default();
    assert!(error.contains("out_of_fuel") || error.contains("deadline_exceeded"), "{error}");
    assert!(error.contains("exporters.bad"), "the message does not name the exporter: {error}");
    Ok(())
}
