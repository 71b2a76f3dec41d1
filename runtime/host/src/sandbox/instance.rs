//! One instance of an exporter: a store, its exports, and how each is called.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use spangate_core::{
    batch::Batch,
    exporter::{ExportOutcome, Fault, FaultKind},
};

use super::{
    component::Prepared,
    cpu::Seat,
    error::SettingError,
    guest::Capabilities,
    limits::{CallLimits, MAX_HANDLES},
    meter::Totals,
    metered_store::MeteredStore,
    track::v0_1::Exports,
};
use crate::{
    bindings::{bound_outcome, corrections, v0_1::exporter::lifecycle},
    capability::http::Refused,
    text::escape_line,
};

/// Calls after which an instance is replaced.
const MAX_CALLS: u64 = 10_000;
/// Bytes kept of an error that a guest answers.
const MAX_ERROR_BYTES: usize = 1024;
/// Setting errors kept.
const MAX_SETTING_ERRORS: usize = 64;

/// A store with a live instance in it.
pub(super) struct Instance {
    store: MeteredStore,
    exports: Exports,
    calls: u64,
    /// Bytes of memory when it was ready.
    memory_at_start: usize,
    max_memory: usize,
}

/// What an instance is made of.
#[derive(Clone, Copy)]
pub(super) struct Mould<'a> {
    pub(super) prepared: &'a Prepared,
    pub(super) capabilities: &'a Arc<Capabilities>,
    pub(super) totals: &'a Arc<Totals>,
    pub(super) max_memory: usize,
    pub(super) seat: &'a Seat,
}

impl Instance {
    /// Instantiates. Neither described nor configured yet.
    ///
    /// # Errors
    /// The fault that ended it.
    pub(super) async fn new(mould: Mould<'_>) -> Result<Self, Fault> {
        let Mould { prepared, capabilities, totals, max_memory, seat } = mould;
        let engine = prepared.pre.engine();
        let mut store = MeteredStore::new(engine, capabilities, max_memory, totals);
        let exports = store
            .run(CallLimits::of_load(), seat, prepared, |store, prepared| {
                Box::pin(async move {
                    let instance = prepared.pre.instantiate_async(&mut *store).await?;
                    prepared.indices.load(store, &instance)
                })
            })
            .await?;
        let memory_at_start = store.guest().ceiling.memory();
        Ok(Self { store, exports, calls: 0, memory_at_start, max_memory })
    }

    /// Asks the exporter to describe itself.
    ///
    /// # Errors
    /// The fault that ended it.
    pub(super) async fn describe(&mut self, seat: &Seat) -> Result<lifecycle::Description, Fault> {
        let Self { store, exports, .. } = self;
        store.run(CallLimits::of_load(), seat, exports, |store, exports| Box::pin(exports.describe(store))).await
    }

    /// Hands the settings over.
    ///
    /// # Errors
    /// The fault that ended it; the inner error is the guest's word, bounded.
    pub(super) async fn configure(
        &mut self,
        settings: &Arc<str>,
        seat: &Seat,
    ) -> Result<Result<(), Vec<SettingError>>, Fault> {
        let Self { store, exports, .. } = self;
        let settings = Arc::clone(settings);
        let answer = store
            .run(CallLimits::of_load(), seat, exports, |store, exports| {
                Box::pin(async move { exports.configure(store, &settings).await })
            })
            .await?;
        self.memory_at_start = self.store.guest().ceiling.memory();
        Ok(answer.map_err(|errors| errors.into_iter().take(MAX_SETTING_ERRORS).map(bound_setting_error).collect()))
    }

    /// Exports one batch.
    ///
    /// # Errors
    /// The fault that ended it.
    pub(super) async fn export(
        &mut self,
        batch: Arc<Batch>,
        attempt: u32,
        limits: CallLimits,
        seat: &Seat,
    ) -> Result<ExportOutcome, Fault> {
        let Self { store, exports, .. } = self;
        let (signal, rows) = (batch.signal(), batch.len());
        let handle = store.guest().lend(batch, attempt);
        self.calls += 1;
        let outcome =
            store.run(limits, seat, exports, |store, exports| Box::pin(exports.export(store, signal, handle))).await?;
        if let (Some(outcome), Some(observer)) = (&outcome, store.guest().observer()) {
            corrections(outcome, rows).for_each(|what| observer.on_correction(&what));
        }
        outcome.map(|outcome| bound_outcome(outcome, rows)).ok_or_else(|| Fault {
            kind: FaultKind::HostError,
            detail: format!("the exporter takes no {signal}, and was given some"),
        })
    }

    /// Asks the exporter to send what it holds back; the inner error is the guest's word, bounded.
    ///
    /// # Errors
    /// The fault that ended it.
    pub(super) async fn flush(&mut self, limits: CallLimits, seat: &Seat) -> Result<Result<(), String>, Fault> {
        let Self { store, exports, .. } = self;
        let answer = store.run(limits, seat, exports, |store, exports| Box::pin(exports.flush(store))).await?;
        Ok(answer.map_err(|error| escape_line(&error, MAX_ERROR_BYTES)))
    }

    /// Calls the exporter although no batch came; the inner error is the guest's word, bounded.
    ///
    /// # Errors
    /// The fault that ended it.
    pub(super) async fn tick(&mut self, limits: CallLimits, seat: &Seat) -> Result<Result<(), String>, Fault> {
        let Self { store, exports, .. } = self;
        self.calls += 1;
        let answer = store.run(limits, seat, exports, |store, exports| Box::pin(exports.tick(store))).await?;
        Ok(answer.map_err(|error| escape_line(&error, MAX_ERROR_BYTES)))
    }

    /// The last call.
    ///
    /// # Errors
    /// The fault that ended it.
    pub(super) async fn shutdown(mut self, limits: CallLimits, seat: &Seat) -> Result<(), Fault> {
        let Self { store, exports, .. } = &mut self;
        store.run(limits, seat, exports, |store, exports| Box::pin(exports.shutdown(store))).await
    }

    /// The backend that did not take the credentials in the latest call, if one did not. Asked even after a fault.
    pub(super) fn take_refused(&mut self) -> Option<Refused> {
        self.store.guest().take_refused()
    }

    /// Whether it attempted a request in the latest call.
    pub(super) fn has_sent(&mut self) -> bool {
        self.store.guest().has_sent()
    }

    /// Whether it should make room for a fresh one: after 10,000 calls, when its memory has grown to three quarters of
    /// the limit, or when it keeps handles that it should have dropped.
    pub(super) fn is_worn(&mut self) -> bool {
        let guest = self.store.guest();
        let memory = guest.ceiling.memory();
        let has_grown = memory > self.memory_at_start && memory >= self.max_memory / 4 * 3;
        has_grown || self.calls >= MAX_CALLS || guest.handles() as usize > MAX_HANDLES / 2
    }

    /// Counts this instance as replaced in good order.
    pub(super) fn count_recycled(totals: &Totals) {
        totals.recycles.fetch_add(1, Relaxed);
    }
}

fn bound_setting_error(error: lifecycle::SettingError) -> SettingError {
    SettingError {
        path: escape_line(&error.path, MAX_ERROR_BYTES),
        message: escape_line(&error.message, MAX_ERROR_BYTES),
    }
}
