//! A clock that counts, and keeps pace with another.
//!
//! Constraints: monotonic time never runs backwards, whatever the counter does; a counter that cannot be trusted is
//! found out, and from then on the other clock is asked.
//!
//! Design: once a second, at the first look after that, counter and clock are read together. Where the counter was
//! behind, time moves on to what the clock says; where it was ahead, time runs slower until the clock has caught up. The
//! rate is measured anew from one such look to the next. A counter whose rate changes by more than a thousandth, or that
//! jumps (the machine slept, or was moved), is not used again.

use std::sync::{
    Mutex, TryLockError,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use spangate_core::clock::{Clock, Reading};

use super::anchor::{Anchor, Anchors, HOLDS_NANOS};

/// Something that counts at an even pace.
pub(super) trait Counter: Send + Sync {
    /// How far it has counted.
    fn ticks(&self) -> u64;
}

/// Reading both takes less than this, unless something came between. Nanoseconds.
const SHORT_NANOS: u64 = 5_000;
/// From this distance on two looks tell the rate. Nanoseconds.
const RATE_NANOS: u64 = HOLDS_NANOS / 2;
/// A counter that is off by more than one in so many is not trusted.
const TRUSTED_SHARE: u64 = 1_000;

/// A counter, and the clock it keeps pace with.
#[derive(Debug)]
pub(super) struct Paced<T, C> {
    counter: T,
    clock: C,
    anchors: Anchors,
    /// Time of day at which the monotonic time was zero.
    unix_nanos_at_zero: AtomicU64,
    /// Whoever has the lock looks.
    pace: Mutex<Pace>,
}

/// What is known about the counter.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// The last look that nothing came between.
    last: Look,
    /// Nanoseconds per tick as measured last, in units of 2^-32.
    rate: u64,
}

/// Counter and clock, read together.
#[derive(Clone, Copy, Debug)]
struct Look {
    ticks: u64,
    /// Monotonic nanoseconds, between these two.
    earliest: u64,
    latest: u64,
    unix_nanos_at_zero: u64,
}

impl Look {
    fn middle(&self) -> u64 {
        self.earliest.midpoint(self.latest)
    }

    fn took(&self) -> u64 {
        self.latest.saturating_sub(self.earliest)
    }
}

impl<T: Counter, C: Clock> Paced<T, C> {
    /// Begins at this rate, nanoseconds per tick in units of 2^-32, and finds out a better one.
    pub(super) fn new(counter: T, clock: C, rate: u64) -> Self {
        let look = look(&counter, &clock);
        let anchors = Anchors::default();
        anchors.store(Anchor::new(look.ticks, look.middle(), rate));
        let unix_nanos_at_zero = AtomicU64::new(look.unix_nanos_at_zero);
        Self { counter, clock, anchors, unix_nanos_at_zero, pace: Mutex::new(Pace { last: look, rate }) }
    }

    /// Monotonic nanoseconds.
    #[inline]
    pub(super) fn monotonic_nanos(&self) -> u64 {
        let anchor = self.anchors.load();
        let ticks = self.counter.ticks().wrapping_sub(anchor.ticks);
        if ticks < anchor.holds { anchor.nanos_after(ticks) } else { self.look_again(&anchor, ticks) }
    }

    /// Both times from one look.
    #[inline]
    pub(super) fn read(&self) -> Reading {
        let monotonic_nanos = self.monotonic_nanos();
        Reading { unix_nanos: self.unix_nanos_at_zero.load(Relaxed).saturating_add(monotonic_nanos), monotonic_nanos }
    }

    /// Whether the counter is in use still.
    pub(super) fn is_trusted(&self) -> bool {
        self.anchors.load().holds > 0
    }

    /// The anchor does not hold any more, or the counter was read on another core a moment before the anchor's.
    #[cold]
    fn look_again(&self, anchor: &Anchor, ticks: u64) -> u64 {
        if anchor.holds == 0 {
            return self.without_counter(anchor);
        }
        // A thousandth of a second back: two cores, or two instructions that changed places.
        if ticks.wrapping_neg() < anchor.holds / 1_000 {
            return anchor.nanos;
        }
        let mut pace = match self.pace.try_lock() {
            Ok(pace) => pace,
            Err(TryLockError::Poisoned(pace)) => pace.into_inner(),
            // Another thread is at it, or was when this process was forked off.
            Err(TryLockError::WouldBlock) => return self.clock.monotonic_nanos().max(anchor.last_told()),
        };
        let known = self.anchors.load();
        if known != *anchor {
            return self.clock.monotonic_nanos().max(known.nanos);
        }
        let seen = look(&self.counter, &self.clock);
        let next = pace.next(&known, &seen);
        self.unix_nanos_at_zero.store(seen.unix_nanos_at_zero, Relaxed);
        self.anchors.store(next);
        if next.holds == 0 { self.without_counter(&next) } else { next.nanos }
    }

    /// The other clock, and what the counter was ahead of it when it was found out.
    fn without_counter(&self, anchor: &Anchor) -> u64 {
        let reading = self.clock.read();
        self.unix_nanos_at_zero
            .store(reading.unix_nanos.saturating_sub(reading.monotonic_nanos).saturating_sub(anchor.nanos), Relaxed);
        reading.monotonic_nanos.saturating_add(anchor.nanos)
    }
}

/// Reads counter and clock together: the shortest of a few tries.
fn look(counter: &impl Counter, clock: &impl Clock) -> Look {
    const TRIES: usize = 4;
    let mut best: Option<Look> = None;
    for _ in 0..TRIES {
        let earliest = clock.monotonic_nanos();
        let (ticks, unix_nanos) = (counter.ticks(), clock.unix_nanos());
        let latest = clock.monotonic_nanos();
        let unix_nanos_at_zero = unix_nanos.saturating_sub(earliest.midpoint(latest));
        let look = Look { ticks, earliest, latest, unix_nanos_at_zero };
        if best.as_ref().is_none_or(|best| look.took() < best.took()) {
            best = Some(look);
        }
        if look.took() <= SHORT_NANOS {
            break;
        }
    }
    best.unwrap_or(Look { ticks: 0, earliest: 0, latest: 0, unix_nanos_at_zero: 0 })
}

impl Pace {
    /// The next anchor. One that does not hold says that the counter is not trusted; it keeps what time was ahead.
    fn next(&mut self, known: &Anchor, seen: &Look) -> Anchor {
        let ticks = seen.ticks.wrapping_sub(known.ticks);
        // The latest that anybody can have been told. One that has gone back may have been anywhere before.
        let told = known.nanos_after(ticks.min(known.holds));
        let Some(rate) = self.measure(seen) else {
            return Anchor { nanos: told.saturating_sub(seen.earliest), ..Anchor::default() };
        };
        let nanos = known.nanos_after(ticks).clamp(seen.earliest, seen.latest).max(told);
        let ahead = nanos.saturating_sub(seen.latest).min(HOLDS_NANOS / 2);
        let slower = u128::from(rate) * u128::from(ahead) / u128::from(HOLDS_NANOS);
        Anchor::new(seen.ticks, nanos, rate.saturating_sub(slower as u64))
    }

    /// The rate since the last look, or that known before where the looks do not tell. None if it is off by too much.
    fn measure(&mut self, seen: &Look) -> Option<u64> {
        let nanos = seen.middle().saturating_sub(self.last.middle());
        let ticks = seen.ticks.wrapping_sub(self.last.ticks);
        if ticks == 0 || ticks > u64::MAX / 2 {
            return None;
        }
        let per_tick = |nanos: u64| u64::try_from((u128::from(nanos) << 32) / u128::from(ticks)).ok();
        let measured = per_tick(nanos)?;
        let blur = seen.took().saturating_add(self.last.took());
        if measured.abs_diff(self.rate) > per_tick((nanos / TRUSTED_SHARE).saturating_add(blur))? {
            return None;
        }
        if seen.took() <= SHORT_NANOS {
            if nanos >= RATE_NANOS {
                self.rate = measured;
            }
            self.last = *seen;
        }
        Some(self.rate)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Arc, atomic::AtomicU64},
        time::Duration,
    };

    use proptest::prelude::*;
    use spangate_core::clock::ManualClock;

    use super::*;

    #[derive(Clone, Debug, Default)]
    struct Hand(Arc<AtomicU64>);

    impl Counter for Hand {
        fn ticks(&self) -> u64 {
            self.0.load(Relaxed)
        }
    }

    #[derive(Clone)]
    struct Shared(Arc<ManualClock>);

    impl Clock for Shared {
        fn unix_nanos(&self) -> u64 {
            self.0.unix_nanos()
        }

        fn monotonic(&self) -> Duration {
            self.0.monotonic()
        }
    }

    const UNIX: u64 = 1_700_000_000_000_000_000;
    const SECOND: u64 = HOLDS_NANOS;

    struct Stage {
        hand: Hand,
        clock: Shared,
        paced: Paced<Hand, Shared>,
    }

    /// Said to count nanoseconds.
    fn stage() -> Stage {
        let (hand, clock) = (Hand::default(), Shared(Arc::new(ManualClock::at_unix_nanos(UNIX))));
        hand.0.store(u64::MAX - 5, Relaxed);
        let paced = Paced::new(hand.clone(), clock.clone(), 1 << 32);
        Stage { hand, clock, paced }
    }

    impl Stage {
        fn advance(&self, nanos: u64, ticks: u64) {
            self.clock.0.advance(Duration::from_nanos(nanos));
            self.hand.0.fetch_add(ticks, Relaxed);
        }

        /// What is told, less what the clock says.
        fn error(&self) -> i64 {
            self.paced.monotonic_nanos().wrapping_sub(self.clock.monotonic_nanos()).cast_signed()
        }
    }

    #[test]
    fn a_counter_of_another_pace_than_said_is_off_for_a_second_and_then_no_more() {
        for share in [1_000_000 - 900, 1_000_000 + 900] {
            let stage = stage();
            let mut errors = Vec::new();
            let mut last = 0;
            for _ in 0..40_000 {
                stage.advance(SECOND / 10_000, SECOND / 10_000 * share / 1_000_000);
                errors.push(stage.error().unsigned_abs());
                let told = stage.paced.monotonic_nanos();
                assert!(told >= last, "{told} after {last}");
                last = told;
            }
            let worst = |from: usize, to: usize| errors[from..to].iter().copied().max().unwrap_or_default();
            assert!((850_000..=1_000_000).contains(&worst(0, 10_100)), "{}", worst(0, 10_100));
            assert!(worst(20_100, 40_000) <= 1_000, "{}", worst(20_100, 40_000));
            assert!(stage.paced.is_trusted());
        }
    }

    #[test]
    fn a_pace_that_changes_by_a_thousandth_is_followed_and_one_that_changes_by_more_is_not() {
        for (more, is_trusted) in [(999_900, true), (1_000_000, true), (1_010_000, false)] {
            let stage = stage();
            stage.advance(SECOND + 1, SECOND + 1);
            assert_eq!(stage.error(), 0);
            // Nanoseconds more than ticks.
            stage.advance(SECOND + more, SECOND);
            assert_eq!(stage.error(), 0);
            assert_eq!(stage.paced.is_trusted(), is_trusted, "{more}");
        }
    }

    #[test]
    fn a_counter_that_jumps_or_stands_still_is_found_out_and_the_clock_is_asked() {
        for jump in [-3 * SECOND.cast_signed(), 3_600 * SECOND.cast_signed(), i64::MIN + 9, 0] {
            let stage = stage();
            stage.advance(SECOND / 2, SECOND / 2);
            let before = stage.paced.monotonic_nanos();
            // The clock goes on while the machine sleeps, or does not.
            stage.advance(SECOND * 2, jump.cast_unsigned());
            if jump == 0 {
                stage.advance(SECOND * 2, SECOND * 2);
            }
            assert!(stage.paced.monotonic_nanos() >= before, "{jump}");
            assert!(!stage.paced.is_trusted(), "{jump}");
            let (lead, hand) = (stage.error(), stage.paced.read());
            assert!((0..=SECOND.cast_signed()).contains(&lead), "{jump}: {lead}");
            stage.advance(77, 1);
            assert_eq!(stage.error(), lead);
            let unix_nanos = stage.clock.unix_nanos();
            assert_eq!(stage.paced.read(), Reading { unix_nanos, monotonic_nanos: hand.monotonic_nanos + 77 });
        }
    }

    #[test]
    fn a_core_that_is_a_little_behind_is_told_the_anchors_time_and_costs_no_trust() {
        let stage = stage();
        stage.advance(500, 0);
        stage.hand.0.fetch_sub(900, Relaxed);
        assert_eq!(stage.paced.monotonic_nanos(), 0);
        assert!(stage.paced.is_trusted());
    }

    #[test]
    fn a_time_of_day_that_was_set_is_noticed_within_a_second() {
        let stage = stage();
        stage.clock.0.set_unix_nanos(5);
        stage.advance(SECOND - 1, SECOND - 1);
        assert_eq!(stage.paced.read().unix_nanos, UNIX + SECOND - 1);
        stage.advance(1, 1);
        let reading = stage.paced.read();
        assert_eq!(reading, Reading { unix_nanos: stage.paced.read().unix_nanos, monotonic_nanos: SECOND });
        assert_eq!(stage.paced.read().unix_nanos, 5 + SECOND);
    }

    #[test]
    fn after_an_hour_without_a_look_the_clocks_word_counts() {
        let stage = stage();
        stage.advance(3_600 * SECOND, 3_600 * SECOND - SECOND / 2);
        assert_eq!(stage.error(), 0);
        assert!(stage.paced.is_trusted());
    }

    #[test]
    fn who_comes_while_another_looks_waits_for_nobody() {
        let stage = stage();
        let looking = stage.paced.pace.lock().expect("nobody panicked");
        stage.advance(SECOND - 500, SECOND - 1);
        assert_eq!(stage.error(), 499);
        // If this waits, it waits for its own thread, for ever.
        stage.advance(1, 1);
        assert_eq!(stage.error(), 499, "not earlier than others were told");
        stage.advance(SECOND, SECOND);
        assert_eq!(stage.error(), 0, "the clock's time");
        drop(looking);
    }

    proptest! {
        #[test]
        fn time_never_runs_backwards_whatever_the_counter_does(
            steps in prop::collection::vec((prop_oneof![0..SECOND / 2_000, 0..3 * SECOND], -1_500i64..1_500, 0u8..20, any::<i64>()), 1..200),
        ) {
            let stage = stage();
            let mut last = 0;
            for (nanos, parts_per_million, chance, jump) in steps {
                let ticks = nanos.cast_signed() + nanos.cast_signed() / 1_000_000 * parts_per_million;
                let ticks = if chance == 0 { jump } else { ticks };
                stage.advance(nanos, ticks.cast_unsigned());
                let told = stage.paced.monotonic_nanos();
                prop_assert!(told >= last, "{told} after {last}");
                last = told;
            }
        }
    }
}
