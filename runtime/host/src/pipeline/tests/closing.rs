//! Flush and shutdown.

use std::{
    sync::{
        Arc, Mutex,
        atomic::Ordering,
        mpsc::{Receiver, sync_channel},
    },
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, FaultKind},
    signal::Signal,
    tally::DropReason,
};
use tokio::time::Instant;

use super::{
    scripted::{Act, ScriptedExporter},
    stage::{Stage, dropped, settings},
};

#[tokio::test(start_paused = true)]
async fn a_flush_delivers_what_was_taken_in_before_and_leaves_the_pipeline_running() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    stage.record(3);
    stage.receive(4).expect("room");
    let report = stage.pipeline.flush(Duration::from_secs(1)).await;
    assert!(report.is_complete);
    assert_eq!(report.exporters[0].ledger.delivered, 3 + 4);
    assert_eq!(exporter.flushes.load(Ordering::SeqCst), 1);
    stage.record(1);
    assert_eq!(stage.pipeline.flush(Duration::from_secs(1)).await.exporters[0].ledger.delivered, 8);
}

#[tokio::test(start_paused = true)]
async fn a_flush_that_cannot_finish_says_so_at_its_deadline() {
    let exporter = ScriptedExporter::new([], Act::Hang);
    let stage = Stage::new(vec![(settings("x"), exporter)]);
    stage.receive(4).expect("room");
    let start = Instant::now();
    let report = stage.pipeline.flush(Duration::from_secs(3)).await;
    assert!(!report.is_complete);
    assert_eq!((report.waiting_rows(), report.lost_rows()), (4, 0));
    // The clock is the test's own: it stands still but for the waits.
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_delivers_everything_to_a_healthy_exporter() {
    let exporter = ScriptedExporter::new([Act::RetryAfter(None)], Act::AcceptAfter(Duration::from_millis(50)));
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    for _ in 0..3 {
        stage.receive(500).expect("room");
    }
    let report = stage.pipeline.shutdown(Duration::MAX).await;
    assert!(report.is_complete);
    assert_eq!((report.lost_rows(), report.exporters[0].ledger.delivered), (0, 1500));
    assert_eq!(exporter.shutdowns.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_gives_up_at_its_deadline_and_says_exactly_what_is_lost() {
    let (stuck, healthy) = (ScriptedExporter::new([], Act::Hang), ScriptedExporter::new([], Act::Accept));
    let stage = Stage::new(vec![(settings("stuck"), stuck), (settings("healthy"), healthy)]);
    for _ in 0..3 {
        stage.receive(512).expect("room");
    }
    let start = Instant::now();
    let report = stage.pipeline.shutdown(Duration::from_secs(5)).await;
    assert_eq!(start.elapsed().as_secs(), 5);
    assert!(!report.is_complete);
    assert_eq!(report.lost_rows(), 3 * 512);
    let stuck = &report.exporters[0].ledger;
    assert!(stuck.is_balanced());
    assert_eq!((stuck.queued, stuck.in_flight), (0, 0));
    assert_eq!(dropped(stuck, DropReason::Shutdown), 3 * 512);
    assert_eq!(report.exporters[1].ledger.delivered, 3 * 512);
    assert_eq!(report.exporters[0].to_string(), "stuck: 0 of 1,536 delivered, 1,536 dropped (shutdown)");
}

/// Blocks the thread that it is polled on until its sender is dropped.
struct Blocking(Mutex<Receiver<()>>);

impl Blocking {
    fn block(&self) {
        let _ = self.0.lock().unwrap().recv();
    }
}

impl Exporter for Blocking {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async {
            self.block();
            Ok(ExportOutcome::Accepted)
        })
    }

    fn shutdown(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async {
            self.block();
            Ok(())
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_shutdown_is_not_complete_while_an_exporter_that_does_not_let_go_has_rows() {
    let (release, blocked) = sync_channel(0);
    let stage = Stage::new(vec![(settings("blocking"), Arc::new(Blocking(Mutex::new(blocked))))]);
    stage.receive(512).expect("room");
    // Blocked in two calls, one after the other.
    let report = stage.pipeline.shutdown(Duration::from_millis(10)).await;
    drop(release);
    assert_eq!((report.is_complete, report.waiting_rows(), report.lost_rows()), (false, 512, 0), "{report}");
    assert!(report.exporters[0].ledger.is_balanced());
}

#[tokio::test(start_paused = true)]
async fn after_a_shutdown_receivers_are_refused_and_recorded_spans_are_counted_as_dropped() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(settings("x"), exporter)]);
    stage.pipeline.shutdown(Duration::from_secs(1)).await;
    assert_eq!(stage.receive(1).expect_err("closed").reason, "shutting down");
    stage.record(2);
    let recorded = stage.pipeline.recorded(Signal::Spans);
    assert_eq!((recorded.recorded, recorded.dropped_total()), (2, 2));
    assert!(recorded.is_balanced());
    assert_eq!(stage.ledger(0).accepted, 0);
}

#[tokio::test(start_paused = true)]
async fn rows_that_wait_for_a_further_attempt_are_lost_at_the_deadline_and_counted() {
    let exporter = ScriptedExporter::new([], Act::RetryAfter(Some(Duration::from_secs(60))));
    let stage = Stage::new(vec![(settings("x"), exporter)]);
    stage.receive(10).expect("room");
    let report = stage.pipeline.shutdown(Duration::from_secs(2)).await;
    assert_eq!(report.lost_rows(), 10);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_kept_waiting_for_an_exporter_that_takes_nothing_before_the_deadline() {
    let minute = Duration::from_secs(60);
    for act in [Act::Unavailable(minute), Act::RetryAfter(Some(minute))] {
        let (away, slow) = (ScriptedExporter::new([], act), Act::AcceptAfter(Duration::from_secs(3)));
        let lanes =
            vec![(settings("away"), away.clone() as _), (settings("slow"), ScriptedExporter::new([], slow) as _)];
        let stage = Stage::new(lanes);
        stage.receive(10).expect("room");
        let start = Instant::now();
        // The clock is the test's own: it stands still but for the waits.
        assert!(!stage.pipeline.flush(Duration::from_secs(30)).await.is_complete);
        assert_eq!(start.elapsed().as_secs(), 3, "as long as the other one needs");
        let report = stage.pipeline.shutdown(Duration::from_secs(30)).await;
        assert_eq!(start.elapsed().as_secs(), 3);
        let [away_report, slow_report] = report.exporters.as_slice() else { panic!("two exporters") };
        assert_eq!(dropped(&away_report.ledger, DropReason::Shutdown), 10);
        assert!(away_report.ledger.is_balanced());
        assert_eq!(slow_report.ledger.delivered, 10);
        assert_eq!(away.handed().len(), 1, "it was asked once");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_is_back_before_the_deadline_is_waited_for() {
    for act in [Act::Unavailable(Duration::from_secs(20)), Act::RetryAfter(Some(Duration::from_secs(20)))] {
        let stage = Stage::new(vec![(settings("x"), ScriptedExporter::new([act], Act::Accept))]);
        stage.receive(10).expect("room");
        let report = stage.pipeline.shutdown(Duration::from_secs(30)).await;
        assert!(report.is_complete, "{report}");
        assert_eq!(report.exporters[0].ledger.delivered, 10);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_recovers_gets_what_waited_for_it() {
    let exporter = ScriptedExporter::new([], Act::RetryAfter(None));
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    stage.receive(512).expect("room");
    stage.receive(512).expect("room");
    tokio::time::sleep(Duration::from_secs(20)).await;
    exporter.change_to(Act::Accept);
    let report = stage.pipeline.flush(Duration::from_secs(120)).await;
    assert!(report.is_complete);
    assert_eq!(stage.ledger(0).delivered, 1024);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_the_middle_of_anything_leaves_every_ledger_balanced() {
    for seed in 0..40 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let script: Vec<Act> = (0..20).map(|_| any_act(&mut rng)).collect();
        let exporter = ScriptedExporter::new(script, any_act(&mut rng));
        let stage = Stage::new(vec![(settings("x"), exporter)]);
        let mut offered = 0;
        for _ in 0..rng.u32(1..12) {
            let rows = rng.u32(1..700);
            stage.receive(rows).expect("room");
            offered += u64::from(rows);
            tokio::time::sleep(Duration::from_millis(rng.u64(0..3000))).await;
        }
        let report = stage.pipeline.shutdown(Duration::from_secs(rng.u64(0..20))).await;
        let ledger = &report.exporters[0].ledger;
        assert!(ledger.is_balanced(), "seed {seed}: {ledger:?}");
        assert_eq!((ledger.accepted, ledger.queued, ledger.in_flight), (offered, 0, 0), "seed {seed}");
    }
}

fn any_act(rng: &mut fastrand::Rng) -> Act {
    match rng.u32(0..10) {
        0 => Act::Accept,
        1 => Act::Partial { rejected: rng.u32(0..9), rejected_rows: vec![1, 900], retry_rows: vec![0, 2, 5] },
        2 => Act::RetryAfter(None),
        3 => Act::Reject,
        4 => Act::Fault(FaultKind::Trapped),
        5 => Act::Unavailable(Duration::from_millis(rng.u64(0..5000))),
        6 => Act::Panic,
        7 => Act::Hang,
        8 => Act::Unauthorized,
        _ => Act::AcceptAfter(Duration::from_millis(rng.u64(0..2000))),
    }
}
