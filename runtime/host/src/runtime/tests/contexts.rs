//! Where a runtime is flushed, shut down and dropped: every kind of thread an embedder may be on.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Barrier, Mutex, OnceLock},
    thread,
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    clock::ManualClock,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
};

use super::watch::{DEADLINE, Stuck, Watch, wait_until};
use crate::{Report, Runtime, ShutdownGuard, Subscription, config::Config, telemetry::test_sink::Lines};

fn runtime(watch: &Arc<Watch>) -> Runtime {
    Runtime::builder().exporter("watch", watch.clone(), Subscription::spans()).start().expect("nothing is wrong")
}

fn guarded(watch: &Arc<Watch>) -> ShutdownGuard {
    runtime(watch).shutdown_on_drop(DEADLINE)
}

/// Records one span and drops a guard, here; the span has arrived afterwards.
fn record_and_drop() {
    let watch = Arc::new(Watch::default());
    let guard = guarded(&watch);
    guard.tracer("shop").span("one").start().end();
    drop(guard);
    assert_eq!(watch.names(), ["one"]);
}

#[test]
fn a_guard_delivers_when_the_scope_ends_and_tells_what_became_of_it() {
    let (watch, told) = (Arc::new(Watch::default()), Arc::new(Mutex::new(None)));
    {
        let told = told.clone();
        let guard = guarded(&watch).on_report(move |report| *told.lock().unwrap() = Some(report.clone()));
        guard.tracer("shop").span("one").start().end();
    }
    let report: Report = told.lock().unwrap().take().expect("a report");
    assert!(report.is_complete);
    assert_eq!(report.to_string(), "the one row was delivered\n  watch: 1 of 1 delivered");
}

#[test]
fn a_guard_that_could_not_deliver_says_so_in_one_line_of_the_log() {
    let lines = Arc::new(Lines::default());
    let builder = Runtime::builder().log(lines.clone()).exporter("stuck", Arc::new(Stuck), Subscription::spans());
    let guard = builder.start().expect("nothing is wrong").shutdown_on_drop(Duration::from_millis(50));
    guard.tracer("shop").span("one").start().end();
    drop(guard);
    let said = lines.messages().join("|");
    assert!(said.contains("shut down: 1 of 1 rows were not delivered;  stuck: 0 of 1 delivered, 1 dropped"), "{said}");
    assert!(!said.contains('\n'), "{said}");
}

#[test]
fn a_guard_delivers_while_a_panic_unwinds() {
    let watch = Arc::new(Watch::default());
    let result = catch_unwind(AssertUnwindSafe(|| {
        let guard = guarded(&watch);
        let _span = guard.tracer("shop").span("interrupted").start();
        panic!("as told");
    }));
    assert!(result.is_err());
    assert_eq!(watch.names(), ["interrupted"], "locals are dropped in reverse: first the span, then the guard");
}

#[test]
fn a_guard_is_dropped_in_a_synchronous_main() {
    record_and_drop();
}

#[tokio::test]
async fn a_guard_is_dropped_inside_a_current_thread_runtime() {
    record_and_drop();
    tokio::task::LocalSet::new()
        .run_until(async { tokio::task::spawn_local(async { record_and_drop() }).await })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_guard_is_dropped_inside_a_multi_thread_runtime() {
    record_and_drop();
    tokio::spawn(async { record_and_drop() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_is_dropped_on_a_thread_for_blocking_work() {
    #[expect(clippy::disallowed_methods, reason = "one call, bounded by the deadline: it is what is tested")]
    tokio::task::spawn_blocking(record_and_drop).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_lives_inside_a_multi_thread_runtime_and_is_dropped_there() {
    let watch = Arc::new(Watch::default());
    let runtime = Arc::new(runtime(&watch));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let runtime = runtime.clone();
            tokio::spawn(async move { runtime.tracer("task").span("one").start().end() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(runtime.flush_async(DEADLINE).await.is_complete);
    assert!(runtime.flush(DEADLINE).is_complete);
    assert!(runtime.shutdown_async(DEADLINE).await.is_complete);
    drop(runtime);
    drop(self::runtime(&watch));
    assert_eq!(watch.names().len(), 8);
}

#[test]
fn several_threads_that_shut_down_at_once_all_get_the_one_report() {
    for _ in 0..20 {
        let watch = Arc::new(Watch::default());
        let runtime = runtime(&watch);
        runtime.tracer("shop").span("one").start().end();
        let together = Barrier::new(4);
        let reports: Vec<Report> = thread::scope(|scope| {
            let shut_down = || {
                together.wait();
                runtime.shutdown(DEADLINE)
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(shut_down)).collect();
            threads.into_iter().map(|thread| thread.join().expect("a report")).collect()
        });
        assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
        assert!(reports[0].is_complete, "{}", reports[0]);
        assert_eq!(watch.names(), ["one"]);
    }
}

#[test]
fn a_shutdown_with_less_patience_does_not_cut_short_one_with_more() {
    /// Answers when it is let go.
    struct Slow(Arc<tokio::sync::Notify>);
    impl Exporter for Slow {
        fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
            Box::pin(async {
                self.0.notified().await;
                Ok(ExportOutcome::Accepted)
            })
        }
    }
    let release = Arc::new(tokio::sync::Notify::new());
    let exporter = Arc::new(Slow(release.clone()));
    let runtime =
        Runtime::builder().exporter("slow", exporter, Subscription::spans()).start().expect("nothing is wrong");
    runtime.tracer("shop").span("one").start().end();
    thread::scope(|scope| {
        let patient = scope.spawn(|| runtime.shutdown(DEADLINE));
        wait_until("the first shutdown", || runtime.status().runtime.stopping);
        let impatient = scope.spawn(|| runtime.shutdown(Duration::ZERO));
        let impatient = impatient.join().expect("a report");
        assert!(!impatient.is_complete, "{impatient}");
        release.notify_one();
        assert!(patient.join().expect("a report").is_complete);
    });
}

/// Flushes the runtime that calls it.
#[derive(Default)]
struct Inward {
    runtime: OnceLock<Arc<Runtime>>,
    reports: Mutex<Vec<Report>>,
}

impl Exporter for Inward {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let runtime = self.runtime.get().expect("set before the first span");
        self.reports.lock().unwrap().extend([runtime.flush(DEADLINE), runtime.shutdown(DEADLINE)]);
        Box::pin(async { Ok(ExportOutcome::Accepted) })
    }
}

#[test]
fn a_flush_on_the_runtimes_own_thread_does_not_wait_for_itself() {
    let inward = Arc::new(Inward::default());
    let builder = Runtime::builder().exporter("inward", inward.clone(), Subscription::spans());
    let runtime = Arc::new(builder.start().expect("nothing is wrong"));
    assert!(inward.runtime.set(runtime.clone()).is_ok());
    runtime.tracer("shop").span("one").start().end();
    assert!(runtime.flush(DEADLINE).is_complete);
    let reports = inward.reports.lock().unwrap();
    assert!(reports.len() == 2 && reports.iter().all(|report| !report.is_complete), "{reports:?}");
}

#[test]
fn a_runtime_in_a_static_is_shut_down_by_hand() {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let watch = Arc::new(Watch::default());
    RUNTIME.get_or_init(|| runtime(&watch)).tracer("shop").span("one").start().end();
    let report = RUNTIME.get().expect("set").shutdown(DEADLINE);
    assert!(report.is_complete, "{report}");
    assert_eq!(watch.names(), ["one"]);
}

#[test]
fn spans_of_a_clock_that_stands_still_are_delivered_all_the_same() {
    let watch = Arc::new(Watch::default());
    let mut config = Config::default();
    config.batch.schedule_delay = Duration::from_millis(10);
    let runtime = Runtime::builder()
        .config(config)
        .clock(Arc::new(ManualClock::at_unix_nanos(5)))
        .exporter("watch", watch.clone(), Subscription::spans())
        .start()
        .expect("nothing is wrong");
    runtime.tracer("shop").span("one").start().end();
    wait_until("the delivery", || watch.names() == ["one"]);
}
