//! Those that take time: fuel, the deadline, quarantine.

use super::super::{scene::Scene, specimen::Specimen};

const SLOW_FUEL: &str = "fuel_per_batch = 200_000_000_000\ndeadline = \"100ms\"\nmemory = \"16MiB\"";
const QUICK: &str = "fuel_per_batch = 20_000_000\ndeadline = \"5s\"\nmemory = \"16MiB\"";

pub(super) const ROWS: &[Specimen] = &[
    Specimen::faulty("Z01", "spin").stopped(&["out_of_fuel"]).limits(QUICK).proof(is_seldom_called),
    Specimen::faulty("Z01", "pointer_chase").stopped(&["deadline_exceeded"]).limits(SLOW_FUEL).slow(),
    Specimen::faulty("Z02", "spin_configure").refused(&["stopped in configure", "while it was loaded"]).slow(),
    Specimen::wat("Z02", "start_spin").refused(&["stopped in instantiation", "while it was loaded"]).slow(),
    Specimen::faulty("Z03", "trap").stopped(&["trapped"]).proof(is_seldom_called),
    Specimen::faulty("Z04", "trap_nth").stopped(&["trapped"]).settings("nth = 7").proof(loses_nothing).slow(),
    // The load has no span that it faults on; what it does with one is looked at in tests/e2e/poison.rs.
    Specimen::faulty("Z36", "poison_picky"),
    Specimen::faulty("Z14", "sleep").stopped(&["deadline_exceeded"]).limits(SLOW_FUEL).slow(),
    Specimen::faulty("Z91", "clock_spin").stopped(&["out_of_fuel"]).limits(QUICK),
    Specimen::wat("Z91", "wasi_clock_spin").stopped(&["out_of_fuel", "deadline_exceeded"]).slow(),
    Specimen::faulty("Z91", "column_flood").stopped(&["out_of_fuel"]).limits(QUICK),
    Specimen::wat("Z91", "fill_spin").stopped(&["out_of_fuel"]),
    Specimen::wat("Z91", "grow_spin").stopped(&["out_of_fuel", "deadline_exceeded"]).slow(),
    Specimen::wat("Z91", "endless_realloc").stopped(&["out_of_fuel"]).limits(QUICK),
    Specimen::wat("Z91", "post_return_spin").stopped(&["out_of_fuel"]).limits(QUICK),
];

/// Three faults and it is in quarantine, from where it is let out once in a while. However much was offered to it, it
/// was called a few times only, and made again no oftener.
fn is_seldom_called(scene: &Scene) {
    let bad = scene.wait_for("the quarantine", |bad| bad.state == "quarantined");
    let (calls, rebuilds) = (bad.cost.expect("a bill").calls, bad.sandbox.expect("counts").rebuilds);
    assert!((3..=8).contains(&calls) && rebuilds < calls, "{calls} calls, made again {rebuilds} times");
    assert_eq!((bad.ledger.delivered, bad.attempts.accepted), (0, 0));
    let page: serde_json::Value = serde_json::from_str(&scene.page("/readyz")).unwrap_or_default();
    assert_eq!(page["reasons"].as_array().map_or(0, Vec::len), 0, "who is not required is not missed: {page}");
}

/// Every batch is delivered in the end, and each trap costs one more attempt and no row.
fn loses_nothing(scene: &Scene) {
    scene.feed(80);
    let bad = scene.settle();
    assert_eq!((bad.ledger.delivered, bad.ledger.dropped.len()), (bad.ledger.accepted, 0), "{:?}", bad.ledger);
    let again = bad.cost.expect("a bill").rows - bad.ledger.delivered;
    assert!(bad.attempts.fault > 0 && again <= 128 * bad.attempts.fault, "{again} rows again, {:?}", bad.attempts);
}
