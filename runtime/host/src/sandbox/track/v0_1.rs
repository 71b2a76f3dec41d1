//! Track v0.1: which exports there are, and how each is called.

use spangate_core::signal::Signal;
use wasmtime::{
    Store,
    component::{Component, Instance, InstancePre, Resource},
};

use super::super::guest::Guest;
use crate::bindings::v0_1::{
    BatchHandle,
    exporter::{event_exporter, lifecycle, span_exporter, started_span_exporter, ticker},
    imports::batch::Outcome,
};

/// The track, as in the version of its interfaces.
pub(in super::super) const TRACK: (u64, u64) = (0, 1);

/// Where the exports of a component are: looked up once, used by every instance.
pub(in super::super) struct ExportIndices {
    lifecycle: lifecycle::GuestIndices,
    spans: Option<span_exporter::GuestIndices>,
    started_spans: Option<started_span_exporter::GuestIndices>,
    events: Option<event_exporter::GuestIndices>,
    ticker: Option<ticker::GuestIndices>,
}

/// The exports of one instance.
pub(in super::super) struct Exports {
    lifecycle: lifecycle::Guest,
    spans: Option<span_exporter::Guest>,
    started_spans: Option<started_span_exporter::Guest>,
    events: Option<event_exporter::Guest>,
    ticker: Option<ticker::Guest>,
}

/// Whether the component exports an interface of this track, whatever its patch version.
fn has(component: &Component, interface: &str) -> bool {
    component.get_export_index(None, format!("spangate:exporter/{interface}@0.1.0")).is_some()
}

impl ExportIndices {
    /// Looks the exports up.
    ///
    /// # Errors
    /// If one of them has another shape than in the contract.
    pub(in super::super) fn of(pre: &InstancePre<Guest>) -> wasmtime::Result<Self> {
        let component = pre.component();
        let when = |interface: &str| has(component, interface).then_some(());
        Ok(Self {
            lifecycle: lifecycle::GuestIndices::new(pre)?,
            spans: when("span-exporter").map(|()| span_exporter::GuestIndices::new(pre)).transpose()?,
            started_spans: when("started-span-exporter")
                .map(|()| started_span_exporter::GuestIndices::new(pre))
                .transpose()?,
            events: when("event-exporter").map(|()| event_exporter::GuestIndices::new(pre)).transpose()?,
            ticker: when("ticker").map(|()| ticker::GuestIndices::new(pre)).transpose()?,
        })
    }

    /// The signals for which there is an export.
    pub(in super::super) fn signals(&self) -> Vec<Signal> {
        let has = |signal: &Signal| match signal {
            Signal::Spans => self.spans.is_some(),
            Signal::StartedSpans => self.started_spans.is_some(),
            Signal::Events => self.events.is_some(),
        };
        Signal::ALL.into_iter().filter(has).collect()
    }

    /// Whether there is a `ticker`.
    pub(in super::super) fn has_ticker(&self) -> bool {
        self.ticker.is_some()
    }

    /// The exports of `instance`.
    ///
    /// # Errors
    /// If the instance is of another component.
    pub(in super::super) fn load(&self, store: &mut Store<Guest>, instance: &Instance) -> wasmtime::Result<Exports> {
        Ok(Exports {
            lifecycle: self.lifecycle.load(&mut *store, instance)?,
            spans: self.spans.as_ref().map(|spans| spans.load(&mut *store, instance)).transpose()?,
            started_spans: self.started_spans.as_ref().map(|spans| spans.load(&mut *store, instance)).transpose()?,
            events: self.events.as_ref().map(|events| events.load(&mut *store, instance)).transpose()?,
            ticker: self.ticker.as_ref().map(|ticker| ticker.load(&mut *store, instance)).transpose()?,
        })
    }
}

impl Exports {
    /// `lifecycle.describe`
    pub(in super::super) async fn describe(
        &self,
        store: &mut Store<Guest>,
    ) -> wasmtime::Result<lifecycle::Description> {
        self.lifecycle.call_describe(store).await
    }

    /// `lifecycle.configure`
    pub(in super::super) async fn configure(
        &self,
        store: &mut Store<Guest>,
        settings: &str,
    ) -> wasmtime::Result<Result<(), Vec<lifecycle::SettingError>>> {
        self.lifecycle.call_configure(store, settings).await
    }

    /// The export for `signal`; none if the component has none.
    pub(in super::super) async fn export(
        &self,
        store: &mut Store<Guest>,
        signal: Signal,
        batch: Resource<BatchHandle>,
    ) -> wasmtime::Result<Option<Outcome>> {
        match signal {
            Signal::Spans => match &self.spans {
                Some(spans) => spans.call_export_spans(store, batch).await.map(Some),
                None => Ok(None),
            },
            Signal::StartedSpans => match &self.started_spans {
                Some(spans) => spans.call_export_started_spans(store, batch).await.map(Some),
                None => Ok(None),
            },
            Signal::Events => match &self.events {
                Some(events) => events.call_export_events(store, batch).await.map(Some),
                None => Ok(None),
            },
        }
    }

    /// `lifecycle.flush`
    pub(in super::super) async fn flush(&self, store: &mut Store<Guest>) -> wasmtime::Result<Result<(), String>> {
        self.lifecycle.call_flush(store).await
    }

    /// `ticker.tick`; nothing to do without a ticker.
    pub(in super::super) async fn tick(&self, store: &mut Store<Guest>) -> wasmtime::Result<Result<(), String>> {
        match &self.ticker {
            Some(ticker) => ticker.call_tick(store).await,
            None => Ok(Ok(())),
        }
    }

    /// `lifecycle.shutdown`
    pub(in super::super) async fn shutdown(&self, store: &mut Store<Guest>) -> wasmtime::Result<()> {
        self.lifecycle.call_shutdown(store).await
    }
}
