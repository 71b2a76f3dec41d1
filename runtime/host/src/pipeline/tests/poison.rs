//! A row that makes an exporter fault is found and costs nothing but itself; an exporter that always faults costs no row.

use std::{sync::Arc, time::Duration};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, FaultKind},
    poison::Standing,
    queue::QueueLimits,
    tally::DropReason,
};

use super::{
    super::LaneSettings,
    scripted::{Act, Picky, ScriptedExporter},
    stage::{Stage, dropped, settings},
};

const TRAPPED: DropReason = DropReason::Fault(FaultKind::Trapped);

/// Everything but `lost` rows was delivered, once.
fn assert_all_but(stage: &Stage, exporter: &Picky, offered: u64, lost: u64) {
    let ledger = stage.ledger(0);
    assert_eq!((ledger.accepted, ledger.delivered), (offered, offered - lost), "{ledger:?}");
    assert_eq!((ledger.queued, ledger.in_flight), (0, 0));
    assert_eq!(exporter.delivered.lock().unwrap().len() as u64, offered - lost);
}

#[tokio::test(start_paused = true)]
async fn one_poison_row_of_a_lone_batch_is_dropped_by_the_faults_name_and_the_others_are_delivered() {
    let exporter = Picky::new(&["s77"]);
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    stage.receive(512).expect("room");
    stage.settle().await;
    assert_all_but(&stage, &exporter, 512, 1);
    assert_eq!(dropped(&stage.ledger(0), TRAPPED), 1);
    // Its batch twice, and then two for each halving and one.
    assert!(exporter.calls.lock().unwrap().len() <= 2 + 2 * 9 + 1, "{:?}", exporter.calls);
    assert_eq!(stage.lines.messages(), ["dropped 1 rows (trapped): trapped: cannot take it, says hunter2hunter2"]);
}

#[tokio::test(start_paused = true)]
async fn poison_rows_of_several_batches_are_found_by_several_workers_at_once() {
    let poison: Vec<String> = [3, 4, 511, 600, 601, 1_400].iter().map(|row| format!("s{row}")).collect();
    let exporter = Picky::new(&poison.iter().map(String::as_str).collect::<Vec<_>>());
    let settings = LaneSettings { concurrency: 4, ..settings("x") };
    let stage = Stage::new(vec![(settings, exporter.clone())]);
    for first in 0..4 {
        stage.receive_from(first * 512, 512).expect("room");
    }
    for first in 0..40 {
        stage.receive_from(10_000 + first, 1).expect("room");
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    stage.settle().await;
    assert_all_but(&stage, &exporter, 2_048 + 40, 6);
    assert_eq!(dropped(&stage.ledger(0), TRAPPED), 6);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_in_the_middle_of_the_search_finds_the_row_too() {
    let exporter = Picky::new(&["s400"]);
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    stage.receive(512).expect("room");
    let report = stage.pipeline.shutdown(Duration::from_secs(25)).await;
    assert!(report.is_complete, "{report}");
    assert_all_but(&stage, &exporter, 512, 1);
}

#[tokio::test(start_paused = true)]
async fn batches_behind_a_poisoned_one_are_not_held_up_by_the_search() {
    let exporter = Picky::new(&["s400"]);
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    for first in 0..4 {
        stage.receive_from(first * 512, 512).expect("room");
    }
    stage.settle().await;
    let calls = exporter.calls.lock().unwrap().clone();
    assert_eq!(calls.iter().take(4).map(|call| call.0).collect::<Vec<_>>(), [512; 4]);
    assert_all_but(&stage, &exporter, 2_048, 1);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_always_faults_is_left_alone_and_nothing_is_cut_until_it_works_again() {
    let exporter = ScriptedExporter::new([], Act::Fault(FaultKind::Trapped));
    let queue = QueueLimits { max_batch_rows: 250, ..QueueLimits::default() };
    let stage = Stage::new(vec![(LaneSettings { queue, ..settings("x") }, exporter.clone())]);
    for _ in 0..4 {
        stage.receive(500).expect("room");
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let lane = &stage.pipeline.lanes()[0];
    assert!(matches!(lane.standing(), Standing::Open { .. }));
    assert!(lane.pause(Duration::ZERO).expect("a pause").reason.starts_with("it faulted "));
    let handed = exporter.handed();
    assert!(handed.len() <= 10 && handed.iter().all(|handed| handed.names.len() == 250), "{}", handed.len());
    assert_eq!(stage.ledger(0).queued, 2_000);
    assert_eq!(stage.lines.messages().len(), 1, "{:?}", stage.lines.messages());
    exporter.change_to(Act::Accept);
    tokio::time::sleep(Duration::from_secs(130)).await;
    assert_eq!((stage.ledger(0).delivered, lane.standing()), (2_000, Standing::Closed));
    assert_eq!(stage.lines.messages()[1..], ["called again: it works"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_an_exporter_that_always_faults_is_dropped_at_its_age_tried_or_not() {
    let exporter = ScriptedExporter::new([], Act::Fault(FaultKind::Trapped));
    let queue = QueueLimits { max_batch_rows: 250, ..QueueLimits::default() };
    let stage = Stage::new(vec![(LaneSettings { queue, ..settings("x") }, exporter.clone())]);
    for _ in 0..4 {
        stage.receive(500).expect("room");
    }
    tokio::time::sleep(Duration::from_secs(299)).await;
    assert_eq!(stage.ledger(0).queued, 2_000);
    // The last of them was cut when its rows had waited for five seconds.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(dropped(&stage.ledger(0), DropReason::TooOld), 2_000);
    assert!(exporter.handed().iter().all(|handed| handed.names.len() == 250));
}

/// A guard that cannot be dropped in peace.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("as told");
    }
}

/// Hangs once, and panics when it is cut off.
struct Bombed(Arc<ScriptedExporter>);

impl Exporter for Bombed {
    fn export(&self, batch: Arc<Batch>, attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        if attempt > 1 {
            return self.0.export(batch, attempt);
        }
        Box::pin(async {
            let _bomb = Bomb;
            std::future::pending().await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_panics_is_begun_anew_and_its_batch_tried_again() {
    let inner = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(settings("x"), Arc::new(Bombed(inner.clone())))]);
    stage.receive(512).expect("room");
    tokio::time::sleep(Duration::from_secs(20)).await;
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.in_flight, inner.handed().len()), (512, 0, 1), "{ledger:?}");
    assert_eq!(stage.lines.messages(), ["a delivery worker panicked and begins anew"]);
    assert_eq!(stage.pipeline.lanes()[0].attempts().faults.get(&FaultKind::HostError), Some(&1));
}
