//! How thoroughly to measure.

use std::time::Duration;

/// Of each point in each round, unless it says otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Rounds, at least one.
    pub(super) rounds: usize,
    /// Wall time that is measured, about; as long again warms up.
    pub(super) time: Duration,
    /// Whether only the ends of each curve are measured.
    pub(super) only_ends: bool,
}

impl Effort {
    /// For figures to be believed.
    pub(super) const FULL: Self = Self { rounds: 7, time: Duration::from_millis(60), only_ends: false };
    /// To see that everything runs.
    pub(super) const QUICK: Self = Self { rounds: 1, time: Duration::ZERO, only_ends: true };

    /// Of these the first and the last one, or all.
    pub(super) fn of(self, xs: &[u32]) -> Vec<u32> {
        match xs {
            [first, .., last] if self.only_ends => vec![*first, *last],
            all => all.to_vec(),
        }
    }
}
