//! CPU time as a budget: what stands still while others compute, and what a thread or a call takes with it.

use std::time::Duration;

use spangate_core::exporter::{ExportError, ExportOutcome, Exporter, FaultKind};

use super::{
    super::Health,
    stage::{Guest, Stage, batch},
};

/// Says `$word`, five letters, to the host for a batch of nine rows, and traps at one of eight.
fn saying(word: &'static str) -> Guest {
    Guest {
        export: "(if (i32.eq (call $len (local.get $batch)) (i32.const 9))
                   (then (call $log (i32.const 2) (i32.const 3072) (i32.const 5)) (return (i32.const 240))))
                 (if (i32.eq (call $len (local.get $batch)) (i32.const 8)) (then (unreachable)))
                 (loop $again
                   (local.set $i (i32.add (local.get $i) (i32.const 1)))
                   (br_if $again (i32.lt_u (local.get $i) (i32.const 1000000))))
                 (i32.const 240)",
        more: word,
        ..Guest::default()
    }
}

const PANIC: &str = r#"(data (i32.const 3072) "panic")"#;
const BLOCK: &str = r#"(data (i32.const 3072) "block")"#;
const BURNS: &str = r#"(data (i32.const 3072) "burns")"#;

async fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    for _ in 0..60_000 {
        if is_true() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("{what}");
}

#[tokio::test]
async fn a_panic_of_the_host_gives_the_only_thread_back() {
    let stage = Stage::with_threads(1);
    let (bad, good) = (stage.load(&saying(PANIC)).await, stage.load(&Guest::default()).await);
    match bad.export(batch(9), 1).await {
        Err(ExportError::Fault(fault)) => assert_eq!(fault.kind, FaultKind::HostError, "{fault}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(good.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
    assert_eq!(bad.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
    assert_eq!(good.cpu().calls_waiting, 0);
    assert!(good.cpu().cpu >= bad.state().cost.cpu + good.state().cost.cpu);
}

#[tokio::test]
async fn a_thread_that_never_comes_back_takes_neither_the_budget_nor_the_turns_of_others() {
    let stage = Stage::with_threads(2);
    let (bad, good) = (stage.load(&saying(BLOCK)).await, stage.load(&saying(BURNS)).await);
    let blocked = tokio::spawn(async move { bad.export(batch(9), 1).await });
    wait_until("the thread to be blocked", || stage.lines.blocked() == 1).await;
    for _ in 0..100 {
        assert_eq!(good.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
    }
    assert!(!blocked.is_finished());
    stage.lines.unblock();
    assert_eq!(blocked.await.unwrap(), Ok(ExportOutcome::Accepted));
    assert_eq!(good.cpu().calls_waiting, 0);
}

#[tokio::test]
async fn a_call_that_nothing_ends_is_given_up_and_is_a_fault_of_its_exporter() {
    let stage = Stage::with_threads(2);
    let exporter = stage.load(&saying(BLOCK)).await;
    // Time passes at once while this thread has nothing to do.
    tokio::time::pause();
    match exporter.export(batch(9), 1).await {
        Err(ExportError::Fault(fault)) => {
            assert_eq!(fault.kind, FaultKind::DeadlineExceeded);
            let longest = exporter.longest_call();
            let detail = format!("given up after {longest:?}, waiting for CPU time included");
            assert_eq!(fault.detail, detail);
        }
        other => panic!("{other:?}"),
    }
    let state = exporter.state();
    assert_eq!(state.health, Health::Suspect, "the sandbox does not know of it");
    assert_eq!(state.faults, [(FaultKind::DeadlineExceeded, 1)]);
    stage.lines.unblock();
}

#[tokio::test]
async fn what_loading_computes_is_taken_from_the_budget_of_all_and_not_from_the_own_share() {
    let guest = Guest {
        configure: "(local $i i32)
                    (loop $again
                      (local.set $i (i32.add (local.get $i) (i32.const 1)))
                      (br_if $again (i32.lt_u (local.get $i) (i32.const 1000000))))
                    (i32.const 200)",
        ..Guest::default()
    };
    let exporter = Stage::with_threads(1).load(&guest).await;
    assert!(exporter.cpu().cpu > Duration::ZERO);
    assert_eq!((exporter.state().cost.cpu, exporter.state().cost.cpu_debt), (Duration::ZERO, Duration::ZERO));
}

#[tokio::test]
async fn a_call_may_take_as_long_as_its_part_of_the_share_and_of_the_budget_of_all_takes() {
    let mut stage = Stage::with_threads(1);
    stage.config.limits.cpu_share = 0.5;
    let alone = stage.load(&Guest::default()).await;
    assert_eq!(alone.longest_call().as_secs(), 100);
    stage.config.concurrency = 4;
    let side_by_side = stage.load(&Guest::default()).await;
    assert_eq!(
        side_by_side.longest_call().as_secs(),
        460,
        "and its calls count fourfold beside the short ones of a neighbour"
    );
    stage.config.limits.weight = 9_800;
    let _heavy = stage.load(&Guest::default()).await;
    assert_eq!(alone.longest_call().as_secs(), 8_000, "a heavy neighbour may leave it a 397th of a core");
}

#[tokio::test]
async fn what_its_slices_taught_outlives_an_instance() {
    let trap = "(loop $again
                   (local.set $i (i32.add (local.get $i) (i32.const 1)))
                   (br_if $again (i32.lt_u (local.get $i) (i32.const 1000000))))
                 (unreachable)";
    let exporter = Stage::with_threads(2).load(&Guest { export: trap, ..Guest::default() }).await;
    let interval = || exporter.body.parts.totals.interval.get();
    let unknown = interval();
    // Fast fuel, and the instance is lost with the call.
    assert!(matches!(exporter.export(batch(9), 1).await, Err(ExportError::Fault(_))));
    assert_eq!(exporter.state().instances, 0);
    assert!(interval() >= 4 * unknown, "{unknown} before, {} afterwards", interval());
}
