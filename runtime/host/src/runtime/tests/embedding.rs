//! A runtime inside somebody else's program.

use std::{
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, sync_channel},
    },
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
};

use super::watch::{DEADLINE, Paused, Stuck, Watch, wait_until};
use crate::{
    NativeExporter, Runtime, Subscription,
    config::{Config, Sampler},
    telemetry::{LogRecord, LogSink, test_sink::Lines},
};

fn runtime(watch: &Arc<Watch>) -> Runtime {
    Runtime::builder().exporter("watch", watch.clone(), Subscription::spans()).start().expect("nothing is wrong")
}

#[test]
fn a_synchronous_main_records_flushes_and_shuts_down() {
    let watch = Arc::new(Watch::default());
    let runtime = runtime(&watch);
    let tracer = runtime.tracer("shop");
    tracer.span("one").start().end();
    assert!(runtime.flush(DEADLINE).is_complete);
    assert_eq!(watch.names(), ["one"]);
    tracer.span("two").start().end();
    let report = runtime.shutdown(DEADLINE);
    assert!(report.is_complete);
    assert_eq!(report.exporters[0].ledger.delivered, 2);
    assert_eq!(watch.names(), ["one", "two"]);
    assert_eq!(runtime.shutdown(DEADLINE), report, "a second shutdown gives the same report");
    assert_eq!(runtime.flush(DEADLINE), report);
}

#[tokio::test]
async fn a_runtime_lives_inside_a_current_thread_runtime_and_is_dropped_there() {
    let watch = Arc::new(Watch::default());
    let runtime = runtime(&watch);
    runtime.tracer("shop").span("one").start().end();
    assert!(runtime.flush_async(DEADLINE).await.is_complete);
    // The synchronous one blocks this thread, and only this thread.
    assert!(runtime.flush(DEADLINE).is_complete);
    assert_eq!(watch.names(), ["one"]);
    assert!(runtime.shutdown_async(DEADLINE).await.is_complete);
    drop(runtime);
    drop(self::runtime(&watch));
}

#[test]
fn two_runtimes_in_one_process_share_nothing() {
    let (left, right) = (Arc::new(Watch::default()), Arc::new(Watch::default()));
    let (first, second) = (runtime(&left), runtime(&right));
    first.tracer("a").span("left").start().end();
    second.tracer("b").span("right").start().end();
    first.shutdown(DEADLINE);
    second.tracer("b").span("later").start().end();
    second.shutdown(DEADLINE);
    assert_eq!(left.names(), ["left"]);
    assert_eq!(right.names(), ["right", "later"]);
}

#[test]
fn a_tracer_that_outlives_its_runtime_is_counted_and_harmless() {
    let watch = Arc::new(Watch::default());
    let runtime = runtime(&watch);
    let tracer = runtime.tracer("shop");
    runtime.shutdown(DEADLINE);
    tracer.span("late").start().end();
    let intake = runtime.status().intake;
    assert_eq!((intake.recorded, intake.dropped.get("shutdown")), (1, Some(&1)));
    assert!(intake.is_balanced);
    drop(runtime);
    tracer.span("later still").start().end();
}

#[test]
fn a_shutdown_with_a_stuck_exporter_tells_what_is_lost() {
    let watch = Arc::new(Watch::default());
    let runtime = Runtime::builder()
        .exporter("watch", watch.clone(), Subscription::spans())
        .exporter("stuck", Arc::new(Stuck), Subscription::spans())
        .start()
        .expect("nothing is wrong");
    for _ in 0..5 {
        runtime.tracer("shop").span("one").start().end();
    }
    let report = runtime.shutdown(Duration::from_millis(300));
    assert_eq!((report.is_complete, report.lost_rows()), (false, 5));
    assert_eq!(watch.names().len(), 5);
    let status = runtime.status();
    assert!(status.exporters.iter().all(|exporter| exporter.ledger.is_balanced));
    assert!(status.runtime.stopping && !status.runtime.ready);
    assert_eq!(status.exporters[1].ledger.dropped.get("shutdown"), Some(&5));
}

/// Rejects everything.
struct Fussy;

impl Exporter for Fussy {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async { Ok(ExportOutcome::Rejected { reason: "not today".to_owned() }) })
    }
}

/// Panics when it is told of a rejection.
struct Nervous;

impl LogSink for Nervous {
    fn log(&self, record: &LogRecord<'_>) {
        assert!(!record.message.to_string().contains("rejected"), "as told");
    }
}

#[test]
fn a_log_sink_that_panics_stops_no_exporter() {
    let builder = Runtime::builder().log(Arc::new(Nervous));
    let runtime = builder.exporter("fussy", Arc::new(Fussy), Subscription::spans()).start().expect("nothing is wrong");
    for batch in 1..=3 {
        runtime.tracer("shop").span("one").start().end();
        let report = runtime.flush(DEADLINE);
        assert_eq!((report.is_complete, report.exporters[0].ledger.rejected), (true, batch), "{report}");
    }
}

/// Blocks the thread that it is polled on until its sender is dropped.
struct Blocking(Mutex<Receiver<()>>);

impl Exporter for Blocking {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async {
            let _ = self.0.lock().unwrap().recv();
            Ok(ExportOutcome::Accepted)
        })
    }
}

#[tokio::test]
async fn an_exporter_that_blocks_its_thread_keeps_neither_another_nor_the_shutdown_waiting() {
    let (release, blocked) = sync_channel(0);
    let watch = Arc::new(Watch::default());
    let runtime = Runtime::builder()
        .exporter("blocking", Arc::new(Blocking(Mutex::new(blocked))), Subscription::spans())
        .exporter("watch", watch.clone(), Subscription::spans())
        .start()
        .expect("nothing is wrong");
    runtime.tracer("shop").span("one").start().end();
    let flushed = tokio::time::timeout(DEADLINE, runtime.flush_async(Duration::from_millis(200))).await;
    assert!(!flushed.expect("it ends").is_complete);
    wait_until("the other exporter's delivery", || watch.names() == ["one"]);
    let report = tokio::time::timeout(DEADLINE, runtime.shutdown_async(Duration::from_millis(100))).await;
    let report = report.expect("it ends, too");
    assert_eq!((report.is_complete, report.exporters[1].ledger.delivered), (false, 1), "{report}");
    drop(release);
}

/// Never comes back from a record.
struct Silent;

impl LogSink for Silent {
    fn log(&self, _: &LogRecord<'_>) {
        loop {
            std::thread::park();
        }
    }
}

#[test]
fn a_log_sink_that_blocks_for_ever_stops_no_exporter() {
    let watch = Arc::new(Watch::default());
    let mut builder = Runtime::builder().log(Arc::new(Silent));
    // More than there are threads for them.
    for number in 0..16 {
        builder = builder.exporter(format!("fussy{number}"), Arc::new(Fussy), Subscription::spans());
    }
    let runtime = builder.exporter("watch", watch.clone(), Subscription::spans()).start().expect("nothing is wrong");
    for batch in 1..=3 {
        runtime.tracer("shop").span("one").start().end();
        let report = runtime.flush(DEADLINE);
        assert!(report.is_complete, "{report}");
        assert!(report.exporters[..16].iter().all(|exporter| exporter.ledger.rejected == batch), "{report}");
        assert_eq!(watch.names().len() as u64, batch);
    }
    assert_eq!(runtime.shutdown(DEADLINE).waiting_rows(), 0);
}

/// Takes its time for every record.
#[derive(Default)]
struct Slow(Lines);

impl LogSink for Slow {
    fn log(&self, record: &LogRecord<'_>) {
        std::thread::sleep(Duration::from_millis(5));
        self.0.log(record);
    }
}

#[test]
fn the_last_lines_are_in_the_log_when_a_shutdown_or_a_drop_returns() {
    let fussy = |sink: &Arc<Slow>| {
        Runtime::builder().log(sink.clone()).exporter("fussy", Arc::new(Fussy), Subscription::spans())
    };
    let has = |sink: &Slow, word: &str| sink.0.messages().iter().any(|line| line.contains(word));
    for _ in 0..5 {
        let sink = Arc::new(Slow::default());
        let runtime = fussy(&sink).start().expect("nothing is wrong");
        runtime.tracer("shop").span("one").start().end();
        assert!(runtime.shutdown(DEADLINE).is_complete);
        assert!(has(&sink, "not today"), "{:?}", sink.0.in_full());

        let sink = Arc::new(Slow::default());
        let builder = Runtime::builder().log(sink.clone());
        let runtime = builder.exporter("stuck", Arc::new(Stuck), Subscription::spans()).start().expect("it starts");
        runtime.tracer("shop").span("one").start().end();
        assert!(!runtime.flush(Duration::from_millis(1)).is_complete);
        drop(runtime);
        assert!(has(&sink, "dropped without a shutdown: 1 rows are lost"), "{:?}", sink.0.in_full());
    }
}

#[test]
fn an_exporter_that_asks_for_ticks_gets_them() {
    let watch = Arc::new(Watch::default());
    let exporter = NativeExporter::new(watch.clone(), Subscription::spans()).tick_interval(Duration::from_millis(10));
    let runtime = Runtime::builder().native_exporter("watch", exporter).start().expect("nothing is wrong");
    wait_until("the second tick", || watch.ticks() >= 2);
    runtime.shutdown(DEADLINE);
}

#[test]
fn a_paused_exporter_makes_the_runtime_unready_only_if_it_is_required() {
    for is_required in [false, true] {
        let exporter = NativeExporter::new(Arc::new(Paused), Subscription::spans());
        let exporter = if is_required { exporter.required() } else { exporter };
        let runtime = Runtime::builder().native_exporter("x", exporter).start().expect("nothing is wrong");
        assert!(runtime.status().runtime.ready);
        runtime.tracer("shop").span("one").start().end();
        runtime.flush(Duration::from_millis(200));
        let status = runtime.status();
        assert_eq!(status.exporters[0].state, "paused");
        assert_eq!(status.exporters[0].paused.as_deref(), Some("the backend wants another key"));
        let refusal = status.exporters[0].last_refusal.as_ref().expect("an answer");
        assert_eq!((refusal.outcome, refusal.reason.as_str()), ("unavailable", "the backend wants another key"));
        assert_eq!(status.runtime.ready, !is_required);
        let said = status.runtime.reasons.join("\n");
        assert_eq!(said.contains("the required exporter x is paused: the backend wants another key"), is_required);
        assert_eq!(status.exporters[0].ledger.queued, 1);
    }
}

#[test]
fn after_many_threads_recorded_at_once_every_span_is_in_exactly_one_place() {
    let watch = Arc::new(Watch::default());
    let mut config = Config { sampler: Sampler::ParentBased { ratio: 0.5 }, ..Config::default() };
    config.batch.schedule_delay = Duration::from_millis(5);
    let runtime = Runtime::builder()
        .config(config)
        .exporter("watch", watch.clone(), Subscription::spans())
        .start()
        .expect("nothing is wrong");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let tracer = runtime.tracer("thread");
                for _ in 0..5000 {
                    let parent = tracer.span("parent").start();
                    tracer.span("child").child_of(&parent).start().end();
                }
            });
        }
    });
    let report = runtime.shutdown(DEADLINE);
    let status = runtime.status();
    let (intake, ledger) = (&status.intake, &report.exporters[0].ledger);
    assert_eq!(intake.recorded, 40_000);
    assert!(intake.is_balanced && ledger.is_balanced(), "{intake:?} {ledger:?}");
    assert_eq!(ledger.accepted, intake.accepted, "what was taken in was offered");
    assert_eq!(ledger.delivered, watch.names().len() as u64);
    assert_eq!(ledger.accepted, ledger.delivered + ledger.dropped_total());
    assert!(intake.sampled_out > 0 && intake.sampled_out % 2 == 0, "children follow their parents: {intake:?}");
}
