//! Every fault, by a guest that commits it.

use std::time::Duration;

use spangate_core::exporter::{ExportError, ExportOutcome, Exporter, FaultKind};

use super::stage::{Guest, Stage, batch};
use crate::config::Limits;

const SPIN: &str = "(loop (br 0)) (unreachable)";

/// `wasi:io/poll` and a clock to wait for.
pub(super) fn sleeping(export: &'static str) -> Guest {
    Guest {
        export,
        imports: r#"
          (import "wasi:io/poll@0.2.0" (instance $poll-api
            (export "pollable" (type $pollable (sub resource)))
            (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
            (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
          (alias export $poll-api "pollable" (type $pollable))
          (import "wasi:clocks/monotonic-clock@0.2.0" (instance $timer-api
            (alias outer 1 $pollable (type $outer-pollable))
            (export "pollable" (type $pollable (eq $outer-pollable)))
            (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))"#,
        lowered: r#"
          (core func $block (canon lower (func $poll-api "[method]pollable.block")))
          (core func $poll (canon lower (func $poll-api "poll") (memory $memory) (realloc $realloc)))
          (core func $timer (canon lower (func $timer-api "subscribe-duration")))"#,
        given: r#"(export "block" (func $block)) (export "timer" (func $timer)) (export "poll" (func $poll))"#,
        taken: r#"
          (import "env" "block" (func $block (param i32)))
          (import "env" "timer" (func $timer (param i64) (result i32)))
          (import "env" "poll" (func $poll (param i32 i32 i32)))"#,
        ..Guest::default()
    }
}

#[tokio::test]
async fn a_guest_that_loops_runs_out_of_fuel() {
    let mut stage = Stage::new();
    stage.config.limits.fuel_per_batch = 10_000_000;
    let fault = stage.fault(&Guest::exporting(SPIN)).await;
    assert_eq!(fault.kind, FaultKind::OutOfFuel);
    assert!(fault.detail.starts_with("used its 10000000 units of fuel (limits.fuel_per_batch)"), "{fault}");
}

#[tokio::test]
async fn the_fuel_limit_holds_at_its_edge() {
    let guest = Guest::exporting(
        "(loop $again
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 1000))))
         (i32.const 240)",
    );
    let mut stage = Stage::new();
    let exporter = stage.load(&guest).await;
    exporter.export(batch(1), 1).await.unwrap();
    let needed = exporter.state().cost.fuel;
    assert!(needed > 1_000);
    stage.config.limits.fuel_per_batch = needed;
    assert_eq!(stage.export(&guest).await, Ok(ExportOutcome::Accepted));
    // Fuel is looked at where a loop starts again, so a few instructions after the last loop are not.
    stage.config.limits.fuel_per_batch = needed - 20;
    stage.expect_fault(&guest, FaultKind::OutOfFuel).await;
}

#[tokio::test]
async fn a_guest_that_spins_past_its_deadline_is_stopped() {
    let mut stage = Stage::new();
    stage.config.limits =
        Limits { fuel_per_batch: u64::MAX, deadline: Duration::from_millis(50), ..stage.config.limits };
    let fault = stage.fault(&Guest::exporting(SPIN)).await;
    assert_eq!(fault.kind, FaultKind::DeadlineExceeded);
    assert!(fault.detail.starts_with("not done after 50ms (limits.deadline)"), "{fault}");
}

#[tokio::test]
async fn a_guest_that_only_calls_the_host_is_stopped_too() {
    let mut stage = Stage::new();
    stage.config.limits =
        Limits { fuel_per_batch: u64::MAX, deadline: Duration::from_millis(50), ..stage.config.limits };
    let guest = Guest::exporting("(loop (drop (call $now)) (br 0)) (unreachable)");
    stage.expect_fault(&guest, FaultKind::DeadlineExceeded).await;
}

#[tokio::test]
async fn a_guest_that_sleeps_in_a_host_call_is_stopped() {
    let mut stage = Stage::new();
    stage.config.limits.deadline = Duration::from_millis(50);
    let guest = sleeping("(call $block (call $timer (i64.const -1))) (i32.const 240)");
    stage.expect_fault(&guest, FaultKind::DeadlineExceeded).await;
}

#[tokio::test]
async fn a_short_sleep_is_no_fault() {
    let guest = sleeping("(call $block (call $timer (i64.const 1000000))) (i32.const 240)");
    assert_eq!(Stage::new().export(&guest).await, Ok(ExportOutcome::Accepted));
}

#[tokio::test]
async fn host_calls_with_long_lists_pay_for_them() {
    let guest = sleeping(
        "(local.set $i (call $timer (i64.const 0)))
         (loop $fill
           (i32.store (i32.add (i32.const 65536) (global.get $kept)) (local.get $i))
           (global.set $kept (i32.add (global.get $kept) (i32.const 4)))
           (br_if $fill (i32.lt_u (global.get $kept) (i32.const 4000))))
         (call $poll (i32.const 65536) (i32.const 1000) (i32.const 4096))
         (i32.const 240)",
    );
    let mut stage = Stage::new();
    stage.config.limits.fuel_per_batch = 900_000;
    stage.expect_fault(&guest, FaultKind::OutOfFuel).await;
    stage.config.limits.fuel_per_batch = 1_200_000;
    assert_eq!(stage.export(&guest).await, Ok(ExportOutcome::Accepted));
}

#[tokio::test]
async fn randomness_costs_fuel_by_the_byte() {
    let guest = Guest {
        export: "(call $random (i64.const 60000) (i32.const 4096)) (i32.const 240)",
        imports: r#"(import "wasi:random/random@0.2.3" (instance $random-api
            (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))"#,
        lowered: r#"(core func $random
            (canon lower (func $random-api "get-random-bytes") (memory $memory) (realloc $realloc)))"#,
        given: r#"(export "random" (func $random))"#,
        taken: r#"(import "env" "random" (func $random (param i64 i32)))"#,
        ..Guest::default()
    };
    let mut stage = Stage::new();
    stage.config.limits.fuel_per_batch = 5_000_000;
    stage.expect_fault(&guest, FaultKind::OutOfFuel).await;
    stage.config.limits.fuel_per_batch = 7_000_000;
    assert_eq!(stage.export(&guest).await, Ok(ExportOutcome::Accepted));
}

#[tokio::test]
async fn a_guest_that_gives_up_without_memory_is_out_of_memory() {
    let mut stage = Stage::new();
    stage.config.limits.memory = 4 << 20;
    let guest = Guest { export: "(call $bomb) (unreachable)", ..bomb() };
    let fault = stage.fault(&guest).await;
    assert_eq!(fault.kind, FaultKind::OutOfMemory);
    assert!(fault.detail.starts_with("asked for 4.1 MiB of memory, allowed are 4.0 MiB (limits.memory)"), "{fault}");
}

/// Its `$bomb` grows page by page until it is refused.
fn bomb() -> Guest {
    let more = "(func $bomb (loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))))";
    Guest { more, ..Guest::default() }
}

#[tokio::test]
async fn a_guest_that_lives_with_less_memory_goes_on() {
    let mut stage = Stage::new();
    stage.config.limits.memory = 4 << 20;
    let guest = Guest { export: "(call $bomb) (i32.const 240)", ..bomb() };
    let exporter = stage.load(&guest).await;
    assert_eq!(exporter.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
    assert_eq!(exporter.state().cost.memory_peak_bytes, 4 << 20);
    assert!(exporter.state().faults.is_empty());
}

#[tokio::test]
async fn the_memory_limit_holds_at_its_edge() {
    let mut stage = Stage::new();
    stage.config.limits.memory = 10 << 16;
    for (pages, outcome) in [(7, true), (8, true), (9, false)] {
        let export = match pages {
            7 => "(if (i32.eq (memory.grow (i32.const 7)) (i32.const -1)) (then (unreachable))) (i32.const 240)",
            8 => "(if (i32.eq (memory.grow (i32.const 8)) (i32.const -1)) (then (unreachable))) (i32.const 240)",
            _ => "(if (i32.eq (memory.grow (i32.const 9)) (i32.const -1)) (then (unreachable))) (i32.const 240)",
        };
        assert_eq!(stage.export(&Guest::exporting(export)).await.is_ok(), outcome, "{pages} pages");
    }
}

#[tokio::test]
async fn a_table_that_grows_past_its_limit_is_refused_and_the_guest_goes_on() {
    let guest = Guest {
        export: "(if (i32.eq (table.grow (ref.null func) (i32.const 19999)) (i32.const -1)) (then (unreachable)))
                 (if (i32.ne (table.grow (ref.null func) (i32.const 1)) (i32.const -1)) (then (unreachable)))
                 (i32.const 240)",
        more: "(table 1 funcref)",
        ..Guest::default()
    };
    assert_eq!(Stage::new().export(&guest).await, Ok(ExportOutcome::Accepted));
}

#[tokio::test]
async fn growing_a_table_by_billions_costs_more_fuel_than_there_is() {
    let guest = Guest {
        export: "(drop (table.grow (ref.null func) (i32.const -1))) (i32.const 240)",
        more: "(table 1 funcref)",
        ..Guest::default()
    };
    Stage::new().expect_fault(&guest, FaultKind::OutOfFuel).await;
}

#[tokio::test]
async fn traps_are_told_with_their_cause_and_place() {
    let stage = Stage::new();
    for (export, cause) in [
        ("(unreachable)", "unreachable"),
        ("(i32.div_s (i32.const 1) (i32.const 0))", "divide by zero"),
        ("(i32.load (i32.const -4))", "out of bounds memory access"),
        ("(call $export (local.get $batch))", "call stack exhausted"),
    ] {
        let fault = stage.fault(&Guest::exporting(export)).await;
        assert_eq!(fault.kind, FaultKind::Trapped, "{fault}");
        assert!(fault.detail.contains(cause), "{fault}");
        assert!(fault.detail.contains("; in export"), "{fault}");
    }
}

#[tokio::test]
async fn replies_against_the_contract_are_bad_replies() {
    let stage = Stage::new();
    for (what, export) in [
        ("an outcome of no known case", "(i32.store8 (i32.const 240) (i32.const 9)) (i32.const 240)"),
        ("a pointer to nowhere", "(i32.const -8)"),
        ("a pointer out of line", "(i32.const 241)"),
        (
            "a text out of bounds",
            "(i32.store8 (i32.const 240) (i32.const 3)) (i32.store (i32.const 244) (i32.const 0))
             (i32.store (i32.const 248) (i32.const -1)) (i32.const 240)",
        ),
        (
            "a text that is none",
            "(i32.store8 (i32.const 240) (i32.const 3)) (i32.store (i32.const 244) (i32.const 4096))
             (i32.store8 (i32.const 4096) (i32.const 255))
             (i32.store (i32.const 248) (i32.const 1)) (i32.const 240)",
        ),
        (
            "a text of nine megabytes",
            "(drop (memory.grow (i32.const 200)))
             (i32.store8 (i32.const 240) (i32.const 3)) (i32.store (i32.const 244) (i32.const 4096))
             (i32.store (i32.const 248) (i32.const 9437184)) (i32.const 240)",
        ),
        (
            "more payloads than allowed",
            "(loop $again
               (drop (call $to-payload (local.get $batch) (i32.const 0) (i32.const 0) (i32.const 0)))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if $again (i32.lt_u (local.get $i) (i32.const 257))))
             (i32.const 240)",
        ),
        ("a handle it was never given", "(drop (call $len (i32.const 77))) (i32.const 240)"),
    ] {
        let fault = stage.fault(&Guest::exporting(export)).await;
        assert_eq!(fault.kind, FaultKind::BadReply, "{what}: {fault}");
    }
}

#[tokio::test]
async fn as_many_payloads_as_allowed_are_no_fault() {
    let guest = Guest::exporting(
        "(loop $again
           (drop (call $to-payload (local.get $batch) (i32.const 1) (i32.const 1) (i32.const 1)))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 256))))
         (i32.const 240)",
    );
    assert_eq!(Stage::new().export(&guest).await, Ok(ExportOutcome::Accepted));
}

#[tokio::test]
async fn a_batch_used_after_its_call_is_stale() {
    let guest = Guest::exporting(
        "(if (i32.eq (global.get $calls) (i32.const 1))
           (then (global.set $kept (local.get $batch)))
           (else (drop (call $len (global.get $kept)))))
         (i32.const 240)",
    );
    let exporter = Stage::new().load(&guest).await;
    exporter.export(batch(1), 1).await.unwrap();
    match exporter.export(batch(1), 1).await {
        Err(ExportError::Fault(fault)) => assert_eq!(fault.kind, FaultKind::StaleBatch, "{fault}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_payload_used_after_its_call_is_stale() {
    let guest = Guest::exporting(
        "(if (i32.eq (global.get $calls) (i32.const 1))
           (then (global.set $kept (call $to-payload (local.get $batch) (i32.const 0) (i32.const 0) (i32.const 0)))
                 (if (i64.eqz (call $payload-len (global.get $kept))) (then (unreachable))))
           (else (drop (call $payload-len (global.get $kept)))))
         (i32.const 240)",
    );
    let exporter = Stage::new().load(&guest).await;
    exporter.export(batch(1), 1).await.unwrap();
    match exporter.export(batch(1), 1).await {
        Err(ExportError::Fault(fault)) => assert_eq!(fault.kind, FaultKind::StaleBatch, "{fault}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn words_on_standard_error_reach_the_author() {
    let guest = Guest {
        export: "(call $write (call $stderr) (i32.const 3072) (i32.const 14) (i32.const 4096)) (unreachable)",
        more: r#"(data (i32.const 3072) "oops:\1b no disk")"#,
        imports: r#"
          (import "wasi:io/error@0.2.0" (instance $error-api (export "error" (type $error (sub resource)))))
          (alias export $error-api "error" (type $error))
          (import "wasi:io/streams@0.2.0" (instance $streams-api
            (export "output-stream" (type $output (sub resource)))
            (alias outer 1 $error (type $outer-error))
            (export "error" (type $error (eq $outer-error)))
            (type $stream-error-variant (variant (case "last-operation-failed" (own $error)) (case "closed")))
            (export "stream-error" (type $stream-error (eq $stream-error-variant)))
            (export "[method]output-stream.blocking-write-and-flush"
              (func (param "self" (borrow $output)) (param "contents" (list u8)) (result (result (error $stream-error)))))))
          (alias export $streams-api "output-stream" (type $output))
          (import "wasi:cli/stderr@0.2.0" (instance $stderr-api
            (alias outer 1 $output (type $outer-output))
            (export "output-stream" (type $output (eq $outer-output)))
            (export "get-stderr" (func (result (own $output))))))"#,
        lowered: r#"
          (core func $write (canon lower
            (func $streams-api "[method]output-stream.blocking-write-and-flush") (memory $memory)))
          (core func $stderr (canon lower (func $stderr-api "get-stderr")))"#,
        given: r#"(export "write" (func $write)) (export "stderr" (func $stderr))"#,
        taken: r#"
          (import "env" "write" (func $write (param i32 i32 i32 i32)))
          (import "env" "stderr" (func $stderr (result i32)))"#,
        ..Guest::default()
    };
    let stage = Stage::new();
    let fault = stage.fault(&guest).await;
    assert!(fault.detail.contains("said: oops:\\u{1b} no disk; in export"), "{fault}");
    assert!(!stage.lines.has("billing.guest: oops"), "it is not told twice");
    assert!(stage.lines.has("billing: stopped: trapped: "));
}
