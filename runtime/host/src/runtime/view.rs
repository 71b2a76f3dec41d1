//! What may be asked of a runtime at any time, from memory: status, metrics, readiness. Owns no threads, so that the
//! admin endpoint can hold it.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use spangate_core::clock::Clock;

use super::{outlet::Outlet, ports::PortsView};
#[cfg(feature = "receivers")]
use crate::{admin::AdminSource, telemetry::render_metrics};
use crate::{
    config::Secrets,
    pipeline::{Pipeline, Report},
};

/// OpenMetrics, which Prometheus asks for.
#[cfg(feature = "receivers")]
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A runtime as others see it.
pub(super) struct View {
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) outlets: Vec<Outlet>,
    /// Set once, when the ports are open; the endpoint is asked while they are opened.
    pub(super) ports: OnceLock<PortsView>,
    pub(super) clock: Arc<dyn Clock>,
    /// Taken out of whatever exporters say.
    pub(super) secrets: Secrets,
    /// Monotonic.
    pub(super) started_at: Duration,
    /// Whether nothing is recorded in this process.
    pub(super) is_disabled: bool,
    is_stopping: AtomicBool,
}

impl View {
    pub(super) fn new(
        pipeline: Arc<Pipeline>,
        outlets: Vec<Outlet>,
        clock: Arc<dyn Clock>,
        secrets: Secrets,
        is_disabled: bool,
    ) -> Self {
        let started_at = clock.monotonic();
        let (ports, is_stopping) = (OnceLock::new(), AtomicBool::new(false));
        Self { pipeline, outlets, ports, clock, secrets, started_at, is_disabled, is_stopping }
    }

    pub(super) fn begin_stopping(&self) {
        self.is_stopping.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::SeqCst)
    }

    /// Takes secrets out of what exporters said.
    pub(super) fn clean(&self, mut report: Report) -> Report {
        let said = report.exporters.iter_mut().flat_map(|exporter| [&mut exporter.last_problem, &mut exporter.paused]);
        for text in said.flatten() {
            *text = self.secrets.redact(text).into_owned();
        }
        report
    }
}

#[cfg(feature = "receivers")]
impl AdminSource for View {
    fn is_live(&self) -> bool {
        true
    }

    fn ready(&self) -> Result<(), Vec<String>> {
        let reasons = self.status().runtime.reasons;
        if reasons.is_empty() { Ok(()) } else { Err(reasons) }
    }

    fn metrics_text(&self) -> (String, String) {
        (OPEN_METRICS.to_owned(), render_metrics(View::status(self)).unwrap_or_default())
    }

    fn status(&self) -> serde_json::Value {
        // Text keys and finite numbers: there is nothing in it that JSON cannot say.
        serde_json::to_value(View::status(self)).unwrap_or_default()
    }
}
