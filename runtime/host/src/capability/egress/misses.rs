//! Names that could not be resolved a moment ago: asking again at once would only keep a thread. `now` is handed in.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::resolve_error::ResolveError;

/// How long a failure is remembered: short, since it ends with the fault.
const REMEMBERED: Duration = Duration::from_secs(2);

/// Names that are remembered. There are no more than the operator's list has hosts, and the proxy.
const MAX_NAMES: usize = 512;

/// What failed, by name.
#[derive(Debug, Default)]
pub(super) struct Misses(HashMap<String, (Instant, ResolveError)>);

impl Misses {
    /// How the latest lookup of `name` failed, if that was a moment ago.
    pub(super) fn find(&self, name: &str, now: Instant) -> Option<ResolveError> {
        self.0.get(name).filter(|(at, _)| is_recent(*at, now)).map(|(_, error)| error.clone())
    }

    /// The lookup of `name` failed.
    pub(super) fn add(&mut self, name: &str, error: ResolveError, now: Instant) {
        self.0.retain(|_, (at, _)| is_recent(*at, now));
        if self.0.len() < MAX_NAMES {
            self.0.insert(name.to_owned(), (now, error));
        }
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(name: &str) -> ResolveError {
        ResolveError::Failed { name: name.to_owned(), why: "no such host".to_owned() }
    }

    #[test]
    fn a_failure_is_remembered_for_its_time_and_its_name() {
        let (mut misses, now) = (Misses::default(), Instant::now());
        misses.add("a.example", failure("a.example"), now);
        assert_eq!(misses.find("a.example", now), Some(failure("a.example")));
        assert_eq!(misses.find("b.example", now), None);
        let last = now + REMEMBERED - Duration::from_nanos(1);
        assert_eq!(misses.find("a.example", last), Some(failure("a.example")));
        assert_eq!(misses.find("a.example", now + REMEMBERED), None);
    }

    #[test]
    fn what_is_remembered_stays_bounded_and_makes_room_as_it_gets_old() {
        let (mut misses, now) = (Misses::default(), Instant::now());
        for number in 0..=MAX_NAMES {
            misses.add(&number.to_string(), failure("a"), now);
        }
        assert_eq!(misses.0.len(), MAX_NAMES);
        misses.add("new", failure("new"), now + REMEMBERED);
        assert_eq!(misses.0.len(), 1);
        assert!(misses.find("new", now + REMEMBERED).is_some());
    }

    #[test]
    fn failures_are_not_remembered_for_more_than_five_seconds() {
        assert!(REMEMBERED <= Duration::from_secs(5));
    }
}
