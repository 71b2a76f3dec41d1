//! The wall clock of one call, shared by what ends the call and by the host calls that wait on its behalf; and how long the
//! host worked for the call on other threads, where no meter sees it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// Runs from the start of a call to its deadline, and stands still while the call waits for CPU time.
#[derive(Debug)]
pub(crate) struct CallClock {
    started: Instant,
    deadline: Duration,
    stood_nanoseconds: AtomicU64,
    worked_nanoseconds: AtomicU64,
}

impl CallClock {
    /// Of a call that starts now and may take as long as `deadline`.
    pub(crate) fn start(deadline: Duration) -> Arc<Self> {
        let (stood_nanoseconds, worked_nanoseconds) = Default::default();
        Arc::new(Self { started: Instant::now(), deadline, stood_nanoseconds, worked_nanoseconds })
    }

    /// It stood still for so long.
    pub(crate) fn stand(&self, time: Duration) {
        self.stood_nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// What it shows.
    pub(crate) fn elapsed(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started).saturating_sub(self.stood())
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        self.elapsed(now) >= self.deadline
    }

    /// When the deadline passes if it does not stand still again; none if that is beyond all time.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        self.started.checked_add(self.deadline)?.checked_add(self.stood())
    }

    /// The host worked for so long on another thread.
    #[cfg(feature = "http")]
    pub(crate) fn work(&self, time: Duration) {
        self.worked_nanoseconds.fetch_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// How long the host has worked on other threads.
    pub(crate) fn worked(&self) -> Duration {
        Duration::from_nanos(self.worked_nanoseconds.load(Relaxed))
    }

    fn stood(&self) -> Duration {
        Duration::from_nanos(self.stood_nanoseconds.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_over_at_its_edge_and_later_by_as_long_as_the_clock_stood() {
        let clock = CallClock::start(Duration::from_millis(30));
        let end = clock.ends_at().unwrap();
        let tick = Duration::from_nanos(1);
        assert!(!clock.is_over(end - tick) && clock.is_over(end) && clock.is_over(end + tick));
        clock.stand(Duration::from_secs(5));
        let end = end + Duration::from_secs(5);
        assert_eq!(clock.ends_at(), Some(end));
        assert!(!clock.is_over(end - tick) && clock.is_over(end) && clock.is_over(end + tick));
        assert_eq!(clock.elapsed(end), Duration::from_millis(30));
    }

    #[test]
    fn a_deadline_beyond_all_time_never_ends() {
        let clock = CallClock::start(Duration::MAX);
        clock.stand(Duration::MAX);
        assert_eq!(clock.ends_at(), None);
        assert!(!clock.is_over(Instant::now()));
    }
}
