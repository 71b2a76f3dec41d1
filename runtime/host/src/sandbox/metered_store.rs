//! A store whose every entry is metered: fuel, memory, handles, wall clock, CPU.
//!
//! After any fault the store answers nothing but "cannot enter": whoever gets a fault drops it.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use spangate_core::exporter::Fault;
use wasmtime::{Engine, Store};

use super::{
    detail::Evidence,
    fault::Ending,
    guest::{Capabilities, Guest},
    limits::{CallLimits, MAX_HANDLES, MAX_LIFTED_BYTES},
    meter::{CallUsage, Totals},
    metered::Metered,
    share::CpuShare,
};

/// A call in progress.
pub(super) type Call<'a, R> = Pin<Box<dyn Future<Output = wasmtime::Result<R>> + Send + 'a>>;

/// Fuel between two yields, for a guest that burns it quickly.
const LONGEST_INTERVAL: u64 = 1_000_000;
/// Fuel between two yields, for one that chases pointers.
const SHORTEST_INTERVAL: u64 = 20_000;
/// A slice longer than this shortens the interval.
const LONG_SLICE: Duration = Duration::from_millis(4);
/// Slices shorter than this lengthen it again.
const SHORT_SLICE: Duration = Duration::from_micros(500);

/// A store and its meters.
#[derive(Debug)]
pub(super) struct MeteredStore {
    store: Store<Guest>,
    totals: Arc<Totals>,
    interval: u64,
    /// Bytes that this store has in the totals.
    memory: usize,
    /// Fuel at the start of the running call.
    filled: Option<u64>,
}

impl MeteredStore {
    /// An empty store that may use `max_memory` bytes.
    pub(super) fn new(
        engine: &Engine,
        capabilities: &Arc<Capabilities>,
        max_memory: usize,
        totals: &Arc<Totals>,
    ) -> Self {
        let mut store = Store::new(engine, Guest::new(Arc::clone(capabilities), max_memory));
        store.limiter(|guest| &mut guest.ceiling);
        store.set_hostcall_fuel(MAX_LIFTED_BYTES);
        store.set_max_component_handles(MAX_HANDLES);
        totals.instances.fetch_add(1, Relaxed);
        Self { store, totals: Arc::clone(totals), interval: LONGEST_INTERVAL, memory: 0, filled: None }
    }

    /// The state behind the guest's host calls.
    pub(super) fn guest(&mut self) -> &mut Guest {
        self.store.data_mut()
    }

    /// Runs one call within `limits`, held to `share` if there is one. `on` is handed to the call.
    ///
    /// # Errors
    /// The fault that ended it. The store is dead then.
    pub(super) async fn run<X: Sync, R>(
        &mut self,
        limits: CallLimits,
        share: Option<&CpuShare>,
        on: &X,
        call: impl for<'a> FnOnce(&'a mut Store<Guest>, &'a X) -> Call<'a, R>,
    ) -> Result<R, Fault> {
        let mut usage = CallUsage::default();
        let totals = Arc::clone(&self.totals);
        let result = match self.begin(limits) {
            Ok(()) => Metered::new(call(&mut self.store, on), limits.deadline, share, &totals, &mut usage).await,
            Err(error) => Ok(Err(error)),
        };
        let stderr = self.end(&mut usage);
        let ending = match result {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(error)) => Ending::Error(error),
            Err(_) => Ending::Deadline,
        };
        let ceiling = &self.store.data().ceiling;
        let (max_memory, denied) = (ceiling.max_memory(), ceiling.denied());
        Err(Evidence { ending: &ending, limits, usage, max_memory, denied, stderr: &stderr }.fault())
    }

    fn begin(&mut self, limits: CallLimits) -> wasmtime::Result<()> {
        self.store.set_fuel(limits.fuel)?;
        self.store.fuel_async_yield_interval(Some(self.interval))?;
        self.filled = Some(limits.fuel);
        self.store.data_mut().begin(limits, self.interval);
        Ok(())
    }

    fn end(&mut self, usage: &mut CallUsage) -> Vec<String> {
        usage.fuel = self.bill_fuel();
        usage.memory = self.store.data().ceiling.memory();
        self.totals.move_memory(self.memory, usage.memory);
        self.memory = usage.memory;
        self.interval = next_interval(self.interval, usage.longest_slice);
        self.store.data_mut().end()
    }

    fn bill_fuel(&mut self) -> u64 {
        let filled = self.filled.take().unwrap_or_default();
        let used = filled.saturating_sub(self.store.get_fuel().unwrap_or_default());
        self.totals.fuel.fetch_add(used, Relaxed);
        used
    }
}

/// The fuel between two yields that keeps slices short: fuel says nothing about time (a pointer chase takes 20 ms for a
/// million units, a loop 0.05 ms).
fn next_interval(interval: u64, longest_slice: Duration) -> u64 {
    if longest_slice > LONG_SLICE {
        let shrink = longest_slice.as_micros() / LONG_SLICE.as_micros().max(1) + 1;
        return (interval / u64::try_from(shrink).unwrap_or(u64::MAX)).max(SHORTEST_INTERVAL);
    }
    if longest_slice < SHORT_SLICE {
        return interval.saturating_mul(2).min(LONGEST_INTERVAL);
    }
    interval
}

impl Drop for MeteredStore {
    /// An abandoned call is billed too.
    fn drop(&mut self) {
        if self.filled.is_some() {
            self.bill_fuel();
        }
        self.totals.move_memory(self.memory, 0);
        self.totals.instances.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_fuel_shortens_the_interval_and_fast_fuel_restores_it() {
        let slow = next_interval(LONGEST_INTERVAL, Duration::from_millis(20));
        assert!(slow <= LONGEST_INTERVAL / 5, "{slow}");
        assert_eq!(next_interval(slow, Duration::from_millis(2)), slow);
        let mut interval = slow;
        for _ in 0..10 {
            interval = next_interval(interval, Duration::from_micros(60));
        }
        assert_eq!(interval, LONGEST_INTERVAL);
        assert_eq!(next_interval(SHORTEST_INTERVAL, Duration::from_secs(3600)), SHORTEST_INTERVAL);
    }
}
