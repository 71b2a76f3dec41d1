//! Those that say too much, or what cannot be.

use super::super::{scene::Scene, specimen::Specimen};

const QUICK: &str = "fuel_per_batch = 200_000_000\ndeadline = \"5s\"\nmemory = \"16MiB\"";

pub(super) const ROWS: &[Specimen] = &[
    Specimen::faulty("Z09", "bad_reply").stopped(&["bad_reply", "out_of_memory"]).limits(BIG),
    Specimen::wat("Z09", "big_return").stopped(&["bad_reply"]),
    Specimen::wat("Z09", "aliased_rows").stopped(&["bad_reply"]),
    Specimen::wat("Z09", "aliased_labels").stopped(&["bad_reply"]),
    Specimen::wat("Z09", "flood_of_names").refused(&["stopped in describe"]),
    Specimen::wat("Z09", "flood_of_errors").refused(&["stopped in configure"]),
    Specimen::faulty("Z12", "log_flood").limits(GENEROUS).proof(is_cut_short_and_counted).slow(),
    Specimen::faulty("Z12", "metric_flood").limits(QUICK).proof(adds_few_series).slow(),
    Specimen::wat("Z30", "unknown_case").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "unknown_option").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "misaligned").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "misaligned_list").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "out_of_bounds").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "list_overflow").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "invalid_utf8").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "lying_realloc").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "wrapping_realloc").refused(&["stopped in configure", "bad_reply"]),
    Specimen::wat("Z30", "forged_handle").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "wrong_kind_of_handle").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "double_drop").stopped(&["bad_reply"]),
    Specimen::wat("Z30", "drop_then_read").stopped(&["bad_reply"]),
    Specimen::faulty("Z30", "stale_batch").stopped(&["stale_batch"]),
    Specimen::wat("Z92", "host_call_in_realloc").stopped(&["trapped", "bad_reply"]),
    Specimen::wat("Z92", "post_return_call").stopped(&["trapped", "bad_reply"]),
    Specimen::wat("Z92", "tiny_batches")
        .tables("[exporters.bad.queue]\nmax_queue_size = 2048")
        .proof(keeps_its_rows)
        .slow(),
    Specimen::wat("Z92", "strange_name").proof(shows_its_name_harmlessly),
];

const GENEROUS: &str = "fuel_per_batch = 2_000_000_000\ndeadline = \"20s\"\nmemory = \"16MiB\"\ncpu_share = 1.0";
const BIG: &str = "fuel_per_batch = 200_000_000\ndeadline = \"5s\"\nmemory = \"64MiB\"";

/// Lines that reached the log, and those that were suppressed, are exactly those that were said.
fn is_cut_short_and_counted(scene: &Scene) {
    // 2,000 by `log` and as many on standard error, and two long ones: the other two begin a line of standard error.
    const PER_CALL: u64 = 4_002;
    let bad = scene.wait_for("a call that ended", |bad| bad.attempts.accepted > 0);
    let lines = scene.lines.all();
    let said: Vec<_> = lines.iter().filter(|line| line.contains("flood ") || line.contains("long long")).collect();
    assert!(said.len() < 2_000, "{} lines of a flood", said.len());
    for line in &said {
        assert!(line.len() < 4_096 && line.starts_with("bad") && !line.contains(char::is_control), "{line:?}");
    }
    let suppressed = bad.sandbox.expect("counts").log_lines_suppressed;
    assert!(suppressed + said.len() as u64 >= PER_CALL, "{suppressed} suppressed, {} told", said.len());
    assert!(lines.iter().any(|line| line.contains("log lines suppressed")), "{lines:?}");
}

/// Whatever it sets, the page stays small, and nobody else's series are touched.
fn adds_few_series(scene: &Scene) {
    let bad = scene.wait_for("a call that ended", |bad| bad.attempts.accepted > 0);
    assert!(bad.sandbox.expect("counts").metric_values_dropped >= 500);
    let page = scene.page("/metrics");
    let guests: Vec<_> = page.lines().filter(|line| line.starts_with("spangate_guest_")).collect();
    assert!(guests.len() < 200, "{} lines", guests.len());
    assert!(guests.iter().all(|line| line.contains("exporter=\"bad\"")), "{guests:?}");
    assert!(!page.contains('\u{1b}') && !page.contains("# TYPE forged"), "{page}");
    let ready: Vec<_> = page.lines().filter(|line| line.starts_with("spangate_ready")).collect();
    assert!(ready.len() == 1 && ready[0].ends_with(" 1.0"), "{ready:?}");
    assert!(page.ends_with("# EOF\n"));
}

/// One row at a time, one byte at a time: slower than rows come, so that the queue is full, and that is all.
fn keeps_its_rows(scene: &Scene) {
    let bad = scene.wait_for("rows", |bad| bad.ledger.delivered > 0);
    assert!(bad.faults.is_empty(), "{:?}", bad.faults);
    assert!(bad.ledger.dropped.keys().all(|reason| *reason == "queue_full"), "{:?}", bad.ledger);
}

fn shows_its_name_harmlessly(scene: &Scene) {
    let bad = scene.wait_for("rows", |bad| bad.ledger.delivered > 0);
    assert_eq!(bad.description, "good\\nWARN forged\\u{1b}[2J\\u{202e}\\u{2028}${env:HOME}");
    for page in ["/status", "/metrics"] {
        assert!(!scene.page(page).contains(['\u{1b}', '\u{202e}', '\u{2028}']), "{page}");
    }
}
