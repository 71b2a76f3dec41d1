//! What becomes of rows by the exporter's answer.

use std::time::Duration;

use spangate_core::{
    exporter::FaultKind,
    tally::{DropReason, Ledger},
};

use super::{
    scripted::{Act, ScriptedExporter},
    stage::{Stage, dropped, settings},
};

fn stage(script: impl IntoIterator<Item = Act>, finally: Act) -> (Stage, std::sync::Arc<ScriptedExporter>) {
    let exporter = ScriptedExporter::new(script, finally);
    (Stage::new(vec![(settings("x"), exporter.clone())]), exporter)
}

async fn played(script: impl IntoIterator<Item = Act>, finally: Act, rows: u32) -> (Ledger, Vec<u32>) {
    let (stage, exporter) = stage(script, finally);
    stage.record(rows);
    stage.settle().await;
    (stage.ledger(0), exporter.handed().iter().map(|handed| handed.attempt).collect())
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_is_delivered_without_being_asked_for() {
    let (stage, exporter) = stage([], Act::Accept);
    stage.record(3);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(exporter.names(), ["s0", "s1", "s2"]);
    let ledger = stage.ledger(0);
    assert_eq!((ledger.accepted, ledger.delivered, ledger.queued, ledger.in_flight), (3, 3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_partial_outcome_sends_only_the_named_rows_again_and_in_order() {
    let partial = Act::Partial { rejected: 1, rejected_rows: vec![0], retry_rows: vec![4, 2] };
    let (stage, exporter) = stage([partial], Act::Accept);
    stage.record(5);
    stage.settle().await;
    let handed = exporter.handed();
    assert_eq!(handed.len(), 2);
    assert_eq!((handed[1].attempt, handed[1].names.clone()), (2, vec!["s2".to_owned(), "s4".to_owned()]));
    assert_ne!(handed[0].id, handed[1].id, "a part of a batch is another batch to the backend");
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.rejected, ledger.queued), (4, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_sent_again_under_the_same_id_until_it_is_accepted() {
    let (stage, exporter) = stage([Act::RetryAfter(None), Act::RetryAfter(Some(Duration::from_secs(7)))], Act::Accept);
    stage.record(2);
    stage.settle().await;
    let handed = exporter.handed();
    assert_eq!(handed.iter().map(|handed| handed.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(handed.iter().all(|other| other.id == handed[0].id));
    assert_eq!(stage.ledger(0).delivered, 2);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_batch_is_not_sent_again() {
    let (ledger, attempts) = played([Act::Reject], Act::Accept, 4).await;
    assert_eq!((ledger.rejected, ledger.delivered, attempts), (4, 0, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn rows_that_fault_while_nothing_gets_through_wait_until_they_are_too_old() {
    let (stage, _) = stage([], Act::Fault(FaultKind::OutOfFuel));
    stage.record(4);
    tokio::time::sleep(Duration::from_secs(299)).await;
    assert_eq!(stage.ledger(0).queued, 4);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(dropped(&stage.ledger(0), DropReason::TooOld), 4);
}

#[tokio::test(start_paused = true)]
async fn faults_of_one_batch_do_not_count_against_the_next() {
    let fault = || Act::Fault(FaultKind::Trapped);
    let (stage, exporter) = stage([fault(), fault(), Act::Accept, fault(), fault()], Act::Accept);
    stage.record(1);
    stage.settle().await;
    stage.record(1);
    stage.settle().await;
    assert_eq!(exporter.handed().len(), 6);
    assert_eq!(stage.ledger(0).delivered, 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_fault_and_the_worker_goes_on() {
    for act in [Act::Panic, Act::PanicAtOnce] {
        let (stage, exporter) = stage([act], Act::Accept);
        stage.record(4);
        stage.settle().await;
        assert_eq!((stage.ledger(0).delivered, exporter.handed().len()), (4, 2));
        // The worker itself never noticed.
        assert_eq!(stage.lines.messages(), Vec::<String>::new());
        let (fault, _) = stage.pipeline.lanes()[0].attempts().last_fault.expect("a fault");
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Trapped, "the exporter panicked: as told"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_that_never_answers_is_cut_off_at_its_deadline() {
    let (stage, exporter) = stage([Act::Hang], Act::Accept);
    stage.record(4);
    stage.settle().await;
    assert_eq!(exporter.handed().len(), 2);
    assert_eq!(stage.ledger(0).delivered, 4);
    let attempts = stage.pipeline.lanes()[0].attempts();
    assert_eq!(attempts.faults.get(&FaultKind::DeadlineExceeded), Some(&1));
}

#[tokio::test(start_paused = true)]
async fn an_unavailable_exporter_is_left_alone_and_the_attempt_is_not_counted() {
    let (stage, exporter) = stage([Act::Unavailable(Duration::from_secs(20))], Act::Accept);
    stage.record(4);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(exporter.handed().len(), 1);
    let pause = stage.pipeline.lanes()[0].pause(Duration::ZERO).expect("paused");
    assert_eq!(pause.reason, "as told");
    stage.settle().await;
    let attempts: Vec<u32> = exporter.handed().iter().map(|handed| handed.attempt).collect();
    assert_eq!(attempts, [1, 1]);
    assert_eq!(stage.ledger(0).delivered, 4);
}

#[tokio::test(start_paused = true)]
async fn what_stays_undelivered_for_longer_than_its_maximum_age_is_dropped_as_too_old() {
    for act in [Act::RetryAfter(None), Act::Unavailable(Duration::from_secs(1))] {
        let (stage, _) = stage([], act);
        stage.record(4);
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(dropped(&stage.ledger(0), DropReason::TooOld), 4);
    }
}

#[tokio::test(start_paused = true)]
async fn while_one_batch_waits_for_its_next_attempt_others_are_delivered() {
    let (stage, exporter) = stage([Act::RetryAfter(Some(Duration::from_secs(50)))], Act::Accept);
    stage.receive(512).expect("room");
    stage.receive(512).expect("room");
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(stage.ledger(0).delivered, 512);
    stage.settle().await;
    assert_eq!(stage.ledger(0).delivered, 1024);
    assert_eq!(exporter.handed().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn that_rows_wait_for_a_backend_is_told_and_once_that_they_wait_no_more() {
    let later = || Act::RetryAfter(Some(Duration::from_secs(1)));
    let (stage, _) = stage([later(), later()], Act::Accept);
    stage.record(2);
    stage.settle().await;
    stage.record(1);
    stage.settle().await;
    assert_eq!(stage.ledger(0).delivered, 3);
    let lines = stage.lines.messages();
    let [first, second, third] = lines.as_slice() else { panic!("{lines:?}") };
    assert!(first.starts_with("2 rows are tried again later") && second == first, "{lines:?}");
    assert_eq!(third, "rows are delivered again");
}
