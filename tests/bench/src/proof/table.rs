//! The table, as Markdown that is readable as it stands.

use std::{fmt::Write, time::Duration};

use super::outcome::{CRASHING_TARGET, DELIVERED_TARGET, Outcome, P50, P99, P99_TARGET, P999, P999_TARGET, Row};
use crate::markdown::aligned;

const HEADS: [&str; 11] = [
    "beside it",
    "p50",
    "p99",
    "p99.9",
    "max",
    "p99 vs none",
    "p99.9 vs none",
    "request p99",
    "delivered",
    "their CPU",
    "CPU more",
];

/// The table with what has to be known to read it.
pub(super) fn markdown(outcome: &Outcome) -> String {
    let mut out = format!("\n{}\n\n", introduction(outcome));
    let mut lines = vec![HEADS.map(str::to_owned).to_vec()];
    lines.extend(outcome.rows.iter().map(|row| cells(row, outcome)));
    out += &aligned(&lines);
    out + &verdict(outcome)
}

fn introduction(outcome: &Outcome) -> String {
    let Outcome { effort, clock, saturation, rate, .. } = outcome;
    format!(
        "{}: recording a span of ten attributes, each timed by itself, the clock's own {} ns included; {} rounds of {:?} \
         each. The healthy exporter could deliver {:.0} spans/s and is given {:.0}.",
        outcome.cores.title(),
        clock.at(P50).as_nanos(),
        effort.rounds,
        effort.stretch,
        saturation,
        rate
    )
}

fn cells(row: &Row, outcome: &Outcome) -> Vec<String> {
    let base = outcome.base();
    let recordings = row.recordings();
    let is_base = std::ptr::eq(row, base);
    let compared = |text: String| if is_base { String::new() } else { text };
    vec![
        row.neighbours.title.to_owned(),
        time(recordings.at(P50)),
        time(recordings.at(P99)),
        time(recordings.at(P999)),
        time(recordings.max()),
        compared(format!("{:.2}x", row.times(base, P99))),
        compared(format!("{:.2}x", row.times(base, P999))),
        time(row.requests().at(P99)),
        if is_base {
            format!("{:.0}/s", row.median(|round| round.delivered))
        } else {
            format!("{:.3}x", row.delivered(base))
        },
        if row.neighbours.faults.is_empty() { String::new() } else { percent(row.median(|round| round.neighbours)) },
        compared(percent(row.more_cpu(base))),
    ]
}

fn verdict(outcome: &Outcome) -> String {
    let missed = outcome.missed();
    let targets = format!(
        "p99 <= {P99_TARGET}x, p99.9 <= {P999_TARGET}x, delivered >= {DELIVERED_TARGET}x, CPU of one that traps each call \
         <= {:.0} % of a core",
        CRASHING_TARGET * 100.0
    );
    let stopped: u64 = outcome.rows.iter().flat_map(|row| &row.rounds).map(|round| round.faults).sum();
    let mut out =
        format!("\nTargets: {targets}. Neighbours were stopped {stopped} times; every span is accounted for.\n");
    for one in &missed {
        let _ = writeln!(out, "Missed beside {}: {} {:.3}, target {}", one.beside, one.what, one.found, one.target);
    }
    if missed.is_empty() {
        out += "None is missed.\n";
    }
    out
}

/// Of a core.
fn percent(cores: f64) -> String {
    format!("{:.1} %", cores * 100.0)
}

/// Three digits, in a unit that fits.
fn time(time: Duration) -> String {
    let nanoseconds = time.as_nanos() as f64;
    let (value, unit) = match nanoseconds {
        few if few < 1e3 => (few, "ns"),
        some if some < 1e6 => (some / 1e3, "µs"),
        many => (many / 1e6, "ms"),
    };
    let digits = match value {
        _ if unit == "ns" => 0,
        small if small < 10.0 => 2,
        middle if middle < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (nanoseconds, told) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 µs"),
            (23_456, "23.5 µs"),
            (456_789, "457 µs"),
            (12_345_678, "12.3 ms"),
        ] {
            assert_eq!(time(Duration::from_nanos(nanoseconds)), told);
        }
    }
}
