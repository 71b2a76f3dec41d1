//! Full queues, several exporters, concurrency.

use std::time::Duration;

use spangate_core::{
    consumer::Consumer,
    queue::{QueueLimits, WhenFull},
    signal::Signal,
    tally::DropReason,
};

use super::{
    super::{EventNames, LaneSettings, Subscription},
    scripted::{Act, ScriptedExporter},
    stage::{Stage, dropped, request, settings},
};

fn with_queue(name: &str, max_rows: usize, when_full: WhenFull) -> LaneSettings {
    let required = when_full == WhenFull::Refuse;
    let queue = QueueLimits { max_rows, when_full, ..QueueLimits::default() };
    LaneSettings { queue, required, ..settings(name) }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_drops_what_comes_and_counts_it() {
    let exporter = ScriptedExporter::new([], Act::Hang);
    let stage = Stage::new(vec![(with_queue("x", 1024, WhenFull::DropNewest), exporter.clone())]);
    for _ in 0..4 {
        stage.receive(512).expect("an exporter that is not required holds nobody up");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ledger = stage.ledger(0);
    assert_eq!((ledger.accepted, ledger.in_flight, ledger.queued), (2048, 512, 1024));
    assert_eq!(dropped(&ledger, DropReason::QueueFull), 512);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_that_drops_the_oldest_keeps_what_comes() {
    let exporter = ScriptedExporter::new([Act::AcceptAfter(Duration::from_secs(1))], Act::Accept);
    let stage = Stage::new(vec![(with_queue("x", 512, WhenFull::DropOldest), exporter.clone())]);
    for rows in [512, 512, 300] {
        stage.receive(rows).expect("room");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    stage.settle().await;
    let sizes: Vec<usize> = exporter.handed().iter().map(|handed| handed.names.len()).collect();
    assert_eq!(sizes, [512, 300]);
    assert_eq!(dropped(&stage.ledger(0), DropReason::QueueFull), 512);
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_of_a_required_exporter_refuses_receivers_until_there_is_room_and_loses_nothing() {
    let exporter = ScriptedExporter::new([Act::AcceptAfter(Duration::from_secs(2))], Act::Accept);
    let stage = Stage::new(vec![(with_queue("x", 1024, WhenFull::Refuse), exporter.clone())]);
    let mut taken = 0;
    let refusal = loop {
        match stage.receive(512) {
            Ok(()) => taken += 512,
            Err(refusal) => break refusal,
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(taken < 10_000, "never refused");
    };
    assert!(refusal.reason.contains("`x`"), "{}", refusal.reason);
    assert!(stage.pipeline.admit(Signal::Spans).is_err(), "asked before reading, the answer is the same");
    stage.settle().await;
    assert!(stage.pipeline.admit(Signal::Spans).is_ok());
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.dropped_total()), (taken, 0));
    assert_eq!(stage.pipeline.received(Signal::Spans).received, taken, "what was refused was not received");
}

#[tokio::test(start_paused = true)]
async fn rows_that_wait_for_their_batch_count_against_a_required_queue() {
    let exporter = ScriptedExporter::new([], Act::Hang);
    let stage = Stage::new(vec![(with_queue("x", 512, WhenFull::Refuse), exporter)]);
    stage.receive(512).expect("room");
    tokio::time::sleep(Duration::from_millis(1)).await;
    stage.receive(512).expect("the first batch is in flight");
    assert!(stage.receive(1).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_request_larger_than_a_required_queue_is_taken_when_the_queue_is_empty() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(with_queue("x", 100, WhenFull::Refuse), exporter.clone())]);
    stage.receive(1000).expect("an empty queue takes anything");
    stage.settle().await;
    let ledger = stage.ledger(0);
    assert_eq!((ledger.delivered, ledger.dropped_total()), (1000, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_here_is_dropped_when_a_required_queue_is_full_since_nobody_can_be_refused() {
    let exporter = ScriptedExporter::new([], Act::Hang);
    let stage = Stage::new(vec![(with_queue("x", 512, WhenFull::Refuse), exporter)]);
    for _ in 0..3 {
        stage.record(512);
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
    assert_eq!(dropped(&stage.ledger(0), DropReason::QueueFull), 512);
}

#[tokio::test(start_paused = true)]
async fn what_a_required_queue_had_no_room_for_is_delivered_though_all_before_it_was_too_old() {
    let [first, small] = [512, 200].map(|rows| request(Signal::Spans, rows).size());
    let exporter = ScriptedExporter::new([Act::Unavailable(Duration::from_secs(15))], Act::Accept);
    // Room for one more small request, whose batch is one with the next.
    let mut settings = with_queue("x", 10_000, WhenFull::Refuse);
    settings.queue.max_bytes = first + small + small / 2 + 2048;
    settings.retry.max_age = Duration::from_secs(10);
    let stage = Stage::new(vec![(settings, exporter.clone())]);
    stage.receive(512).expect("room");
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..2 {
        stage.receive(200).expect("room");
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    let ledger = stage.ledger(0);
    assert_eq!((dropped(&ledger, DropReason::TooOld), ledger.delivered), (512, 400));
    assert!(stage.pipeline.admit(Signal::Spans).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_bad_exporter_does_not_hold_up_its_neighbour() {
    let (bad, good) = (ScriptedExporter::new([], Act::Hang), ScriptedExporter::new([], Act::Accept));
    let stage = Stage::new(vec![
        (with_queue("bad", 512, WhenFull::DropNewest), bad),
        (with_queue("good", 2048, WhenFull::DropNewest), good.clone()),
    ]);
    for _ in 0..20 {
        stage.receive(512).expect("room");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(stage.ledger(1).delivered, 20 * 512);
    assert!(stage.ledger(0).dropped_total() > 0);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_with_a_smaller_limit_gets_smaller_batches_of_the_same_rows() {
    let (small, large) = (ScriptedExporter::new([], Act::Accept), ScriptedExporter::new([], Act::Accept));
    let queue = QueueLimits { max_batch_rows: 200, ..QueueLimits::default() };
    let stage = Stage::new(vec![
        (LaneSettings { queue, ..settings("small") }, small.clone()),
        (settings("large"), large.clone()),
    ]);
    stage.receive(512).expect("room");
    stage.settle().await;
    assert!(small.handed().iter().all(|handed| handed.names.len() <= 200));
    assert_eq!(small.names(), large.names());
    assert_eq!(large.handed().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_exporter_is_handed_only_the_events_it_subscribed_to() {
    let (some, all) = (ScriptedExporter::new([], Act::Accept), ScriptedExporter::new([], Act::Accept));
    let subscription = Subscription { events: EventNames::Only(["odd".to_owned()].into()), ..Subscription::default() };
    let stage = Stage::new(vec![
        (LaneSettings { subscription, ..settings("some") }, some.clone()),
        (settings("all"), all.clone()),
    ]);
    stage.pipeline.consume(Signal::Events, request(Signal::Events, 6), [].into()).expect("room");
    stage.receive(2).expect("room");
    stage.settle().await;
    assert_eq!(some.names(), ["odd", "odd", "odd"]);
    assert_eq!(stage.ledger(0).accepted, 3);
    assert_eq!(stage.pipeline.lanes()[0].not_subscribed(), 5);
    assert_eq!(stage.ledger(1).delivered, 8);
}

#[tokio::test(start_paused = true)]
async fn concurrency_hands_out_as_many_batches_at_once_and_no_more() {
    let exporter = ScriptedExporter::new([], Act::Hang);
    let stage = Stage::new(vec![(LaneSettings { concurrency: 3, ..settings("x") }, exporter.clone())]);
    for _ in 0..5 {
        stage.receive(512).expect("room");
    }
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(exporter.handed().len(), 3);
    assert_eq!(stage.ledger(0).in_flight, 3 * 512);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_would_refuse_but_holds_nobody_back_drops_instead() {
    let exporter = ScriptedExporter::new([], Act::Hang);
    let queue = QueueLimits { max_rows: 512, when_full: WhenFull::Refuse, ..QueueLimits::default() };
    let stage = Stage::new(vec![(LaneSettings { queue, ..settings("x") }, exporter)]);
    for _ in 0..4 {
        stage.receive(512).expect("it is not required");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ledger = stage.ledger(0);
    assert_eq!((ledger.accepted, ledger.in_flight, ledger.queued), (2048, 512, 512));
    assert_eq!(dropped(&ledger, DropReason::QueueFull), 1024);
}
