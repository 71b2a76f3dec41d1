//! Instances come and go: after a fault, when worn, when abandoned.

use std::{sync::Arc, time::Duration};

use spangate_core::exporter::{ExportError, ExportOutcome, Exporter, FaultKind};

use super::{
    super::{Health, SandboxExporter},
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

#[tokio::test]
async fn three_faults_in_a_row_lead_into_quarantine() {
    let stage = Stage::new();
    let exporter = stage.load(&Guest::exporting("(unreachable)")).await;
    for _ in 0..3 {
        assert!(matches!(export(&exporter).await, Err(ExportError::Fault(_))));
    }
    assert!(matches!(exporter.state().health, Health::Quarantined { .. }));
    let Err(ExportError::Unavailable { delay, reason }) = export(&exporter).await else { panic!("not in quarantine") };
    assert!(delay > Duration::ZERO && delay <= Duration::from_secs(2), "{delay:?}");
    assert!(reason.contains("after 3 faults in a row; the last: trapped: "), "{reason}");
    assert_eq!(exporter.state().cost.calls, 3);
    assert!(stage.lines.has("billing: in quarantine for 1."));
}

#[tokio::test]
async fn after_quarantine_one_call_probes() {
    // Traps on batches of two rows.
    let guest = Guest::exporting(
        "(if (i32.eq (call $len (local.get $batch)) (i32.const 2)) (then (unreachable))) (i32.const 240)",
    );
    let exporter = Stage::new().load(&guest).await;
    let wait = async || match exporter.export(batch(1), 1).await {
        Err(ExportError::Unavailable { delay, .. }) => tokio::time::sleep(delay).await,
        other => panic!("not in quarantine: {other:?}"),
    };
    for _ in 0..3 {
        assert!(matches!(export(&exporter).await, Err(ExportError::Fault(_))));
    }
    wait().await;
    assert_eq!(exporter.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
    assert_eq!(exporter.state().health, Health::Healthy);
}

#[tokio::test]
async fn an_abandoned_call_ends_and_its_store_is_gone() {
    let mut stage = Stage::new();
    stage.config.limits.fuel_per_batch = u64::MAX;
    let guest = Guest::exporting(
        "(if (i32.ne (call $len (local.get $batch)) (i32.const 2)) (then (loop (br 0)))) (i32.const 240)",
    );
    let exporter = stage.load(&guest).await;
    let abandoned = tokio::time::timeout(Duration::from_millis(20), exporter.export(batch(9), 1)).await;
    assert!(abandoned.is_err());
    assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while exporter.state().instances != 1 {
        assert!(std::time::Instant::now() < deadline, "{:?}", exporter.state());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let state = exporter.state();
    assert_eq!(state.health, Health::Healthy);
    assert!(state.cost.fuel > 1_000_000, "an abandoned call is billed: {}", state.cost.fuel);
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
    assert!(state.recycles >= 5, "{}", state.recycles);
    assert_eq!((state.rebuilds, state.faults.len()), (0, 0));
}

#[tokio::test]
async fn a_guest_that_drops_no_handle_is_replaced_before_it_fails() {
    let exporter = Stage::new().load(&Guest::exporting("(i32.const 240)")).await;
    for _ in 0..1_200 {
        assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    }
    assert_eq!(exporter.state().recycles, 2);
}

#[tokio::test]
async fn with_concurrency_two_calls_run_at_once() {
    let mut stage = Stage::new();
    stage.config.concurrency = 2;
    // Spins until the other call has been made: no instance can see that, so both just burn some fuel.
    let guest = Guest::exporting(
        "(loop $again
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 10000000))))
         (i32.const 240)",
    );
    let exporter = stage.load(&guest).await;
    let (left, right) = tokio::join!(exporter.export(batch(1), 1), exporter.export(batch(1), 1));
    assert_eq!((left, right), (Ok(ExportOutcome::Accepted), Ok(ExportOutcome::Accepted)));
    assert_eq!(exporter.state().instances, 2);
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
async fn a_sandbox_that_is_gone_makes_exporters_unavailable_not_wrong() {
    let stage = Stage::new();
    let exporter = stage.load(&Guest::default()).await;
    drop(stage);
    assert_eq!(export(&exporter).await, Ok(ExportOutcome::Accepted));
    let keep = Arc::clone(&exporter);
    drop(exporter);
    assert_eq!(export(&keep).await, Ok(ExportOutcome::Accepted));
}
