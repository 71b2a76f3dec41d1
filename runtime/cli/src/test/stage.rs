//! A component on trial: loaded as often as it has to be, its world watched.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use spangate::{
    config::{self, Component, Exporter as Configured, Grants, HttpGrant, Limits},
    sandbox::{LoadError, Sandbox, SandboxExporter},
    telemetry::{Log, LogSink},
};
use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportOutcome, Exporter},
};
use tokio::runtime::{Builder, Runtime};

use super::{answer::Answer, watcher::Watcher};
use crate::{args::TestArgs, args::TrialGrant, component_file::MAX_BYTES};

/// The name in `[exporters.NAME]`.
pub(super) const NAME: &str = "NAME";

/// Where trials happen.
pub(super) struct Stage {
    pub(super) watcher: Arc<Watcher>,
    sandbox: Sandbox,
    runtime: Runtime,
    bytes: Bytes,
    config: Configured,
}

impl Stage {
    /// A sandbox for `bytes`, with the limits that a configuration has by default, except that nothing is slowed.
    ///
    /// # Errors
    /// If there can be no sandbox on this machine.
    pub(super) fn new(
        args: &TestArgs,
        bytes: Bytes,
        settings: serde_json::Map<String, serde_json::Value>,
        answer: Answer,
    ) -> Result<Self> {
        let watcher = Arc::new(Watcher::new(answer));
        let log = Log::new(Arc::clone(&watcher) as Arc<dyn LogSink>);
        let config = config::Sandbox { max_component_bytes: MAX_BYTES, ..config::Sandbox::default() };
        let sandbox = Sandbox::new(&config, log, watcher.clone())?;
        let sandbox = sandbox.with_backend(watcher.clone()).with_observer(watcher.clone());
        let limits = Limits { cpu_share: 1_000.0, ..Limits::default() };
        let component = Component::File(args.component.clone().into());
        let config = Configured { settings, limits, grants: grants(&args.grant), ..Configured::new(component) };
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { watcher, sandbox, runtime, bytes, config })
    }

    /// A fresh exporter, configured.
    ///
    /// # Errors
    /// As [`Sandbox::load`].
    pub(super) fn load(&self) -> Result<Arc<SandboxExporter>, LoadError> {
        self.runtime.block_on(self.sandbox.load(NAME, self.bytes.clone(), &self.config))
    }

    /// Hands a batch over for the first time.
    ///
    /// # Errors
    /// As [`Exporter::export`].
    pub(super) fn export(&self, exporter: &SandboxExporter, batch: &Arc<Batch>) -> Result<ExportOutcome, ExportError> {
        self.runtime.block_on(exporter.export(Arc::clone(batch), 1))
    }

    /// Flushes, and ticks if the exporter wants to be called.
    ///
    /// # Errors
    /// As [`Exporter::flush`].
    pub(super) fn flush(&self, exporter: &SandboxExporter) -> Result<(), ExportError> {
        if exporter.description().tick_interval.is_some() {
            self.runtime.block_on(exporter.tick())?;
        }
        self.runtime.block_on(exporter.flush())
    }

    /// The last call.
    ///
    /// # Errors
    /// As [`Exporter::shutdown`].
    pub(super) fn shut_down(&self, exporter: &SandboxExporter) -> Result<(), ExportError> {
        self.runtime.block_on(exporter.shutdown())
    }
}

/// Everything that can be granted, or what the author says.
fn grants(named: &[TrialGrant]) -> Grants {
    let has = |grant: TrialGrant| named.is_empty() || named.contains(&grant);
    let http = has(TrialGrant::Http).then(HttpGrant::default);
    Grants { http, terminal: has(TrialGrant::Terminal), ..Grants::default() }
}
