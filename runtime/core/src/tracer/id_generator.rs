//! Random ids from a generator per thread.
//!
//! Constraints: unique across machines, so the seed comes from the operating system (through the standard library's hash
//! keys); not secret; never all zero.

use std::{
    cell::RefCell,
    hash::{BuildHasher, RandomState},
};

use crate::context::{SpanId, TraceId};

struct IdGenerator {
    rng: fastrand::Rng,
    /// Keeps two threads apart that reach the same state of the generator, which has only 64 bits.
    salt: u64,
    /// The next one. It is made of two halves, and the processor would wait for them if it were read at once.
    trace_id: TraceId,
}

thread_local! {
    static GENERATOR: RefCell<IdGenerator> = RefCell::new(IdGenerator::new());
}

impl IdGenerator {
    fn new() -> Self {
        let random = RandomState::new();
        Self::seeded(random.hash_one(0), random.hash_one(1))
    }

    fn seeded(seed: u64, salt: u64) -> Self {
        let mut generator = Self { rng: fastrand::Rng::with_seed(seed), salt, trace_id: TraceId::INVALID };
        generator.trace_id = generator.draw_trace_id();
        generator
    }

    #[inline]
    fn trace_id(&mut self) -> TraceId {
        let trace_id = self.trace_id;
        self.trace_id = self.draw_trace_id();
        trace_id
    }

    #[inline]
    fn draw_trace_id(&mut self) -> TraceId {
        let high = self.rng.u64(..) ^ self.salt;
        TraceId((u128::from(high) << 64 | u128::from(self.non_zero())).to_be_bytes())
    }

    #[inline]
    fn span_id(&mut self) -> SpanId {
        SpanId(self.non_zero().to_be_bytes())
    }

    #[inline]
    fn non_zero(&mut self) -> u64 {
        loop {
            let random = self.rng.u64(..);
            if random != 0 {
                return random;
            }
        }
    }
}

/// Has this thread go on with other ids than it would have. For a child process after a `fork`: its thread is a copy of
/// its parent's, random numbers to come included. `salt` is something that differs between the two.
pub fn reseed_ids(salt: u64) {
    // A thread that is ending has no generator any more.
    let _ = GENERATOR.try_with(|generator| {
        let mut generator = generator.borrow_mut();
        let mixed = RandomState::new().hash_one((salt, generator.rng.u64(..)));
        *generator = IdGenerator::seeded(mixed, generator.salt ^ mixed.rotate_left(32));
    });
}

/// A new trace and its first span.
#[inline]
pub(super) fn root_ids() -> (TraceId, SpanId) {
    generate(|generator| (generator.trace_id(), generator.span_id()))
}

/// A new span.
#[inline]
pub(super) fn span_id() -> SpanId {
    generate(IdGenerator::span_id)
}

#[inline]
fn generate<T>(make: impl Fn(&mut IdGenerator) -> T) -> T {
    GENERATOR
        .try_with(|generator| make(&mut generator.borrow_mut()))
        // A thread that is ending has no generator any more.
        .unwrap_or_else(|_| make(&mut IdGenerator::new()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn two_copies_of_a_thread_make_other_ids_when_they_are_told_apart() {
        let copy = || IdGenerator::seeded(7, 7);
        let next = |salt| {
            GENERATOR.with(|generator| *generator.borrow_mut() = copy());
            reseed_ids(salt);
            root_ids()
        };
        assert_ne!(next(1), next(2));
        GENERATOR.with(|generator| *generator.borrow_mut() = IdGenerator::new());
    }

    #[test]
    fn ids_are_valid_and_unique_over_threads() {
        let make = || (0..1_000).map(|_| root_ids()).collect::<Vec<_>>();
        let ids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("thread")).collect()
        });
        assert!(ids.iter().all(|(trace, span)| trace.is_valid() && span.is_valid()));
        assert_eq!(ids.iter().map(|(trace, _)| trace).collect::<HashSet<_>>().len(), 4_000);
        assert_eq!(ids.iter().map(|(_, span)| span).collect::<HashSet<_>>().len(), 4_000);
    }
}
