//! One instance, called as the sandbox calls it.

use std::{
    future::Future,
    hint::black_box,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Instant,
};

use spangate_core::batch::Batch;
use wasmtime::{
    Store,
    component::{Component, Resource},
};

use super::{
    bindings::{
        exporter::{lifecycle, span_exporter},
        imports::batch::Outcome,
    },
    engine::engine,
    host::{Host, linker},
};

/// Fuel between two yields: what an exporter comes to in the sandbox whose fuel is fast.
pub(super) const YIELD_INTERVAL: u64 = 100_000;
/// Of one call.
const FUEL: u64 = 2_000_000_000;

/// How a guest is metered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metering {
    Nothing,
    /// Fuel that is counted, and never gives way.
    Fuel,
    /// Fuel, and giving way after every [`YIELD_INTERVAL`].
    FuelAndYields,
}

/// An instance in a store of its own.
pub(super) struct Instance {
    store: Store<Host>,
    exports: span_exporter::Guest,
    metering: Metering,
    /// Times that the last call has given way.
    pub(super) yields: u64,
}

impl Instance {
    /// Makes an instance and configures it.
    ///
    /// # Errors
    /// If it does not load, or refuses its settings.
    pub(super) fn new(
        component: &[u8],
        settings: &str,
        metering: Metering,
        batch: Arc<Batch>,
    ) -> wasmtime::Result<Self> {
        let burns_fuel = metering != Metering::Nothing;
        let engine = engine(burns_fuel)?;
        let component = Component::from_binary(&engine, component)?;
        let pre = linker(&component)?.instantiate_pre(&component)?;
        let mut store = Store::new(&engine, Host { batch, burns_fuel, requests: 0 });
        let mut yields = 0;
        refuel(&mut store, metering)?;
        let instance = finish(pre.instantiate_async(&mut store), &mut yields)?;
        let lifecycle = lifecycle::GuestIndices::new(&pre)?.load(&mut store, &instance)?;
        let exports = span_exporter::GuestIndices::new(&pre)?.load(&mut store, &instance)?;
        let configured = finish(lifecycle.call_configure(&mut store, settings), &mut yields)?;
        if let Err(errors) = configured {
            wasmtime::bail!("settings were refused: {errors:?}");
        }
        Ok(Self { store, exports, metering, yields: 0 })
    }

    /// Exports the batch once.
    ///
    /// # Errors
    /// If the guest traps.
    pub(super) fn export(&mut self) -> wasmtime::Result<Outcome> {
        self.yields = 0;
        refuel(&mut self.store, self.metering)?;
        finish(self.exports.call_export_spans(&mut self.store, Resource::new_own(0)), &mut self.yields)
    }

    /// Requests it has sent so far.
    pub(super) fn requests(&self) -> u64 {
        self.store.data().requests
    }
}

fn refuel(store: &mut Store<Host>, metering: Metering) -> wasmtime::Result<()> {
    if metering != Metering::Nothing {
        store.set_fuel(FUEL)?;
    }
    if metering == Metering::FuelAndYields {
        store.fuel_async_yield_interval(Some(YIELD_INTERVAL))?;
    }
    Ok(())
}

/// Polls until it is done, and looks at the clock each time that it gives way, as the sandbox does.
fn finish<T>(call: impl Future<Output = wasmtime::Result<T>>, yields: &mut u64) -> wasmtime::Result<T> {
    let mut call = pin!(call);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = call.as_mut().poll(&mut context) {
            return result;
        }
        *yields += 1;
        black_box(Instant::now());
    }
}
