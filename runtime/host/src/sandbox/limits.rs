//! What the operator declared, and the ceiling that holds a store to it.
//!
//! wasmtime's own `StoreLimits` counts per memory and allows ten thousand of them; this one counts the sum. One memory:
//! a component with two could let strings be copied between them for next to no fuel.

use std::time::Duration;

use wasmtime::ResourceLimiter;

use crate::config;

/// Linear memories of one instance.
pub(super) const MAX_MEMORIES: usize = 1;
/// Tables of one instance.
pub(super) const MAX_TABLES: usize = 16;
/// Elements of all tables together.
pub(super) const MAX_TABLE_ELEMENTS: usize = 20_000;
/// Core instances of one instance.
const MAX_INSTANCES: usize = 64;
/// Bytes that one call into or out of the guest may lift into the host.
pub(super) const MAX_LIFTED_BYTES: usize = 8 << 20;
/// Handles that a guest may hold.
pub(super) const MAX_HANDLES: usize = 1_024;
/// Fuel for instantiation, `describe` and `configure`.
const LOAD_FUEL: u64 = 10_000_000_000;
/// Wall clock for instantiation, `describe` and `configure`, each.
const LOAD_DEADLINE: Duration = Duration::from_secs(5);
/// Wall clock of `shutdown`.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(1);

/// Nothing is waited for longer than that.
const LONGEST_CALL: Duration = Duration::from_secs(24 * 3600);
/// What a call may take beside computing at the slowest pace: the machine's own hiccups.
const SLACK: Duration = Duration::from_secs(60);

/// The wall clock that a call may take in all, although its own clock stands still while it waits for CPU time: if it
/// spends all of its `deadline` computing, after an instance was made for it, with no more than `cores`.
///
/// A call that takes longer is stuck where no meter sees it.
pub(super) fn longest_call(deadline: Duration, cores: f64) -> Duration {
    let computing = deadline.as_secs_f64() + 2.0 * LOAD_DEADLINE.as_secs_f64();
    let seconds = computing / cores.min(1.0) + SLACK.as_secs_f64();
    Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_CALL).min(LONGEST_CALL)
}

/// The budget of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallLimits {
    /// Units of fuel.
    pub(super) fuel: u64,
    /// Wall clock, host calls included, waiting for CPU credit excluded.
    pub(super) deadline: Duration,
    /// Where the two limits come from, as told in a fault.
    pub(super) origin: Origin,
}

/// Where the limits of a call come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Origin {
    /// The configuration.
    Configured,
    /// Fixed, while an exporter is loaded or made again.
    Loading,
    /// Fixed, for the last call.
    Shutdown,
}

impl Origin {
    /// What to say behind a limit that is configured as `key`.
    pub(super) fn told(self, key: &'static str) -> &'static str {
        match self {
            Self::Configured => key,
            Self::Loading => "while it was loaded",
            Self::Shutdown => "at shutdown",
        }
    }
}

impl CallLimits {
    /// For exports, ticks and flushes.
    pub(super) fn of_batch(limits: &config::Limits) -> Self {
        Self { fuel: limits.fuel_per_batch, deadline: limits.deadline, origin: Origin::Configured }
    }

    /// For loading.
    pub(super) fn of_load() -> Self {
        Self { fuel: LOAD_FUEL, deadline: LOAD_DEADLINE, origin: Origin::Loading }
    }

    /// For the last call.
    pub(super) fn of_shutdown(limits: &config::Limits) -> Self {
        let deadline = SHUTDOWN_DEADLINE.min(limits.deadline);
        Self { fuel: limits.fuel_per_batch, deadline, origin: Origin::Shutdown }
    }
}

/// Holds one store to its memory limit.
#[derive(Debug)]
pub(super) struct Ceiling {
    max_memory: usize,
    memory: usize,
    elements: usize,
    denied: Option<usize>,
}

impl Ceiling {
    /// Allows `max_memory` bytes in all linear memories together.
    pub(super) fn new(max_memory: usize) -> Self {
        Self { max_memory, memory: 0, elements: 0, denied: None }
    }

    /// Bytes of all linear memories.
    pub(super) fn memory(&self) -> usize {
        self.memory
    }

    /// The limit in bytes.
    pub(super) fn max_memory(&self) -> usize {
        self.max_memory
    }

    /// Starts a call: forgets that growth was denied.
    pub(super) fn begin(&mut self) {
        self.denied = None;
    }

    /// How many bytes in all the guest asked for when it was last denied, in this call.
    pub(super) fn denied(&self) -> Option<usize> {
        self.denied
    }
}

impl ResourceLimiter for Ceiling {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.memory.saturating_add(desired.saturating_sub(current));
        if wanted > self.max_memory {
            self.denied = Some(wanted);
            return Ok(false);
        }
        self.memory = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let wanted = self.elements.saturating_add(desired.saturating_sub(current));
        let allowed = wanted <= MAX_TABLE_ELEMENTS;
        if allowed {
            self.elements = wanted;
        }
        Ok(allowed)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttled_call_has_the_time_that_its_pace_takes() {
        let deadline = Duration::from_secs(10);
        assert_eq!(longest_call(deadline, 0.25), Duration::from_secs(140));
        assert_eq!(longest_call(deadline, 0.25 / 8.0), Duration::from_secs(700));
        // One call computes on one core at most.
        assert_eq!(longest_call(deadline, 8.0), Duration::from_secs(80));
        for (deadline, cores) in [(Duration::MAX, 0.25), (deadline, 0.0), (deadline, f64::NAN), (deadline, 1e-9)] {
            assert!(longest_call(deadline, cores) <= LONGEST_CALL);
        }
    }

    #[test]
    fn memory_is_allowed_up_to_the_limit_and_not_one_byte_more() {
        let mut ceiling = Ceiling::new(100);
        assert!(ceiling.memory_growing(0, 40, None).unwrap());
        assert!(ceiling.memory_growing(40, 99, None).unwrap());
        assert!(ceiling.memory_growing(99, 100, None).unwrap());
        assert_eq!(ceiling.denied(), None);
        assert!(!ceiling.memory_growing(100, 101, None).unwrap());
        assert_eq!((ceiling.memory(), ceiling.denied()), (100, Some(101)));
    }

    #[test]
    fn memories_count_together() {
        let mut ceiling = Ceiling::new(100);
        assert!(ceiling.memory_growing(0, 60, None).unwrap());
        assert!(!ceiling.memory_growing(0, 60, None).unwrap());
        assert!(ceiling.memory_growing(0, 40, None).unwrap());
    }

    #[test]
    fn growth_past_the_guests_own_maximum_is_no_denial_of_ours() {
        let mut ceiling = Ceiling::new(100);
        assert!(!ceiling.memory_growing(0, 60, Some(50)).unwrap());
        assert_eq!((ceiling.memory(), ceiling.denied()), (0, None));
    }

    #[test]
    fn a_denial_is_forgotten_with_the_next_call() {
        let mut ceiling = Ceiling::new(10);
        assert!(!ceiling.memory_growing(0, 11, None).unwrap());
        ceiling.begin();
        assert_eq!(ceiling.denied(), None);
    }

    #[test]
    fn table_elements_count_together_up_to_the_limit() {
        let mut ceiling = Ceiling::new(0);
        assert!(ceiling.table_growing(0, MAX_TABLE_ELEMENTS - 1, None).unwrap());
        assert!(!ceiling.table_growing(0, 2, None).unwrap());
        assert!(ceiling.table_growing(0, 1, None).unwrap());
        assert!(!ceiling.table_growing(1, usize::MAX, None).unwrap());
    }
}
