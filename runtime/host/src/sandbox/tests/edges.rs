//! Each limit at its edge: one below and at it all is well, one above it is not.

use spangate_core::exporter::{ExportError, ExportOutcome, Exporter, FaultKind};

use super::{
    super::{LoadError, component::check_bytes, limits::MAX_HANDLES, limits::MAX_LIFTED_BYTES},
    faults::sleeping,
    stage::{Guest, Stage, batch},
};

/// Pages enough for what is lifted at most, and a little.
const ROOMY: u32 = 135;

/// A guest whose export has a number in it, where `<n>` stands.
fn exporting(body: &str, n: usize) -> Guest {
    Guest { pages: ROOMY, export: body.replace("<n>", &n.to_string()).leak(), ..Guest::default() }
}

/// `guest` exports with one less than `limit` and with `limit`, and is stopped for `kind` with one more.
async fn expect_edge(stage: &Stage, limit: usize, kind: FaultKind, guest: impl Fn(usize) -> Guest) {
    for n in [limit - 1, limit] {
        assert!(stage.export(&guest(n)).await.is_ok(), "{n} of {limit}");
    }
    let fault = stage.fault(&guest(limit + 1)).await;
    assert_eq!(fault.kind, kind, "{fault}");
}

/// `guest` loads with one less than `limit` and with `limit`; why it does not with one more.
async fn expect_load_edge(limit: usize, guest: impl Fn(usize) -> Guest) -> LoadError {
    let stage = Stage::new();
    for n in [limit - 1, limit] {
        stage.load(&guest(n)).await;
    }
    stage.try_load(&guest(limit + 1)).await.expect_err("one more is refused")
}

#[tokio::test]
async fn an_answer_may_be_as_long_as_what_is_lifted_at_most() {
    let reason = "(i32.store8 (i32.const 240) (i32.const 3)) (i32.store (i32.const 244) (i32.const 4096))
                  (i32.store (i32.const 248) (i32.const <n>)) (i32.const 240)";
    expect_edge(&Stage::new(), MAX_LIFTED_BYTES, FaultKind::BadReply, |n| exporting(reason, n)).await;
}

#[tokio::test]
async fn a_list_counts_by_the_size_that_it_has_in_the_host() {
    let rows = "(i32.store8 (i32.const 240) (i32.const 1)) (i32.store (i32.const 248) (i32.const 4096))
                (i32.store (i32.const 252) (i32.const <n>)) (i32.const 240)";
    let most = MAX_LIFTED_BYTES / size_of::<u32>();
    expect_edge(&Stage::new(), most, FaultKind::BadReply, |n| exporting(rows, n)).await;
}

#[tokio::test]
async fn everything_in_one_answer_counts_together() {
    // Rejected rows, rows to be sent again and a reason: half, a quarter, and the rest.
    let (half, quarter) = (MAX_LIFTED_BYTES / 2 / size_of::<u32>(), MAX_LIFTED_BYTES / 4 / size_of::<u32>());
    let partial = format!(
        "(i32.store8 (i32.const 240) (i32.const 1))
         (i32.store (i32.const 248) (i32.const 4096)) (i32.store (i32.const 252) (i32.const {half}))
         (i32.store (i32.const 256) (i32.const 4096)) (i32.store (i32.const 260) (i32.const {quarter}))
         (i32.store (i32.const 272) (i32.const 4096)) (i32.store (i32.const 276) (i32.const <n>)) (i32.const 240)"
    );
    expect_edge(&Stage::new(), MAX_LIFTED_BYTES / 4, FaultKind::BadReply, |n| exporting(&partial, n)).await;
}

#[tokio::test]
async fn what_a_host_call_is_given_has_the_same_bound() {
    let log = "(call $log (i32.const 2) (i32.const 4096) (i32.const <n>)) (i32.const 240)";
    expect_edge(&Stage::new(), MAX_LIFTED_BYTES, FaultKind::BadReply, |n| exporting(log, n)).await;
}

#[tokio::test]
async fn settings_errors_have_the_same_bound_and_few_are_kept() {
    // Each error is two texts in the host: forty-eight bytes, and the texts themselves, which are empty.
    let configure = |n: usize| {
        let body = format!(
            "(i32.store8 (i32.const 200) (i32.const 1)) (i32.store (i32.const 204) (i32.const 65536))
             (i32.store (i32.const 208) (i32.const {n})) (i32.const 200)"
        );
        Guest { pages: ROOMY, configure: body.leak(), ..Guest::default() }
    };
    let most = MAX_LIFTED_BYTES / (2 * size_of::<String>());
    let stage = Stage::new();
    for n in [most - 1, most] {
        match stage.try_load(&configure(n)).await {
            Err(LoadError::Settings(errors)) => assert_eq!(errors.len(), 64),
            other => panic!("{other:?}"),
        }
    }
    let error = stage.try_load(&configure(most + 1)).await.unwrap_err();
    assert!(
        matches!(&error, LoadError::Fault { phase: "configure", fault } if fault.kind == FaultKind::BadReply),
        "{error}"
    );
}

#[tokio::test]
async fn a_table_may_begin_as_large_as_tables_may_get() {
    let table = |n: usize| Guest { more: format!("(table {n} funcref)").leak(), ..Guest::default() };
    let error = expect_load_edge(20_000, table).await.to_string();
    assert!(error.contains("needs 20001 table elements, allowed are 20000"), "{error}");
}

#[tokio::test]
async fn there_may_be_sixteen_tables() {
    let tables = |n: usize| Guest { more: "(table 1 funcref)".repeat(n).leak(), ..Guest::default() };
    let error = expect_load_edge(16, tables).await.to_string();
    assert!(error.contains("needs 17 tables, allowed are 16"), "{error}");
}

#[tokio::test]
async fn tables_count_together_however_they_grow() {
    let stage = Stage::new();
    let growing = |n: usize| Guest {
        export: format!(
            "(if (i32.eq (table.grow $left (ref.null func) (i32.const 9998)) (i32.const -1)) (then (unreachable)))
             (if (i32.eq (table.grow $right (ref.null func) (i32.const {n})) (i32.const -1)) (then (unreachable)))
             (i32.const 240)"
        )
        .leak(),
        more: "(table $left 1 funcref) (table $right 1 funcref)",
        ..Guest::default()
    };
    expect_edge(&stage, 10_000, FaultKind::Trapped, growing).await;
}

#[tokio::test]
async fn there_may_be_sixty_four_core_instances() {
    // Two are the template's.
    let instances = |n: usize| Guest {
        lowered: format!("(core module $small) {}", "(core instance (instantiate $small))".repeat(n - 2)).leak(),
        ..Guest::default()
    };
    let error = expect_load_edge(64, instances).await;
    assert!(error.to_string().contains("instance count too high at 65"), "{error}");
}

/// A guest that calls itself as often as `depth` says.
fn diving(depth: usize) -> Guest {
    let more = "(func $dive (param $left i32) (result i32)
      (if (result i32) (i32.eqz (local.get $left))
        (then (i32.const 1))
        (else (i32.add (i32.const 1) (call $dive (i32.sub (local.get $left) (i32.const 1)))))))";
    Guest { more, ..exporting("(drop (call $dive (i32.const <n>))) (i32.const 240)", depth) }
}

#[tokio::test]
async fn the_stack_ends_at_the_same_depth_every_time_and_no_deeper_than_its_size() {
    let stage = Stage::new();
    // A frame is sixteen bytes at least: return address and frame pointer.
    let (mut well, mut not_well) = (100, (512 << 10) / 16);
    while well + 1 < not_well {
        let middle = usize::midpoint(well, not_well);
        match stage.export(&diving(middle)).await {
            Ok(_) => well = middle,
            Err(_) => not_well = middle,
        }
    }
    expect_edge(&Stage::new(), well, FaultKind::Trapped, diving).await;
}

#[tokio::test]
async fn the_timers_of_wasi_are_as_few_as_its_resources() {
    // A timer and what it is polled by: two of 256.
    let hoard = |n: usize| {
        let body = "(loop $again (drop (call $timer (i64.const -1)))
                      (local.set $i (i32.add (local.get $i) (i32.const 1)))
                      (br_if $again (i32.lt_u (local.get $i) (i32.const <n>))))
                    (i32.const 240)";
        sleeping(body.replace("<n>", &n.to_string()).leak())
    };
    expect_edge(&Stage::new(), 128, FaultKind::BadReply, hoard).await;
}

#[tokio::test]
async fn an_instance_that_keeps_half_of_its_handles_is_replaced_and_none_before() {
    let exporter = Stage::new().load(&Guest::exporting("(i32.const 240)")).await;
    for _ in 0..MAX_HANDLES / 2 {
        assert_eq!(exporter.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
    }
    assert_eq!(exporter.state().recycles, 0);
    exporter.export(batch(1), 1).await.unwrap();
    assert_eq!(exporter.state().recycles, 1);
}

#[test]
fn a_component_may_be_as_large_as_the_operator_says() {
    let bytes = Guest::default().bytes();
    for max in [bytes.len() + 1, bytes.len()] {
        assert!(check_bytes(&bytes, max, None).is_ok(), "{max}");
    }
    let error = check_bytes(&bytes, bytes.len() - 1, None).unwrap_err();
    assert!(matches!(error, LoadError::TooLarge { bytes: found, max } if found == max + 1), "{error}");
}

#[tokio::test]
async fn a_handle_is_a_batch_of_its_own_instance_or_nothing() {
    // Whatever number is guessed, with the batch's own handle dropped first.
    let guessing = |n: usize| {
        let body = "(call $drop-batch (local.get $batch)) (drop (call $len (i32.const <n>))) (i32.const 240)";
        Guest { pages: 2, ..exporting(body, n) }
    };
    let stage = Stage::new();
    for n in [0, 1, 2, 3, 1 << 16, 0x7fff_ffff, 0xffff_ffff] {
        let fault = stage.fault(&guessing(n)).await;
        assert_eq!(fault.kind, FaultKind::BadReply, "{n}: {fault}");
    }
}

#[tokio::test]
async fn an_instance_that_was_stopped_is_never_entered_again() {
    // Would accept the second batch.
    let export = "(if (i32.eq (global.get $calls) (i32.const 1)) (then (unreachable))) (i32.const 240)";
    let exporter = Stage::new().load(&Guest::exporting(export)).await;
    for _ in 0..2 {
        assert!(matches!(exporter.export(batch(1), 1).await, Err(ExportError::Fault(_))));
        assert_eq!(exporter.state().instances, 0);
    }
}
