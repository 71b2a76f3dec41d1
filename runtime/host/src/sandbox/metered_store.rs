//! A store whose every entry is metered: fuel, memory, handles, wall clock, CPU.
//!
//! After any fault the store answers nothing but "cannot enter": whoever gets a fault drops it.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use spangate_core::exporter::Fault;
use wasmtime::{Engine, Store};

use super::{
    cpu::Seat,
    detail::Evidence,
    fault::Ending,
    guest::{Capabilities, Guest},
    interval::Burnt,
    limits::{CallLimits, MAX_HANDLES, MAX_LIFTED_BYTES},
    meter::{CallUsage, Totals},
    metered::Metered,
};
use crate::capability::{CallClock, log::speech::LastWords};

/// A call in progress.
pub(super) type Call<'a, R> = Pin<Box<dyn Future<Output = wasmtime::Result<R>> + Send + 'a>>;

/// A store and its meters.
#[derive(Debug)]
pub(super) struct MeteredStore {
    store: Store<Guest>,
    totals: Arc<Totals>,
    /// Fuel between two yields of the running call.
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
        Self { store, totals: Arc::clone(totals), interval: totals.interval.get(), memory: 0, filled: None }
    }

    /// The state behind the guest's host calls.
    pub(super) fn guest(&mut self) -> &mut Guest {
        self.store.data_mut()
    }

    /// Runs one call within `limits`, one of the exporter that has `seat`. `on` is handed to the call.
    ///
    /// # Errors
    /// The fault that ended it. The store is dead then.
    pub(super) async fn run<X: Sync, R>(
        &mut self,
        limits: CallLimits,
        seat: &Seat,
        on: &X,
        call: impl for<'a> FnOnce(&'a mut Store<Guest>, &'a X) -> Call<'a, R>,
    ) -> Result<R, Fault> {
        let mut usage = CallUsage::default();
        let totals = Arc::clone(&self.totals);
        let clock = CallClock::start(limits.deadline);
        let result = match self.begin(limits, &clock) {
            Ok(()) => Metered::new(self.call_and_tell(on, call), clock, seat, &totals, &mut usage).await,
            Err(error) => Ok(Err(error)),
        };
        let words = self.end(&mut usage);
        let ending = match result {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(error)) => Ending::Error(error),
            Err(_) => Ending::Deadline,
        };
        let ceiling = &self.store.data().ceiling;
        let (max_memory, denied) = (ceiling.max_memory(), ceiling.denied());
        Err(Evidence { ending: &ending, limits, usage, max_memory, denied, words: &words }.fault())
    }

    /// What a guest says is told when its call returns, while the meters run.
    async fn call_and_tell<X: Sync, R>(
        &mut self,
        on: &X,
        call: impl for<'a> FnOnce(&'a mut Store<Guest>, &'a X) -> Call<'a, R>,
    ) -> wasmtime::Result<R> {
        let reply = call(&mut self.store, on).await?;
        self.store.data().tell();
        Ok(reply)
    }

    fn begin(&mut self, limits: CallLimits, clock: &Arc<CallClock>) -> wasmtime::Result<()> {
        self.interval = self.totals.interval.get();
        self.store.set_fuel(limits.fuel)?;
        self.store.fuel_async_yield_interval(Some(self.interval))?;
        self.filled = Some(limits.fuel);
        self.store.data_mut().begin(limits, self.interval, clock);
        Ok(())
    }

    fn end(&mut self, usage: &mut CallUsage) -> LastWords {
        usage.fuel = self.bill_fuel();
        usage.memory = self.store.data().ceiling.memory();
        self.totals.move_memory(self.memory, usage.memory);
        self.memory = usage.memory;
        let (fuel, time) = (usage.fuel, usage.cpu);
        self.totals.interval.learn(self.interval, Burnt { fuel, time, longest_slice: usage.longest_slice });
        self.store.data_mut().end()
    }

    fn bill_fuel(&mut self) -> u64 {
        let filled = self.filled.take().unwrap_or_default();
        let used = filled.saturating_sub(self.store.get_fuel().unwrap_or_default());
        self.totals.fuel.fetch_add(used, Relaxed);
        used
    }
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
