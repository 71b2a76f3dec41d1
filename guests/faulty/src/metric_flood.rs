//! Sets metrics under names without end, malformed ones among them, with control characters in their labels.

use crate::exporter::metrics;
use crate::{Batch, CALLS, Outcome, Settings};

/// Values per call.
pub const VALUES: u32 = 1000;

pub fn export(_: Batch, _: &Settings) -> Outcome {
    let forged = [("exporter".to_owned(), "healthy\"} 1\nspangate_ready 0\u{1b}[2J".to_owned())];
    for value in 0..VALUES {
        match value % 4 {
            0 => metrics::gauge_set("no name\n# TYPE forged gauge", &[], f64::NAN),
            1 => metrics::histogram_record("flood_seconds", &forged, f64::INFINITY),
            2 => metrics::counter_add(&format!("flood_{}_{value}", CALLS.get()), &forged, u64::MAX),
            _ => metrics::counter_add(&"x".repeat(2000), &[], 1),
        }
    }
    Outcome::Accepted
}
