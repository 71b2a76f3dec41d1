//! A sandboxed exporter as the pipeline sees it.
//!
//! Calls run on the sandbox's threads. Dropping the future of a call ends it at its next yield and drops its store. An
//! instance that faulted is dropped; the next call makes a fresh one. Calls are made within a tokio runtime that has timers.

use std::{sync::Arc, time::Duration};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, Preparation},
};

use super::{body::Body, cpu::CpuState, description::Description, run::Stop, state::ExporterState};
use crate::{guarded::Guarded, telemetry::SparingLog};

/// An exporter in its sandbox.
pub struct SandboxExporter {
    pub(super) body: Arc<Body>,
    /// Ends with the exporter.
    _retirement: Option<Guarded<()>>,
}

impl std::fmt::Debug for SandboxExporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxExporter").field("description", self.description()).finish_non_exhaustive()
    }
}

impl SandboxExporter {
    pub(super) fn new(body: Body) -> Self {
        let body = Arc::new(body);
        let retirement = body.parts.guests.spawn(Body::retire_idle(Arc::downgrade(&body)));
        Self { body, _retirement: retirement }
    }

    /// What the exporter said about itself when it was loaded.
    pub fn description(&self) -> &Description {
        &self.body.parts.description
    }

    /// The wall clock that one call may take in all. Its own deadline is nearer, but stands still while the call waits for
    /// CPU time.
    pub fn longest_call(&self) -> Duration {
        self.body.longest_call()
    }

    /// What all exporters of its sandbox use together.
    pub fn cpu(&self) -> CpuState {
        self.body.seat.cpu().state()
    }

    /// What the host says about it, in few lines.
    pub(crate) fn host_log(&self) -> &Arc<SparingLog> {
        &self.body.parts.host_log
    }

    /// How it is doing and what it cost.
    pub fn state(&self) -> ExporterState {
        self.body.state()
    }
}

impl Exporter for SandboxExporter {
    fn export(&self, batch: Arc<Batch>, attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(self.body.export(batch, attempt))
    }

    /// On a guest thread: at low priority, and beside the other exporters.
    fn prepare(&self, preparation: Preparation) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async move {
            let done = self.body.run(async move {
                preparation();
                Ok(())
            });
            done.await.map_err(Stop::into_error)
        })
    }

    fn flush(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(self.body.flush())
    }

    fn tick(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(self.body.tick())
    }

    fn shutdown(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(self.body.shutdown())
    }
}
