//! How much an exporter may write: a token bucket of bytes, `now` is handed in.

use std::time::Instant;

use super::TerminalGrant;

/// What is left of a grant.
#[derive(Debug)]
pub(super) struct Budget {
    grant: TerminalGrant,
    bytes: f64,
    filled: Instant,
}

impl Budget {
    /// A full one.
    pub(super) fn new(grant: TerminalGrant, now: Instant) -> Self {
        Self { grant, bytes: grant.burst_bytes, filled: now }
    }

    /// Takes `bytes`, all or none. Answers whether there was so much.
    pub(super) fn take(&mut self, bytes: usize, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = self.filled.max(now);
        self.bytes = (self.bytes + elapsed * self.grant.bytes_per_second).min(self.grant.burst_bytes);
        let bytes = bytes as f64;
        let is_enough = bytes <= self.bytes;
        if is_enough {
            self.bytes -= bytes;
        }
        is_enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_saved_may_be_written_at_once_and_then_no_more_than_comes_in() {
        let now = Instant::now();
        let mut budget = Budget::new(TerminalGrant { bytes_per_second: 10.0, burst_bytes: 100.0 }, now);
        assert!(budget.take(100, now));
        assert!(!budget.take(1, now));
        let later = now + Duration::from_secs(2);
        assert!(!budget.take(21, later));
        assert!(budget.take(20, later));
        assert!(budget.take(100, later + Duration::from_secs(3600)));
        assert!(!budget.take(1, later));
    }
}
