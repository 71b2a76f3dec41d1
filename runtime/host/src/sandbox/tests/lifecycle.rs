//! Instances come and go: after a fault, when worn, when abandoned.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Wake, Waker},
    time::{Duration, Instant},
};

use spangate_core::exporter::{ExportError, ExportOutcome, Exporter, Fault, FaultKind};

use super::{
    super::{Health, SandboxExporter, body::Body, idle_calls::Idle, quarantine::Purpose},
    faults::sleeping,
    stage::{Guest, Stage, batch},
};

async fn export(exporter: &SandboxExporter) -> Result<ExportOutcome, ExportError> {
    exporter.export(batch(2), 1).await
}

#[tokio::test]
async fn after_a_fault_the_next_call_gets_a_fresh_and_configured_instance() {
    // Traps on the second call of an instance, and on any call of one without settings.
    let guest = Guest {
        export: "(if (i32.or (i32.ne (global.get $calls) (i32.const 1)) (i32.eqz (global.get $configured)))
                   (then (unreachable)))
                 (i32.const 240)",
        configure: "(global.set $configured (i32.const 1)) (i32.const 200)",
        more: "(global $configured (mut i32) (i32.const 0))",
        ..Guest::default()
    };
    let exporter = Stage::new().load(&guest).await;
    for _ in 0..3 {
        assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
        assert!(matches!(export(&exporter).await, Err(ExportError::Fault(_))));
    }
    let state = exporter.state();
    assert_eq!((state.health, state.rebuilds, state.instances), (Health::Suspect, 2, 0));
    assert_eq!(state.cost.memory_bytes, 0);
    assert_eq!(state.cost.rows, 12);
}

/// Exports until the exporter is in quarantine; a probe that slips in between makes the quarantine longer.
async fn reach_quarantine(exporter: &SandboxExporter) -> (Duration, String) {
    for _ in 0..10 {
        match export(exporter).await {
            Err(ExportError::Unavailable { delay, reason }) => return (delay, reason),
            Err(ExportError::Fault(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("no quarantine");
}

#[tokio::test]
async fn three_faults_in_a_row_lead_into_quarantine() {
    let stage = Stage::new();
    let exporter = stage.load(&Guest::exporting("(unreachable)")).await;
    let (delay, reason) = reach_quarantine(&exporter).await;
    assert!(delay > Duration::ZERO && delay <= Duration::from_secs(60), "{delay:?}");
    assert!(reason.contains(" faults in a row; the last: trapped: "), "{reason}");
    let state = exporter.state();
    assert!(matches!(state.health, Health::Quarantined { .. }));
    assert_eq!(state.faults, [(FaultKind::Trapped, state.cost.calls)]);
    assert!(stage.lines.has("billing: in quarantine for 1."));
}

#[tokio::test]
async fn a_worn_instance_that_spins_in_its_flush_withholds_no_outcome_and_ends_in_quarantine() {
    let mut stage = Stage::new();
    stage.config.limits.memory = 20 << 16;
    stage.config.limits.fuel_per_batch = 3_000_000;
    // Every instance is worn after its first call.
    let guest = Guest {
        export: "(drop (memory.grow (i32.const 16))) (i32.const 240)",
        flush: "(loop (br 0)) (unreachable)",
        ..Guest::default()
    };
    let exporter = stage.load(&guest).await;
    for _ in 0..3 {
        assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted), "delivered is delivered");
    }
    wait_until("the last flush", || exporter.state().recycles == 3 && exporter.state().instances == 0).await;
    wait_until("the quarantine", || matches!(exporter.state().health, Health::Quarantined { .. })).await;
    assert_eq!(exporter.state().faults, [(FaultKind::OutOfFuel, 3)]);
    assert!(matches!(export(&exporter).await, Err(ExportError::Unavailable { .. })));
    let (delay, _) = reach_quarantine(&exporter).await;
    tokio::time::sleep(delay).await;
    assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted), "it may deliver again");
    let is_back = || matches!(exporter.state().health, Health::Quarantined { .. });
    wait_until("the next flush sends it back at once", is_back).await;
}

#[tokio::test]
async fn after_quarantine_one_success_makes_it_healthy() {
    // Traps on batches of two rows.
    let guest = Guest::exporting(
        "(if (i32.eq (call $len (local.get $batch)) (i32.const 2)) (then (unreachable))) (i32.const 240)",
    );
    let exporter = Stage::new().load(&guest).await;
    let (delay, _) = reach_quarantine(&exporter).await;
    tokio::time::sleep(delay).await;
    assert_eq!(exporter.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
    assert_eq!(exporter.state().health, Health::Healthy);
}

/// Spins for ever on batches of nine rows, and accepts others.
const SPIN_ON_NINE: &str =
    "(if (i32.eq (call $len (local.get $batch)) (i32.const 9)) (then (loop (br 0)))) (i32.const 240)";

/// Waits until `is_true`, for a minute at most.
async fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_true() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn an_abandoned_call_ends_and_its_store_is_gone() {
    let mut stage = Stage::new();
    stage.config.limits.fuel_per_batch = u64::MAX;
    stage.config.limits.deadline = Duration::from_secs(3600);
    let exporter = stage.load(&Guest::exporting(SPIN_ON_NINE)).await;
    let before = exporter.state().cost.cpu;
    tokio::select! {
        outcome = exporter.export(batch(9), 1) => panic!("{outcome:?}"),
        () = wait_until("the call to spin", || exporter.state().cost.cpu > before + Duration::from_millis(1)) => {}
    }
    assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    wait_until("the store to go", || exporter.state().instances == 1).await;
    let state = exporter.state();
    assert_eq!(state.health, Health::Healthy);
    assert!(state.cost.fuel > 1_000, "an abandoned call is billed: {}", state.cost.fuel);
}

#[tokio::test]
async fn with_concurrency_a_call_that_lasts_holds_up_no_other() {
    let mut stage = Stage::new();
    stage.config.concurrency = 2;
    stage.config.limits.fuel_per_batch = u64::MAX;
    stage.config.limits.deadline = Duration::from_secs(3600);
    let exporter = stage.load(&Guest::exporting(SPIN_ON_NINE)).await;
    let other = async {
        wait_until("the first call to start", || exporter.state().cost.rows == 9).await;
        export(&exporter).await
    };
    tokio::select! {
        outcome = exporter.export(batch(9), 1) => panic!("{outcome:?}"),
        outcome = other => assert_eq!(outcome, Ok(ExportOutcome::Accepted)),
    }
}

#[tokio::test]
async fn a_panic_of_the_host_stays_in_the_call() {
    let guest = Guest {
        export: "(if (i32.eq (call $len (local.get $batch)) (i32.const 9))
                   (then (call $log (i32.const 2) (i32.const 3072) (i32.const 5))))
                 (i32.const 240)",
        more: r#"(data (i32.const 3072) "panic")"#,
        ..Guest::default()
    };
    let exporter = Stage::new().load(&guest).await;
    match exporter.export(batch(9), 1).await {
        Err(ExportError::Fault(fault)) => assert_eq!(fault.kind, FaultKind::HostError, "{fault}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
}

#[tokio::test]
async fn a_guest_that_leaks_memory_is_replaced_before_it_fails() {
    let mut stage = Stage::new();
    stage.config.limits.memory = 20 << 16;
    let guest = Guest::exporting(
        "(if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable))) (i32.const 240)",
    );
    let exporter = stage.load(&guest).await;
    for _ in 0..100 {
        assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    }
    let state = exporter.state();
    wait_until("the latest worn one", || exporter.state().recycles >= 5).await;
    assert_eq!((state.rebuilds, state.faults.len()), (0, 0));
}

#[tokio::test]
async fn a_guest_that_drops_no_handle_is_replaced_before_it_fails() {
    let exporter = Stage::new().load(&Guest::exporting("(i32.const 240)")).await;
    for _ in 0..1_200 {
        assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    }
    wait_until("the second worn one", || exporter.state().recycles == 2).await;
}

/// Says so when it is flushed.
const TELLS_OF_FLUSH: &str = "(call $log (i32.const 2) (i32.const 3072) (i32.const 7)) (i32.const 200)";

#[tokio::test]
async fn an_instance_that_has_nothing_to_do_is_flushed_and_dropped_and_the_next_call_makes_it_anew() {
    let stage = Stage::idling(Duration::from_millis(5));
    let guest = Guest { flush: TELLS_OF_FLUSH, more: r#"(data (i32.const 3072) "flushed")"#, ..Guest::default() };
    let exporter = stage.load(&guest).await;
    for _ in 0..2 {
        wait_until("the instance to go", || exporter.state().instances == 0).await;
        assert_eq!(exporter.state().cost.memory_bytes, 0);
        assert!(stage.lines.has("billing.guest: flushed"));
        stage.lines.0.lock().unwrap().clear();
        assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    }
    let state = exporter.state();
    assert_eq!((state.health, state.rebuilds, state.faults.len()), (Health::Healthy, 0, 0));
}

#[tokio::test]
async fn an_instance_that_has_something_to_do_is_not_idle_however_long_it_takes() {
    let mut stage = Stage::idling(Duration::from_millis(1));
    stage.config.limits.deadline = Duration::from_secs(60);
    // About 50 ms.
    let guest = Guest::exporting(
        "(loop $again
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 100000000))))
         (i32.const 240)",
    );
    let exporter = stage.load(&guest).await;
    assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    wait_until("the instance to go afterwards", || exporter.state().instances == 0).await;
}

#[tokio::test]
async fn an_instance_that_was_used_a_moment_ago_stays() {
    let exporter = Stage::idling(Duration::from_secs(3600)).load(&Guest::default()).await;
    for _ in 0..3 {
        assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(exporter.state().instances, 1);
    }
}

#[tokio::test]
async fn flush_tells_what_the_guest_says_and_is_no_fault() {
    let stage = Stage::new();
    let guest = Guest {
        flush: "(i32.store8 (i32.const 200) (i32.const 1)) (i32.store (i32.const 204) (i32.const 1024))
                (i32.store (i32.const 208) (i32.const 4)) (i32.const 200)",
        ..Guest::default()
    };
    let exporter = stage.load(&guest).await;
    exporter.flush().await.unwrap();
    assert!(stage.lines.has("billing: flush failed: test"));
}

#[tokio::test]
async fn a_guest_that_will_not_shut_down_is_stopped_and_nothing_follows() {
    let mut stage = Stage::new();
    stage.config.limits.fuel_per_batch = u64::MAX;
    stage.config.limits.deadline = Duration::from_millis(50);
    let exporter = stage.load(&Guest { shutdown: "(loop (br 0))", ..Guest::default() }).await;
    assert!(matches!(exporter.shutdown().await, Err(ExportError::Fault(_))));
    assert!(matches!(export(&exporter).await, Err(ExportError::Unavailable { .. })));
    assert_eq!(exporter.state().instances, 0);
}

#[tokio::test]
async fn a_call_that_outlasts_the_shutdown_keeps_no_instance() {
    // Waits for 50 ms in the host, and accepts.
    let guest = sleeping("(call $block (call $timer (i64.const 50000000))) (i32.const 240)");
    let exporter = Stage::new().load(&guest).await;
    let close = async {
        wait_until("the call to start", || exporter.state().cost.rows == 2).await;
        exporter.shutdown().await.unwrap();
    };
    let (outcome, ()) = tokio::join!(export(&exporter), close);
    assert_eq!(outcome, Ok(ExportOutcome::Accepted));
    let state = exporter.state();
    assert_eq!((state.instances, state.cost.memory_bytes), (0, 0));
}

#[tokio::test]
async fn a_sandbox_that_is_gone_makes_exporters_unavailable_not_wrong() {
    let stage = Stage::new();
    let exporter = stage.load(&Guest::default()).await;
    drop(stage);
    assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    let keep = Arc::clone(&exporter);
    drop(exporter);
    assert_eq!(export(&keep).await, Ok(ExportOutcome::Accepted));
}

/// Counts how often a task is woken.
#[derive(Default)]
struct Wakings(AtomicUsize);

impl Wake for Wakings {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn an_exporter_without_instances_is_never_woken_to_look_for_some() {
    let exporter = Stage::idling(Duration::from_millis(100)).load(&Guest::default()).await;
    let instance = exporter.body.take_idle().expect("the first instance");
    let wakings = Arc::new(Wakings::default());
    let waker = Waker::from(Arc::clone(&wakings));
    let mut retirement = Box::pin(Body::retire_idle(Arc::downgrade(&exporter.body)));
    assert!(retirement.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(wakings.0.load(SeqCst), 0);
    // One that has something to wait for has a timer.
    assert!(exporter.body.put_back(instance).is_none());
    let mut retirement = Box::pin(Body::retire_idle(Arc::downgrade(&exporter.body)));
    assert!(retirement.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(wakings.0.load(SeqCst) > 0);
}

#[tokio::test]
async fn a_tick_leaves_alone_what_comes_back_meanwhile() {
    let mut stage = Stage::new();
    stage.config.concurrency = 2;
    let exporter = stage.load(&Guest::default()).await;
    let first = exporter.body.take_idle().expect("the first instance");
    let second = exporter.body.take_instance().await.expect("another");
    for instance in [first, second] {
        assert!(exporter.body.put_back(instance).is_none());
    }
    let calls = || exporter.state().cost.calls;
    let before = calls();
    assert!(Arc::clone(&exporter.body).call_idle(Idle::Tick, 1).await.is_ok());
    assert_eq!((calls(), exporter.body.idle_count()), (before + 1, 2));
}

#[tokio::test]
async fn an_export_that_waited_for_a_call_that_led_into_quarantine_is_not_made() {
    let exporter = Stage::new().load(&Guest::exporting("(unreachable)")).await;
    let held = exporter.body.slots.acquire().await.expect("open");
    let mut waiting = Box::pin(export(&exporter));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    let fault = Fault { kind: FaultKind::Trapped, detail: String::new() };
    for _ in 0..3 {
        exporter.body.standing.admit().expect("not yet").fault(Purpose::Idle, &fault);
    }
    drop(held);
    assert!(matches!(waiting.await, Err(ExportError::Unavailable { .. })));
    assert_eq!(exporter.state().cost.calls, 0);
}
