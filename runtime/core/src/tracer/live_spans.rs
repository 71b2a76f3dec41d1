//! How many spans may be live, so that spans that never end cannot fill the memory.
//!
//! Constraints: threads must not write one shared number for every span; spans may end on another thread than they
//! started on.
//!
//! Design: permits. Each of a fixed number of shards holds some and gets and gives back whole lots. The thread that owns
//! a shard counts its permits by itself; threads beyond the number of shards share those set apart for that. Where the
//! cap is too small for lots there is just the one number.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::thread_slot::{OwnLine, SlotCounter, ThreadOwner};

/// A power of two.
const SHARDS: usize = 64;

pub(super) struct LiveSpans {
    max: i64,
    /// Permits that change hands at once; 0 if all are taken from the pool one by one.
    lot: i64,
    pool: OwnLine<AtomicI64>,
    shards: Box<[OwnLine<Shard>]>,
    slots: SlotCounter,
}

/// Permits of threads.
#[derive(Default)]
struct Shard {
    owner: ThreadOwner,
    /// Written by the owner alone.
    own: AtomicI64,
    /// For any other thread.
    shared: AtomicI64,
}

/// Permits that a thread takes from, and whether it alone does.
enum Permits<'a> {
    Own(&'a AtomicI64),
    Shared(&'a AtomicI64),
    Pool,
}

impl LiveSpans {
    /// Room for up to `max` spans; of that, idle shards may hold a quarter.
    pub(super) fn new(max: usize) -> Self {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let lot = (max / (16 * SHARDS as i64)).min(256);
        let shards = if lot == 0 { 0 } else { SHARDS };
        Self {
            max,
            lot,
            pool: OwnLine(AtomicI64::new(max)),
            shards: (0..shards).map(|_| OwnLine::default()).collect(),
            slots: SlotCounter::default(),
        }
    }

    /// Takes a permit if there is one.
    #[inline]
    pub(super) fn try_enter(&self) -> bool {
        match self.permits() {
            Permits::Own(own) => {
                let free = own.load(Relaxed);
                let left = if free > 0 { free } else { self.draw(self.lot) };
                own.store((left - 1).max(0), Relaxed);
                left > 0
            }
            Permits::Shared(shared) => {
                if shared.fetch_sub(1, Relaxed) > 0 {
                    return true;
                }
                let drawn = self.draw(self.lot);
                // One of those drawn pays for the permit taken above; if none was drawn, it was not taken.
                shared.fetch_add(drawn.max(1), Relaxed);
                drawn > 0
            }
            Permits::Pool => self.draw(1) == 1,
        }
    }

    /// Gives a permit back.
    #[inline]
    pub(super) fn leave(&self) {
        match self.permits() {
            Permits::Own(own) => {
                let free = own.load(Relaxed) + 1;
                let is_much = free > 2 * self.lot;
                own.store(if is_much { free - self.lot } else { free }, Relaxed);
                if is_much {
                    self.pool.0.fetch_add(self.lot, Relaxed);
                }
            }
            Permits::Shared(shared) => {
                if shared.fetch_add(1, Relaxed) >= 2 * self.lot {
                    shared.fetch_sub(self.lot, Relaxed);
                    self.pool.0.fetch_add(self.lot, Relaxed);
                }
            }
            Permits::Pool => _ = self.pool.0.fetch_add(1, Relaxed),
        }
    }

    /// Spans that are live; exact while no thread starts or ends one.
    pub(super) fn count(&self) -> u64 {
        let held = |OwnLine(shard): &OwnLine<Shard>| shard.own.load(Relaxed) + shard.shared.load(Relaxed);
        let free = self.pool.0.load(Relaxed) + self.shards.iter().map(held).sum::<i64>();
        u64::try_from(self.max - free).unwrap_or_default()
    }

    #[inline]
    fn permits(&self) -> Permits<'_> {
        let slot = self.slots.slot();
        match self.shards.get(slot.number % SHARDS) {
            Some(OwnLine(shard)) if shard.owner.is(slot) => Permits::Own(&shard.own),
            Some(OwnLine(shard)) => Permits::Shared(&shard.shared),
            None => Permits::Pool,
        }
    }

    /// Takes up to `wanted` permits from the pool.
    #[cold]
    fn draw(&self, wanted: i64) -> i64 {
        let take = |free: i64| (free > 0).then(|| free - wanted.min(free));
        self.pool.0.fetch_update(Relaxed, Relaxed, take).map_or(0, |free| wanted.min(free))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_small_cap_is_exact() {
        let live = LiveSpans::new(3);
        assert_eq!([live.try_enter(), live.try_enter(), live.try_enter(), live.try_enter()], [true, true, true, false]);
        live.leave();
        assert!(live.try_enter());
        assert_eq!(live.count(), 3);
    }

    #[test]
    fn threads_that_share_a_shard_keep_the_cap_between_them() {
        let live = LiveSpans::new(2_000);
        let entered: usize = std::thread::scope(|scope| {
            // More threads than shards, one after the other.
            let enter = || (0..100).filter(|_| live.try_enter()).count();
            (0..3 * SHARDS).map(|_| scope.spawn(enter).join().expect("thread")).sum()
        });
        assert!((1_500..=2_000).contains(&entered), "{entered}");
        assert_eq!(live.count(), entered as u64);
        std::thread::scope(|scope| {
            let leave = || (0..entered / 4).for_each(|_| live.leave());
            (0..4).for_each(|_| _ = scope.spawn(leave));
        });
        assert_eq!(live.count(), (entered % 4) as u64);
    }

    #[test]
    fn a_large_cap_is_never_exceeded_by_many_threads_and_every_permit_comes_back() {
        let live = LiveSpans::new(2_000);
        let entered: usize = std::thread::scope(|scope| {
            let enter = || (0..1_000).filter(|_| live.try_enter()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(enter)).collect();
            threads.into_iter().map(|thread| thread.join().expect("thread")).sum()
        });
        assert!((1_500..=2_000).contains(&entered), "{entered}");
        assert_eq!(live.count(), entered as u64);
        // On another thread than they were taken on.
        (0..entered).for_each(|_| live.leave());
        assert_eq!(live.count(), 0);
        assert!(live.pool.0.load(Relaxed) > 1_900);
    }

    proptest! {
        #[test]
        fn the_count_is_what_entered_less_what_left(max in 0usize..3_000, steps in prop::collection::vec(any::<bool>(), 0..3_000)) {
            let live = LiveSpans::new(max);
            let mut expected = 0usize;
            for is_start in steps {
                if is_start {
                    let may = live.try_enter();
                    prop_assert_eq!(may, expected < max);
                    expected += usize::from(may);
                } else if expected > 0 {
                    live.leave();
                    expected -= 1;
                }
                prop_assert_eq!(live.count(), expected as u64);
            }
        }
    }
}
