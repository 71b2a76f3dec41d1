//! Notices that the process stood still while a call waited: stopped by a signal, or on a machine that was.
//!
//! A call that waits in the host looks at the clock every half second. If a look comes much later than that, nobody ran
//! who could have answered the call, and what it waits for may be there already: the time that was missed counts for
//! nobody's deadline. Without that, every call of every exporter would be late at once.

use std::time::{Duration, Instant};

/// How often a call that waits looks at the clock.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// What passes between two looks without being missed: a machine may be busy.
pub(super) const LONGEST: Duration = Duration::from_secs(1);

/// Looks of one call.
#[derive(Debug, Default)]
pub(super) struct Looks {
    last: Option<Instant>,
}

impl Looks {
    /// The call does not run, since now: it waits in the host, or to be polled.
    pub(super) fn begin(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// Looks at the clock, because the call runs again. Answers how much time was missed.
    pub(super) fn end(&mut self, now: Instant) -> Duration {
        let gap = self.last.take().map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        if gap > LONGEST { gap - LOOK_EVERY } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICK: Duration = Duration::from_nanos(1);

    #[test]
    fn what_is_missed_is_what_was_longer_than_a_look_and_only_if_it_was_much_longer() {
        let start = Instant::now();
        let missed = |gap| {
            let mut looks = Looks::default();
            looks.begin(start);
            looks.end(start + gap)
        };
        assert_eq!((missed(LOOK_EVERY), missed(LONGEST - TICK), missed(LONGEST)), Default::default());
        assert_eq!(missed(LONGEST + TICK), LONGEST + TICK - LOOK_EVERY);
        assert_eq!(missed(Duration::from_secs(60)), Duration::from_millis(59_500));
    }

    #[test]
    fn a_call_that_does_not_wait_misses_nothing() {
        let (start, mut looks) = (Instant::now(), Looks::default());
        assert_eq!(looks.end(start), Duration::ZERO);
        looks.begin(start);
        assert_eq!(looks.end(start + LOOK_EVERY), Duration::ZERO);
        assert_eq!(looks.end(start + Duration::from_secs(60)), Duration::ZERO, "it was told of once");
    }
}
