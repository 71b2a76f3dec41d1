//! Instances that are ready and have nothing to do, and how long that may last.
//!
//! Constraints: no clock but the `now` that is handed in; what was used last is used next, so that what is too many grows
//! old.

use std::time::{Duration, Instant};

/// What has nothing to do, the one used last at the end.
#[derive(Debug)]
pub(super) struct IdlePool<T> {
    waiting: Vec<(Instant, T)>,
    timeout: Duration,
}

impl<T> IdlePool<T> {
    /// An empty one, which `timeout` after its last use has no more place for anything.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { waiting: Vec::new(), timeout }
    }

    /// Takes in what was used until now.
    pub(super) fn put(&mut self, item: T, now: Instant) {
        self.waiting.push((now, item));
    }

    /// The one that was used last.
    pub(super) fn take(&mut self) -> Option<T> {
        self.waiting.pop().map(|(_, item)| item)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// One that has had nothing to do for as long as it may, the oldest first.
    pub(super) fn take_expired(&mut self, now: Instant) -> Option<T> {
        let is_expired = self.wait(now).is_some_and(|wait| wait.is_zero());
        is_expired.then(|| self.waiting.remove(0).1)
    }

    /// How long until one has to go; none if there is none.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let (since, _) = self.waiting.first()?;
        Some(self.timeout.saturating_sub(now.saturating_duration_since(*since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);
    const TICK: Duration = Duration::from_nanos(1);

    #[test]
    fn the_timeout_holds_at_its_edge() {
        let start = Instant::now();
        let mut pool = IdlePool::new(TIMEOUT);
        pool.put('a', start);
        assert_eq!((pool.take_expired(start + TIMEOUT - TICK), pool.wait(start + TIMEOUT - TICK)), (None, Some(TICK)));
        assert_eq!((pool.take_expired(start + TIMEOUT), pool.len()), (Some('a'), 0));
        pool.put('b', start);
        assert_eq!(pool.take_expired(start + TIMEOUT + TICK), Some('b'));
    }

    #[test]
    fn use_begins_the_timeout_anew() {
        let start = Instant::now();
        let mut pool = IdlePool::new(TIMEOUT);
        pool.put('a', start);
        let item = pool.take().unwrap();
        pool.put(item, start + TIMEOUT / 2);
        assert_eq!(pool.take_expired(start + TIMEOUT), None);
        assert_eq!(pool.wait(start + TIMEOUT), Some(TIMEOUT / 2));
        assert_eq!(pool.take_expired(start + TIMEOUT * 3 / 2), Some('a'));
    }

    #[test]
    fn what_was_used_last_is_used_next_and_what_is_too_many_goes() {
        let start = Instant::now();
        let mut pool = IdlePool::new(TIMEOUT);
        pool.put('a', start);
        pool.put('b', start + TICK);
        for second in 1..=60 {
            assert_eq!(pool.take(), Some('b'));
            pool.put('b', start + Duration::from_secs(second));
        }
        assert_eq!((pool.take_expired(start + TIMEOUT), pool.take_expired(start + TIMEOUT)), (Some('a'), None));
    }

    #[test]
    fn an_empty_pool_waits_for_nothing() {
        let mut pool = IdlePool::<char>::new(TIMEOUT);
        assert_eq!((pool.wait(Instant::now()), pool.take_expired(Instant::now())), (None, None));
        let mut never = IdlePool::new(Duration::MAX);
        never.put('a', Instant::now());
        assert_eq!(never.take_expired(Instant::now() + TIMEOUT), None);
        let mut at_once = IdlePool::<char>::new(Duration::ZERO);
        assert_eq!((at_once.wait(Instant::now()), at_once.take_expired(Instant::now())), (None, None));
    }
}
