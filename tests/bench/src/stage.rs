//! A sandbox to measure in: one guest thread, no share of a core to keep to, a cache of its own.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use bytes::Bytes;
use serde_json::{Map, Value};
use spangate::{
    config,
    sandbox::{Sandbox, SandboxExporter, TerminalSink},
    telemetry::{Log, LogRecord, LogSink},
};
use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportOutcome, Exporter},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use url::Url;

/// Far more cores than there are, so that nothing waits for credit.
const CPU_SHARE: f64 = 1e6;

/// Nobody reads it.
struct Silence;

impl LogSink for Silence {
    fn log(&self, _: &LogRecord<'_>) {}
}

impl TerminalSink for Silence {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, _: &str) {}
}

/// What exporters are loaded into.
pub(crate) struct Stage {
    runtime: Runtime,
    sandbox: Sandbox,
    cache: TempDir,
}

/// What an exporter was billed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bill {
    /// CPU time of the guest thread inside the guest and its host calls.
    pub(crate) cpu: Duration,
    /// Units of fuel.
    pub(crate) fuel: u64,
}

impl Stage {
    /// An empty one.
    ///
    /// # Errors
    /// If the system gives no threads or no folder.
    pub(crate) fn new() -> anyhow::Result<Self> {
        Self::with(true)
    }

    /// An empty one for processes that own their signals.
    ///
    /// # Errors
    /// As for [`Stage::new`].
    pub(crate) fn without_signal_handlers() -> anyhow::Result<Self> {
        Self::with(false)
    }

    fn with(signal_handlers: bool) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let cache = tempfile::tempdir()?;
        let sandbox = Self::sandbox_in(cache.path().to_owned(), signal_handlers)?;
        Ok(Self { runtime, sandbox, cache })
    }

    fn sandbox_in(cache: PathBuf, signal_handlers: bool) -> anyhow::Result<Sandbox> {
        let config = config::Sandbox {
            threads: 1,
            cpu_share: CPU_SHARE,
            cache_dir: Some(cache),
            signal_handlers,
            ..config::Sandbox::default()
        };
        Ok(Sandbox::new(&config, Log::new(Arc::new(Silence)), Arc::new(Silence))?)
    }

    /// Loads a component. `reach` is the one place it may send to.
    ///
    /// # Errors
    /// If it does not load.
    pub(crate) fn load(
        &self,
        component: &[u8],
        settings: Value,
        reach: Option<&Url>,
    ) -> anyhow::Result<Arc<SandboxExporter>> {
        self.load_limited(component, settings, reach, |_| {})
    }

    /// Loads a component of the program itself, as the runtime does: nothing is copied.
    ///
    /// # Errors
    /// If there is none of this name, or it does not load.
    pub(crate) fn load_builtin(
        &self,
        name: &str,
        settings: Value,
        reach: Option<&Url>,
    ) -> anyhow::Result<Arc<SandboxExporter>> {
        self.load_bytes(Bytes::from_static(builtin(name)?), &exporter_config(settings, reach)?)
    }

    /// Loads a component with other limits than the defaults.
    ///
    /// # Errors
    /// If it does not load.
    pub(crate) fn load_limited(
        &self,
        component: &[u8],
        settings: Value,
        reach: Option<&Url>,
        limit: impl FnOnce(&mut config::Limits),
    ) -> anyhow::Result<Arc<SandboxExporter>> {
        let mut config = exporter_config(settings, reach)?;
        limit(&mut config.limits);
        self.load_bytes(Bytes::copy_from_slice(component), &config)
    }

    fn load_bytes(&self, component: Bytes, config: &config::Exporter) -> anyhow::Result<Arc<SandboxExporter>> {
        Ok(self.runtime.block_on(self.sandbox.load("bench", component, config))?)
    }

    /// Forgets every compiled component.
    ///
    /// # Errors
    /// If the folder cannot be emptied.
    pub(crate) fn empty_cache(&self) -> anyhow::Result<()> {
        for file in std::fs::read_dir(self.cache.path())? {
            std::fs::remove_file(file?.path())?;
        }
        Ok(())
    }

    /// Hands a batch over and waits for the answer.
    ///
    /// # Errors
    /// If the exporter was stopped.
    pub(crate) fn export(&self, exporter: &SandboxExporter, batch: Arc<Batch>) -> Result<ExportOutcome, ExportError> {
        self.runtime.block_on(exporter.export(batch, 1))
    }

    /// Hands a batch over, which has to be accepted.
    ///
    /// # Errors
    /// If it is not.
    pub(crate) fn deliver(&self, exporter: &SandboxExporter, batch: Arc<Batch>) -> anyhow::Result<()> {
        match self.export(exporter, batch) {
            Ok(ExportOutcome::Accepted) => Ok(()),
            other => anyhow::bail!("the batch was not accepted: {other:?}"),
        }
    }
}

/// What the exporter was billed so far.
pub(crate) fn bill(exporter: &SandboxExporter) -> Bill {
    let cost = exporter.state().cost;
    Bill { cpu: cost.cpu, fuel: cost.fuel }
}

impl Bill {
    /// What was billed since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(earlier.cpu), fuel: self.fuel.saturating_sub(earlier.fuel) }
    }
}

/// One of the exporters inside the binary.
///
/// # Errors
/// If there is none of this name.
pub(crate) fn builtin(name: &str) -> anyhow::Result<&'static [u8]> {
    spangate_builtin::component(name).with_context(|| format!("no built-in exporter {name}"))
}

fn exporter_config(settings: Value, reach: Option<&Url>) -> anyhow::Result<config::Exporter> {
    let mut config = config::Exporter::new(config::Component::Builtin("bench".to_owned()));
    config.limits.cpu_share = CPU_SHARE;
    config.settings = match settings {
        Value::Object(settings) => settings,
        Value::Null => Map::new(),
        other => anyhow::bail!("settings are a table, not {other}"),
    };
    config.grants.http = reach.map(|url| config::HttpGrant {
        allow: vec![url.clone()],
        max_requests_per_second: 1_000_000,
        max_bytes_per_second: 64 << 30,
        ..Default::default()
    });
    Ok(config)
}
