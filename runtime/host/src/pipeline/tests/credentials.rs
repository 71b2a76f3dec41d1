//! A backend that does not take the credentials.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
    tally::DropReason,
};
use tokio::time::{Instant, sleep};

use super::{
    super::LaneSettings,
    scripted::{Act, ScriptedExporter},
    stage::{Stage, dropped, settings},
};

fn stage(script: impl IntoIterator<Item = Act>, finally: Act) -> (Stage, Arc<ScriptedExporter>) {
    let exporter = ScriptedExporter::new(script, finally);
    (Stage::new(vec![(settings("x"), exporter.clone())]), exporter)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn a_refusal_pauses_the_exporter_and_keeps_its_queue() {
    let (stage, exporter) = stage([], Act::Unauthorized);
    stage.receive(512).expect("room");
    stage.receive(512).expect("room");
    sleep(seconds(50)).await;
    assert_eq!(exporter.handed().len(), 1, "nothing is tried while it is paused");
    let lane = &stage.pipeline.lanes()[0];
    assert_eq!(lane.pause(Duration::ZERO).expect("paused").reason, "as told");
    assert_eq!(lane.attempts().unauthorized, 1);
    assert_eq!(lane.attempts().last_refusal.map(|(refused, _)| refused.outcome), Some("unauthorized"));
    let ledger = stage.ledger(0);
    assert_eq!((ledger.accepted, ledger.queued, ledger.in_flight), (1024, 1024, 0));
    assert_eq!(stage.lines.messages(), ["paused: as told; 1024 rows are kept, the next try is in 60s"]);
}

#[tokio::test(start_paused = true)]
async fn when_the_credentials_are_mended_everything_that_waited_is_delivered_however_old() {
    let (stage, exporter) = stage([], Act::Unauthorized);
    for _ in 0..3 {
        stage.receive(512).expect("room");
    }
    sleep(seconds(3600)).await;
    let tries = exporter.handed();
    // After 1, 2, 4, 8, 10, 10 ... minutes, and each time another batch.
    assert_eq!(tries.len(), 9);
    assert!(tries.windows(2).all(|pair| pair[0].id != pair[1].id), "{tries:?}");
    exporter.change_to(Act::Accept);
    sleep(seconds(700)).await;
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.queued, ledger.dropped_total()), (1536, 0, 0));
    assert!(stage.pipeline.lanes()[0].pause(Duration::ZERO).is_none());
    let lines = stage.lines.messages();
    assert_eq!(lines.len(), 2, "it is said once, and once more when it is over: {lines:?}");
    assert_eq!(lines[1], "no longer paused: the backend takes batches");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_meets_an_unreachable_backend_does_not_end_the_pause() {
    let (stage, exporter) = stage([Act::Unauthorized, Act::RetryAfter(None)], Act::Hang);
    stage.receive(512).expect("room");
    stage.receive(512).expect("room");
    sleep(seconds(66)).await;
    assert_eq!(exporter.handed().len(), 3);
    assert!(stage.pipeline.lanes()[0].pause(Duration::ZERO).is_some());
    assert_eq!(stage.ledger(0).in_flight, 512);
}

#[tokio::test(start_paused = true)]
async fn of_several_workers_one_probes() {
    let exporter = ScriptedExporter::new([Act::Unauthorized], Act::AcceptAfter(seconds(7)));
    let settings = LaneSettings { concurrency: 3, ..settings("x") };
    let stage = Stage::new(vec![(settings, exporter.clone())]);
    stage.receive(512).expect("room");
    sleep(seconds(1)).await;
    for _ in 0..3 {
        stage.receive(512).expect("room");
    }
    sleep(seconds(62)).await;
    assert_eq!(exporter.handed().len(), 2, "the refused one and the probe");
    sleep(seconds(6)).await;
    assert_eq!(exporter.handed().len(), 5, "the others follow when the probe got through");
    stage.settle().await;
    assert_eq!(stage.ledger(0).delivered, 2048);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_asks_once_more_and_does_not_wait_for_a_backend_that_refuses() {
    let (stage, exporter) = stage([], Act::Unauthorized);
    stage.receive(512).expect("room");
    stage.receive(512).expect("room");
    sleep(seconds(10)).await;
    let start = Instant::now();
    let report = stage.pipeline.shutdown(seconds(25)).await;
    assert_eq!(exporter.handed().len(), 2);
    // The clock is the test's own: it stands still but for the waits.
    assert_eq!(start.elapsed().as_secs(), 0);
    assert_eq!((report.lost_rows(), report.is_complete), (1024, false));
    let expected =
        "1,024 of 1,024 rows were not delivered\n  x: 0 of 1,024 delivered, 1,024 dropped (shutdown); paused: as told";
    assert_eq!(report.to_string(), expected);
    assert_eq!(dropped(&stage.ledger(0), DropReason::Shutdown), 1024);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_delivers_what_was_kept_if_the_credentials_are_mended_by_then() {
    let (stage, exporter) = stage([], Act::Unauthorized);
    stage.receive(512).expect("room");
    stage.receive(512).expect("room");
    sleep(seconds(10)).await;
    exporter.change_to(Act::Accept);
    let report = stage.pipeline.shutdown(seconds(25)).await;
    assert!(report.is_complete, "{report}");
    assert_eq!(stage.ledger(0).delivered, 1024);
}

/// Takes batches of the tenants it knows.
struct Gatekeeper {
    known: Mutex<Vec<&'static str>>,
}

impl Exporter for Gatekeeper {
    fn export(&self, batch: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let tenant = batch.metadata("x-tenant").unwrap_or_default().to_owned();
        let is_known = self.known.lock().unwrap().contains(&tenant.as_str());
        let refused = ExportError::Unauthorized { reason: format!("403 for {tenant}"), partial: None };
        Box::pin(async move { if is_known { Ok(ExportOutcome::Accepted) } else { Err(refused) } })
    }
}

fn gate(known: &[&'static str]) -> (Stage, Arc<Gatekeeper>) {
    let gatekeeper = Arc::new(Gatekeeper { known: Mutex::new(known.to_vec()) });
    let settings = LaneSettings { sender_headers: vec!["x-tenant".to_owned()], ..settings("x") };
    (Stage::new(vec![(settings, gatekeeper.clone())]), gatekeeper)
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_the_backend_does_not_know_is_rejected_and_stops_nobody() {
    let (stage, _) = gate(&["good"]);
    for round in 0..20 {
        stage.receive_of("good", 512);
        sleep(seconds(1)).await;
        stage.receive_of(&format!("invented-{round}"), 10);
        sleep(seconds(6)).await;
    }
    stage.settle().await;
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.rejected, ledger.dropped_total()), (20 * 512, 20 * 10, 0));
    assert!(stage.pipeline.lanes()[0].pause(Duration::ZERO).is_none());
}

#[tokio::test(start_paused = true)]
async fn when_no_tenant_gets_through_any_more_the_batches_of_all_are_kept() {
    let (stage, gatekeeper) = gate(&["a", "b"]);
    for tenant in ["a", "b"] {
        stage.receive_of(tenant, 512);
    }
    sleep(seconds(1)).await;
    assert_eq!(stage.ledger(0).delivered, 1024);
    gatekeeper.known.lock().unwrap().clear();
    for tenant in ["a", "b"] {
        stage.receive_of(tenant, 512);
    }
    sleep(seconds(1000)).await;
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.queued, ledger.rejected), (1024, 1024, 0));
    gatekeeper.known.lock().unwrap().extend(["a", "b"]);
    sleep(seconds(700)).await;
    assert_eq!(stage.ledger(0).delivered, 2048);
}
