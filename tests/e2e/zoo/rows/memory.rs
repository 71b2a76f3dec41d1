//! Those that take memory: the guest's own, tables, stack, handles.

use super::super::{scene::Scene, specimen::Specimen};

const SMALL: &str = "fuel_per_batch = 200_000_000\ndeadline = \"5s\"\nmemory = \"4MiB\"";

pub(super) const ROWS: &[Specimen] = &[
    Specimen::faulty("Z05", "memory_bomb").stopped(&["out_of_memory"]).proof(stays_below_its_limit),
    Specimen::wat("Z07", "table_bomb").stopped(&["out_of_fuel"]),
    Specimen::faulty("Z08", "deep_recursion").stopped(&["trapped"]).proof(ran_out_of_stack),
    Specimen::faulty("Z11", "payload_hoard").stopped(&["bad_reply"]),
    Specimen::faulty("Z11", "batch_hoard").tables(FEW_ROWS).proof(is_replaced_in_time).slow(),
    Specimen::wat("Z11", "pollable_hoard").stopped(&["bad_reply", "trapped"]),
    Specimen::faulty("Z33", "leak").limits(SMALL).tables(FEW_ROWS).proof(is_replaced_in_time).slow(),
];

/// So that there are calls enough to wear an instance out.
const FEW_ROWS: &str = "[exporters.bad.queue]\nmax_queue_size = 1000000\nmax_export_batch_size = 4";

fn stays_below_its_limit(scene: &Scene) {
    let peak = scene.bad().cost.expect("a bill").memory_peak_bytes;
    assert!(peak > 8 << 20 && peak <= 16 << 20, "{peak} bytes");
}

fn ran_out_of_stack(scene: &Scene) {
    let detail = scene.bad().last_fault.expect("a fault").detail;
    assert!(detail.contains("call stack exhausted"), "{detail}");
}

/// Instances make room for fresh ones before anything fails, and no row is lost on the way.
fn is_replaced_in_time(scene: &Scene) {
    // A thousand calls: more than half of the handles that an instance may hold.
    scene.feed(160);
    scene.wait_for("a replacement", |bad| bad.sandbox.as_ref().is_some_and(|counts| counts.recycles > 0));
    let bad = scene.settle();
    assert_eq!((bad.ledger.delivered, bad.faults.len()), (bad.ledger.accepted, 0), "{:?} {:?}", bad.ledger, bad.faults);
}
