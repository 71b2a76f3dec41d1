//! What was measured, and how it compares with nobody beside.

use spangate_tests::Latencies;

use super::{cores::Cores, measurement::Effort, neighbour::Neighbours, scene::Stretch};
use crate::statistics::median;

/// The quantiles that are told.
pub(super) const P50: f64 = 0.5;
pub(super) const P99: f64 = 0.99;
pub(super) const P999: f64 = 0.999;

/// What the project wants: recordings no more than so many times as long, deliveries no less.
pub(super) const P99_TARGET: f64 = 1.05;
pub(super) const P999_TARGET: f64 = 1.2;
pub(super) const DELIVERED_TARGET: f64 = 0.95;
/// Of a core, for an exporter that only ever crashes.
pub(super) const CRASHING_TARGET: f64 = 0.02;

/// Everything that was measured on so many cores.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) cores: Cores,
    pub(super) effort: Effort,
    /// A recording that does nothing.
    pub(super) clock: Latencies,
    /// Spans in a second that the healthy exporter can deliver.
    pub(super) saturation: f64,
    /// Spans in a second that the application recorded.
    pub(super) rate: f64,
    /// The first has nobody beside.
    pub(super) rows: Vec<Row>,
}

/// What was measured beside the same neighbours, round by round.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) neighbours: Neighbours,
    pub(super) rounds: Vec<Stretch>,
}

impl Row {
    /// All recordings of all rounds.
    pub(super) fn recordings(&self) -> Latencies {
        self.rounds.iter().fold(Latencies::new(), |mut all, round| {
            all.join(&round.met.recordings);
            all
        })
    }

    /// All requests of all rounds.
    pub(super) fn requests(&self) -> Latencies {
        self.rounds.iter().fold(Latencies::new(), |mut all, round| {
            all.join(&round.met.requests);
            all
        })
    }

    /// The median over the rounds.
    pub(super) fn median(&self, value: impl Fn(&Stretch) -> f64) -> f64 {
        median(self.rounds.iter().map(value).collect())
    }

    /// How many times as long a quantile of the recordings is as in `base`: the median of the rounds' ratios.
    pub(super) fn times(&self, base: &Self, quantile: f64) -> f64 {
        self.compared(base, |with, without| with.met.recordings.times(&without.met.recordings, quantile))
    }

    /// How much the healthy exporter delivered of what it did in `base`, as such a median.
    pub(super) fn delivered(&self, base: &Self) -> f64 {
        self.compared(base, |with, without| with.delivered / without.delivered)
    }

    /// Cores that spangate used more than in `base`, as such a median.
    pub(super) fn more_cpu(&self, base: &Self) -> f64 {
        self.compared(base, |with, without| with.threads - without.threads)
    }

    fn compared(&self, base: &Self, compare: impl Fn(&Stretch, &Stretch) -> f64) -> f64 {
        median(self.rounds.iter().zip(&base.rounds).map(|(with, without)| compare(with, without)).collect())
    }
}

/// A figure that is worse than its target.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Missed {
    pub(super) beside: &'static str,
    pub(super) what: &'static str,
    pub(super) found: f64,
    pub(super) target: f64,
}

impl Outcome {
    /// The row with nobody beside.
    pub(super) fn base(&self) -> &Row {
        &self.rows[0]
    }

    /// Every target that was missed.
    pub(super) fn missed(&self) -> Vec<Missed> {
        self.rows.iter().filter(|row| !row.neighbours.faults.is_empty()).flat_map(|row| self.missed_by(row)).collect()
    }

    fn missed_by(&self, row: &Row) -> Vec<Missed> {
        let base = self.base();
        let crashing = if row.neighbours.title == "trap each call" { row.more_cpu(base) } else { 0.0 };
        let figures = [
            ("p99", row.times(base, P99), P99_TARGET, true),
            ("p99.9", row.times(base, P999), P999_TARGET, true),
            ("throughput", row.delivered(base), DELIVERED_TARGET, false),
            ("CPU, in cores", crashing, CRASHING_TARGET, true),
        ];
        let is_missed =
            |found: f64, target: f64, is_upper: bool| if is_upper { found > target } else { found < target };
        let beside = row.neighbours.title;
        let missed = figures.into_iter().filter(|(_, found, target, is_upper)| is_missed(*found, *target, *is_upper));
        missed.map(|(what, found, target, _)| Missed { beside, what, found, target }).collect()
    }
}
