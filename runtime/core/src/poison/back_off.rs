//! How long an exporter that faults is left alone: from a second to a minute, longer each time, and a little longer by
//! chance, so that those that faulted together do not come back together. Chance is handed in.

use std::time::Duration;

/// How much longer than its base a pause may be by chance.
const JITTER: f64 = 0.2;

/// The lengths of pauses that follow each other.
#[derive(Clone, Debug)]
pub struct BackOff {
    growth: u32,
    pauses: u32,
}

impl BackOff {
    /// The shortest pause.
    pub const SHORTEST: Duration = Duration::from_secs(1);
    /// The longest pause, chance included.
    pub const LONGEST: Duration = Duration::from_secs(60);

    /// Each pause is `growth` times as long as the one before.
    pub const fn growing(growth: u32) -> Self {
        Self { growth, pauses: 0 }
    }

    /// The length of the next pause; `chance` is from 0 to 1.
    pub fn next(&mut self, chance: f64) -> Duration {
        let base = Self::SHORTEST.saturating_mul(self.growth.saturating_pow(self.pauses)).min(Self::LONGEST);
        self.pauses = self.pauses.saturating_add(1);
        let chance = if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.0 };
        base.mul_f64(1.0 + JITTER * chance).min(Self::LONGEST)
    }

    /// The next pause is the shortest again.
    pub fn start_over(&mut self) {
        self.pauses = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(growth: u32, chance: f64) -> [f64; 8] {
        let mut back_off = BackOff::growing(growth);
        [0; 8].map(|_| back_off.next(chance).as_secs_f64())
    }

    #[test]
    fn pauses_grow_up_to_a_minute() {
        assert_eq!(seconds(2, 0.0), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]);
        assert_eq!(seconds(8, 0.0), [1.0, 8.0, 60.0, 60.0, 60.0, 60.0, 60.0, 60.0]);
    }

    #[test]
    fn chance_makes_a_pause_a_fifth_longer_at_most_and_never_longer_than_a_minute() {
        assert_eq!(seconds(2, 1.0), [1.2, 2.4, 4.8, 9.6, 19.2, 38.4, 60.0, 60.0]);
        assert_eq!(seconds(2, 7.0), seconds(2, 1.0));
        for none in [f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(seconds(2, none), seconds(2, 0.0), "{none}");
        }
    }

    #[test]
    fn after_ever_so_many_pauses_it_starts_over_when_it_is_told_to() {
        let mut back_off = BackOff { pauses: u32::MAX, ..BackOff::growing(2) };
        assert_eq!((back_off.next(0.0), back_off.next(0.0)), (BackOff::LONGEST, BackOff::LONGEST));
        back_off.start_over();
        assert_eq!(back_off.next(0.0), BackOff::SHORTEST);
    }
}
