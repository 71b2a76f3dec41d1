//! A backend that fails: nothing is lost or counted twice, a neighbour notices nothing, no request stays in flight, and
//! everything is delivered once the backend is well.

use anyhow::Result;
use spangate_tests::{BackendFault, Collector, FaultyBackend, Status, wait_until};

use super::stage::Stage;

const ROWS: u64 = 18;

fn config(fault: &BackendFault, backend: &str, neighbour: &str) -> String {
    // What hangs has to be waited for; what answers is given all the time it may need on a busy machine.
    let hangs =
        matches!(fault, BackendFault::Blackhole | BackendFault::Silence | BackendFault::Sip | BackendFault::Trickle);
    let timeout = if hangs { "200ms" } else { "8s" };
    format!(
        r#"
        retry = {{ initial = "10ms", max = "100ms" }}
        [exporters.out.grants.http]
        allow = ["{backend}"]
        timeout = "{timeout}"
        max_in_flight = 1
        [exporters.out.settings]
        endpoint = "{backend}"
        [exporters.neighbour]
        component = "builtin:otlp"
        grants.http.allow = ["{neighbour}"]
        settings.endpoint = "{neighbour}"
        "#
    )
}

struct Scene {
    stage: Stage,
    backend: FaultyBackend,
    _neighbour: Collector,
}

impl Scene {
    fn with(fault: BackendFault) -> Result<Self> {
        let (backend, neighbour) = (FaultyBackend::start(fault.clone()), Collector::start());
        let stage = Stage::start("", &config(&fault, &backend.url(), &neighbour.url()))?;
        Ok(Self { stage, backend, _neighbour: neighbour })
    }

    fn http(status: &Status, count: &str) -> u64 {
        status.exporter("out")["http"][count].as_u64().expect("a count")
    }

    /// Sends, and waits until the fault was met twice and the neighbour has delivered everything.
    fn suffer(&self) -> Result<()> {
        for _ in 0..ROWS / 6 {
            self.stage.send(&[])?;
        }
        wait_until("the fault", || (self.backend.met() >= 2).then_some(()));
        wait_until("the neighbour", || (self.stage.status().rows("neighbour", "delivered") == ROWS).then_some(()));
        let status = self.stage.status();
        status.assert_accounted();
        assert!(Self::http(&status, "in_flight") <= 1);
        assert_eq!(status.rows("out", "delivered"), 0);
        Ok(())
    }

    /// Waits until everything is delivered and nothing is left behind.
    fn recover(&self) {
        self.backend.heal();
        let is_done = |status: &Status| status.rows("out", "delivered") == ROWS && Self::http(status, "in_flight") == 0;
        let status = wait_until("everything", || Some(self.stage.status()).filter(is_done));
        status.assert_accounted();
        assert_eq!(status.exporter("out")["state"], "healthy");
        assert_eq!(status.exporter("out")["last_fault"], serde_json::Value::Null);
        assert_eq!((status.rows("out", "queued"), status.rows("out", "in_flight")), (0, 0));
    }

    fn end(self) -> Result<()> {
        let (ended, log) = self.stage.spangate.server.terminate()?;
        assert!(ended.success(), "{ended}\n{log}");
        Ok(())
    }
}

fn nothing_is_lost_by(fault: BackendFault) -> Result<()> {
    let scene = Scene::with(fault)?;
    scene.suffer()?;
    scene.recover();
    scene.end()
}

#[test]
fn n1_a_backend_that_reads_nothing_costs_no_span() -> Result<()> {
    nothing_is_lost_by(BackendFault::Blackhole)
}

#[test]
fn n2_connections_that_are_reset_cost_no_span() -> Result<()> {
    nothing_is_lost_by(BackendFault::ResetRequest)?;
    nothing_is_lost_by(BackendFault::ResetAnswer)
}

#[test]
fn n3_a_backend_that_never_answers_costs_no_span() -> Result<()> {
    nothing_is_lost_by(BackendFault::Silence)
}

#[test]
fn n4_a_byte_now_and_then_either_way_costs_no_span() -> Result<()> {
    nothing_is_lost_by(BackendFault::Sip)?;
    nothing_is_lost_by(BackendFault::Trickle)
}

#[test]
fn n6_what_was_taken_without_an_answer_is_sent_again_under_the_same_id_and_counted_once() -> Result<()> {
    let scene = Scene::with(BackendFault::CloseOnceTaken)?;
    scene.suffer()?;
    scene.recover();
    let taken = scene.backend.taken();
    let [first, others @ ..] = taken.as_slice() else { panic!("nothing was taken") };
    assert!(!first.key.is_empty());
    assert!(others.contains(first), "the batch came only once: {taken:?}");
    for one in &taken {
        let same_key = taken.iter().filter(|other| other.key == one.key);
        assert!(same_key.into_iter().all(|other| other.body == one.body), "one id, two batches");
    }
    scene.end()
}

#[test]
fn n7_a_retry_after_that_is_zero_past_or_nonsense_is_no_reason_to_wait() -> Result<()> {
    for header in [
        "retry-after: 0",
        "retry-after: -7",
        "retry-after: soon, perhaps",
        "retry-after: Fri, 13 Oct 1995 00:00:00 GMT",
        "retry-after: 99999999999999999999",
    ] {
        nothing_is_lost_by(BackendFault::Unavailable(header))?;
    }
    Ok(())
}

#[test]
fn n7_a_retry_after_of_ten_years_keeps_the_batch_and_its_neighbours_going() -> Result<()> {
    let scene = Scene::with(BackendFault::Unavailable("retry-after: 315360000"))?;
    scene.stage.send(&[])?;
    wait_until("the refusal", || (scene.stage.status().exporter("out")["attempts"]["retry_after"] == 1).then_some(()));
    wait_until("the neighbour", || (scene.stage.status().rows("neighbour", "delivered") == 6).then_some(()));
    let status = scene.stage.status();
    assert_eq!((status.rows("out", "queued"), scene.backend.met()), (6, 1));
    status.assert_accounted();
    Ok(())
}

#[test]
fn n8_a_backend_that_refuses_every_other_request_gets_everything_for_two_requests_a_batch() -> Result<()> {
    let scene = Scene::with(BackendFault::Flap)?;
    for sent in 1..=10 {
        scene.stage.send(&[])?;
        wait_until("a batch", || (scene.stage.status().rows("out", "delivered") == 6 * sent).then_some(()));
    }
    let status = scene.stage.status();
    let attempts = &status.exporter("out")["attempts"];
    let counts = ["accepted", "retry_after", "fault", "unavailable"].map(|outcome| attempts[outcome].as_u64().unwrap());
    assert_eq!(counts, [10, 10, 0, 0]);
    assert_eq!((scene.backend.met(), scene.backend.taken().len()), (20, 10));
    assert_eq!(status.exporter("out")["state"], "healthy");
    status.assert_accounted();
    scene.end()
}
