//! Where counter and clock were seen together, and how fast the counter runs since.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

/// How long an anchor holds, in nanoseconds.
pub(super) const HOLDS_NANOS: u64 = 1_000_000_000;

/// From ticks of the counter to monotonic nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Anchor {
    /// The counter when it was read.
    pub(super) ticks: u64,
    /// Monotonic nanoseconds at that moment.
    pub(super) nanos: u64,
    /// Nanoseconds per tick, in units of 2^-32.
    pub(super) rate: u64,
    /// For how many ticks it holds. Nothing is told from it beyond them.
    pub(super) holds: u64,
}

impl Anchor {
    /// It holds for a second of this rate.
    pub(super) fn new(ticks: u64, nanos: u64, rate: u64) -> Self {
        let holds = u64::try_from((u128::from(HOLDS_NANOS) << 32) / u128::from(rate.max(1))).unwrap_or(u64::MAX);
        Self { ticks, nanos, rate, holds }
    }

    /// Monotonic nanoseconds so many ticks later.
    #[inline]
    pub(super) fn nanos_after(&self, ticks: u64) -> u64 {
        self.nanos.wrapping_add(((u128::from(ticks) * u128::from(self.rate)) >> 32) as u64)
    }

    /// The latest time that anybody was told.
    pub(super) fn last_told(&self) -> u64 {
        self.nanos_after(self.holds)
    }
}

/// The anchor in use, for many readers and one writer.
///
/// Two places: the next anchor is written where no reader looks, so that a writer which is interrupted keeps nobody
/// waiting. A reader starts again only if two new anchors came while it read one.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    generation: AtomicU64,
    places: [[AtomicU64; 4]; 2],
}

impl Anchors {
    /// The anchor in use.
    #[inline]
    pub(super) fn load(&self) -> Anchor {
        loop {
            let generation = self.generation.load(Acquire);
            let [ticks, nanos, rate, holds] = self.place(generation).each_ref().map(|word| word.load(Relaxed));
            fence(Acquire);
            if self.generation.load(Relaxed) == generation {
                return Anchor { ticks, nanos, rate, holds };
            }
        }
    }

    /// Puts another into use. One thread at a time.
    pub(super) fn store(&self, anchor: Anchor) {
        // Who sees a word of the new anchor sees at least the generation before it, and so starts again.
        fence(Release);
        let next = self.generation.load(Relaxed).wrapping_add(1);
        let words = [anchor.ticks, anchor.nanos, anchor.rate, anchor.holds];
        for (place, word) in self.place(next).iter().zip(words) {
            place.store(word, Relaxed);
        }
        self.generation.store(next, Release);
    }

    #[inline]
    fn place(&self, generation: u64) -> &[AtomicU64; 4] {
        let [even, odd] = &self.places;
        if generation.is_multiple_of(2) { even } else { odd }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_told_as_nanoseconds_at_any_rate() {
        for (ticks_per_micro, ticks) in [(1_000u64, 5_000_000u64), (2_400, 12_000_000), (24, 120_000)] {
            let anchor = Anchor::new(7, 100, (1_000 << 32) / ticks_per_micro);
            let told = anchor.nanos_after(ticks);
            assert!((100 + 4_999_998..=100 + 5_000_000).contains(&told), "{told}");
            let second = HOLDS_NANOS / 1_000 * ticks_per_micro;
            assert!((second..=second + second / 1_000_000).contains(&anchor.holds), "{}", anchor.holds);
        }
    }

    #[test]
    fn a_reader_never_sees_parts_of_two_anchors() {
        let anchors = Anchors::default();
        let anchor = |n| Anchor { ticks: n, nanos: n, rate: n, holds: n };
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut last = 0;
                while last < 1_000_000 {
                    let seen = anchors.load();
                    assert_eq!(seen, anchor(seen.ticks));
                    assert!(seen.ticks >= last);
                    last = seen.ticks;
                }
            });
            let mut next = 0;
            while !reader.is_finished() {
                next += 1;
                anchors.store(anchor(next));
            }
        });
    }
}
