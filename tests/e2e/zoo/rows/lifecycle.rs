//! Those that are bad in calls that deliver nothing, those that leave, and those that find a defect of the host's.

use super::super::{scene::Scene, specimen::Specimen};

const QUICK: &str = "fuel_per_batch = 20_000_000\ndeadline = \"5s\"\nmemory = \"16MiB\"";

pub(super) const ROWS: &[Specimen] = &[
    Specimen::faulty("Z44", "spin_shutdown").limits(QUICK).epilogue(|scene| was_stopped(scene, "out_of_fuel")),
    Specimen::faulty("Z44", "spin_flush").limits(QUICK).epilogue(|scene| was_stopped(scene, "out_of_fuel")),
    Specimen::wat("Z46", "panic_bait").stopped(&["host_error"]).bait(),
    Specimen::faulty("Z94", "abort").stopped(&["trapped"]),
    Specimen::faulty("Z94", "exit").stopped(&["trapped"]),
];

/// It was let go after its time; what it had was delivered before, and nobody else waited for it.
fn was_stopped(scene: &Scene, kind: &str) {
    let bad = scene.bad();
    assert!(bad.faults.contains_key(kind), "{:?}", bad.faults);
    assert_eq!(bad.ledger.delivered, bad.ledger.accepted);
}
