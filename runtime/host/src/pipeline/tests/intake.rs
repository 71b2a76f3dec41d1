//! What comes in: batches are cut in time, samplers are asked, every row is in the account.

use std::time::Duration;

use spangate_core::{consumer::Consumer, sampler::TraceIdRatio, signal::Signal};

use super::{
    super::{LaneSettings, ReceivedSampler, Subscription},
    scripted::{Act, ScriptedExporter},
    stage::{Stage, request, settings},
};

#[tokio::test(start_paused = true)]
async fn small_requests_are_joined_and_sent_on_when_they_have_waited_long_enough() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    for _ in 0..3 {
        stage.receive(10).expect("room");
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(exporter.handed().is_empty());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let sizes: Vec<usize> = exporter.handed().iter().map(|handed| handed.names.len()).collect();
    assert_eq!(sizes, [30]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_between_two_looks_of_the_collector_goes_out_when_it_is_due() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    for (batches, pause_ms) in [0, 1, 2_500, 4_999].into_iter().enumerate() {
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        stage.receive(10).expect("room");
        tokio::time::sleep(Duration::from_millis(4_990)).await;
        assert_eq!(exporter.handed().len(), batches, "too early, {pause_ms} ms after the one before");
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(exporter.handed().len(), batches + 1, "too late, {pause_ms} ms after the one before");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_batch_does_not_wait() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::new(vec![(settings("x"), exporter.clone())]);
    stage.record(600);
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert_eq!(exporter.handed().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn received_traces_are_sampled_as_a_whole_and_every_row_is_counted() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let sampler = ReceivedSampler::Ratio(TraceIdRatio::new(0.5));
    let stage = Stage::with_sampler(vec![(settings("x"), exporter.clone())], sampler);
    let request = request(Signal::Spans, 1000);
    stage.pipeline.consume(Signal::Spans, request.clone(), [].into()).expect("room");
    stage.pipeline.consume(Signal::Spans, request, [].into()).expect("room");
    stage.settle().await;
    let received = stage.pipeline.received(Signal::Spans);
    assert_eq!((received.received, received.sampled_out + received.accepted), (2000, 2000));
    assert!((600..1400).contains(&received.accepted), "{received:?}");
    assert_eq!(stage.ledger(0).accepted, received.accepted);
    let names = exporter.names();
    assert_eq!(names[..names.len() / 2], names[names.len() / 2..], "the same traces are kept each time");
}

#[tokio::test(start_paused = true)]
async fn a_sampler_that_keeps_nothing_still_counts_what_came() {
    let exporter = ScriptedExporter::new([], Act::Accept);
    let stage = Stage::with_sampler(vec![(settings("x"), exporter)], ReceivedSampler::None);
    stage.receive(7).expect("room");
    let received = stage.pipeline.received(Signal::Spans);
    assert_eq!((received.received, received.sampled_out, received.accepted), (7, 7, 0));
}

#[tokio::test(start_paused = true)]
async fn what_is_recorded_is_in_the_intakes_account_and_in_every_lanes() {
    let exporters = [ScriptedExporter::new([], Act::Accept), ScriptedExporter::new([], Act::Reject)];
    let with_started = LaneSettings { subscription: Subscription::everything(), ..settings("a") };
    let stage = Stage::new(vec![(with_started, exporters[0].clone()), (settings("b"), exporters[1].clone())]);
    stage.record(600);
    stage.tracer.event("started").emit();
    stage.settle().await;
    let spans = stage.pipeline.recorded(Signal::Spans);
    let events = stage.pipeline.recorded(Signal::Events);
    assert!(spans.is_balanced() && events.is_balanced());
    // Started spans are rows of their own, taken in because one lane wants them.
    let started = stage.pipeline.recorded(Signal::StartedSpans).accepted;
    assert_eq!((spans.accepted, events.accepted, started), (600, 1, 600));
    assert_eq!(stage.ledger(0).delivered, 1201);
    assert_eq!(stage.ledger(1).rejected, 601);
    assert_eq!(stage.pipeline.lanes()[1].not_subscribed(), 600);
}
