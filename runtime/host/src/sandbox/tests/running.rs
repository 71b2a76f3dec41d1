//! What a guest sees and what comes back.

use std::sync::{Arc, Mutex};

use spangate_core::exporter::{ExportOutcome, Exporter};

use super::{
    super::GuestObserver,
    stage::{Guest, Stage, batch},
};

#[tokio::test]
async fn a_guest_reads_the_batch_and_its_words_come_back_bounded() {
    // Rejects with the batch's text as the reason.
    let guest = Guest::exporting(
        "(call $text (local.get $batch) (i32.const 244))
         (i32.store8 (i32.const 240) (i32.const 3))
         (call $drop-batch (local.get $batch))
         (i32.const 240)",
    );
    let outcome = Stage::new().export(&guest).await;
    assert_eq!(outcome, Ok(ExportOutcome::Rejected { reason: "checkout".into() }));
}

#[tokio::test]
async fn a_partial_outcome_fits_the_batch_whatever_the_guest_says() {
    // rejected = 99 rows, rejected-rows = [2, 77], no retry-rows, delay of 49 days.
    let guest = Guest {
        export: "(i32.store8 (i32.const 240) (i32.const 1))
                 (i32.store (i32.const 244) (i32.const 99))
                 (i32.store (i32.const 248) (i32.const 3072)) (i32.store (i32.const 252) (i32.const 2))
                 (i32.store8 (i32.const 264) (i32.const 1)) (i32.store (i32.const 268) (i32.const -1))
                 (i32.const 240)",
        more: r#"(data (i32.const 3072) "\02\00\00\00\4d\00\00\00")"#,
        ..Guest::default()
    };
    let Ok(ExportOutcome::Partial(partial)) = Stage::new().export(&guest).await else { panic!("not partial") };
    assert_eq!((partial.rejected, partial.rejected_rows.as_slice()), (3, &[2][..]));
    assert_eq!(partial.delay.unwrap().as_secs(), 300);
}

#[tokio::test]
async fn log_lines_are_told_under_the_exporters_name() {
    let stage = Stage::new();
    let guest = Guest::exporting("(call $log (i32.const 2) (i32.const 1024) (i32.const 4)) (i32.const 240)");
    stage.export(&guest).await.unwrap();
    assert!(stage.lines.has("billing.guest: test"));
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_counted() {
    let mut stage = Stage::new();
    stage.config.limits.log_lines_per_second = 1;
    let guest = Guest::exporting(
        "(loop $again
           (call $log (i32.const 2) (i32.const 1024) (i32.const 4))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 1000))))
         (i32.const 240)",
    );
    let exporter = stage.load(&guest).await;
    exporter.export(batch(1), 1).await.unwrap();
    let told = stage.lines.0.lock().unwrap().iter().filter(|line| *line == "billing.guest: test").count() as u64;
    assert_eq!(told + exporter.state().log_lines_suppressed, 1_000);
    assert!(exporter.state().log_lines_suppressed >= 900);
}

#[tokio::test]
async fn the_same_guest_uses_the_same_fuel_every_time() {
    let stage = Stage::new();
    let mut fuel = Vec::new();
    for _ in 0..3 {
        let exporter = stage.load(&Guest::default()).await;
        exporter.export(batch(5), 1).await.unwrap();
        fuel.push(exporter.state().cost.fuel);
    }
    assert!(fuel[0] > 0);
    assert!(fuel.iter().all(|used| *used == fuel[0]), "{fuel:?}");
}

#[tokio::test]
async fn two_sandboxes_live_in_one_process() {
    let (left, right) = (Stage::new(), Stage::new());
    let (spins, works) = (Guest::exporting("(unreachable)"), Guest::default());
    let (bad, good) = (left.load(&spins).await, right.load(&works).await);
    let (bad, good) = tokio::join!(bad.export(batch(1), 1), good.export(batch(1), 1));
    assert!(bad.is_err());
    assert_eq!(good, Ok(ExportOutcome::Accepted));
}

#[tokio::test]
async fn an_exporter_over_its_share_is_slowed_and_not_stopped() {
    let mut stage = Stage::new();
    stage.config.limits.cpu_share = 0.01;
    let guest = Guest::exporting(
        "(loop $again
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 3000000))))
         (i32.const 240)",
    );
    let exporter = stage.load(&guest).await;
    let mut exports = 0;
    while exporter.state().cost.throttled.is_zero() {
        assert_eq!(exporter.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
        exports += 1;
        assert!(exports < 10_000, "{:?}", exporter.state().cost);
    }
}

#[derive(Default)]
struct Watcher(Mutex<Vec<String>>);

impl GuestObserver for Watcher {
    fn on_read(&self, name: &str) {
        self.0.lock().unwrap().push(format!("read {name}"));
    }

    fn on_correction(&self, what: &str) {
        self.0.lock().unwrap().push(what.to_owned());
    }

    fn on_return(&self, handles: u32) {
        if handles > 0 {
            self.0.lock().unwrap().push(format!("{handles} handles"));
        }
    }
}

#[tokio::test]
async fn an_observer_is_told_what_was_read_put_right_and_kept() {
    let watcher = Arc::new(Watcher::default());
    let mut stage = Stage::new();
    stage.sandbox = stage.sandbox.with_observer(watcher.clone());
    // Reads the length, the text and a payload, keeps both handles, and rejects 99 rows of 3.
    let guest = Guest::exporting(
        "(drop (call $len (local.get $batch)))
         (call $text (local.get $batch) (i32.const 3072))
         (drop (call $to-payload (local.get $batch) (i32.const 0) (i32.const 0) (i32.const 0)))
         (i32.store8 (i32.const 240) (i32.const 1)) (i32.store (i32.const 244) (i32.const 99))
         (i32.const 240)",
    );
    let exporter = stage.load(&guest).await;
    assert!(watcher.0.lock().unwrap().is_empty());
    exporter.export(batch(3), 1).await.unwrap();
    let expected = [
        "read batch.text",
        "read payload",
        "2 handles",
        "`partial` says that 99 rows were rejected and 0 are to be sent again, of 3",
    ];
    assert_eq!(*watcher.0.lock().unwrap(), expected);
}
