//! Loads a component with everything granted, its requests answered inside the process.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use spangate::{
    config::{self, Component},
    sandbox::{
        HttpBackend, HttpFailure, HttpRequest, HttpResponse, LoadError, Need, Sandbox, SandboxExporter, TerminalSink,
        inspect,
    },
    telemetry::Log,
};
use tokio::runtime::{Builder, Runtime};

use super::{in_kind, settings};
use crate::component_file::{self, MAX_BYTES};

/// Answers every request with one status at once, and forgets it.
#[derive(Debug)]
pub(crate) struct Answering(pub(crate) u16);

impl HttpBackend for Answering {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
        Ok(in_kind(&request, HttpResponse { status: self.0, ..HttpResponse::default() }))
    }
}

/// A loaded exporter, and what it needs to live.
pub(crate) struct Rehearsal {
    /// The exporter.
    pub(crate) exporter: Arc<SandboxExporter>,
    /// What waits for its answers.
    pub(crate) runtime: Runtime,
    /// Whether it wants to send requests.
    pub(crate) may_send: bool,
    _sandbox: Sandbox,
}

impl Rehearsal {
    /// Loads `component`, a file or `builtin:NAME`, with the settings of `--settings`.
    ///
    /// # Errors
    /// If it does not load, with what to do.
    pub(crate) fn of(
        component: &str,
        settings: Option<&str>,
        limits: config::Limits,
        backend: Arc<dyn HttpBackend>,
        terminal: Arc<dyn TerminalSink>,
        log: Log,
    ) -> Result<Self> {
        let bytes = Bytes::from(component_file::read(component)?);
        let may_send =
            inspect(&bytes).is_ok_and(|seen| seen.imports.iter().any(|import| import.need == Need::Grant("http")));
        let settings = settings::read(settings)?;
        let config = config::Sandbox { max_component_bytes: MAX_BYTES, ..config::Sandbox::default() };
        let sandbox = Sandbox::new(&config, log, terminal)?.with_backend(backend);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let exporter = with_every_grant(component, settings, limits);
        let loaded = runtime.block_on(sandbox.load(name_of(component), bytes, &exporter));
        let exporter = match loaded {
            Ok(exporter) => exporter,
            Err(LoadError::Settings(errors)) => {
                let errors: Vec<String> = errors.iter().map(|error| format!("  {error}")).collect();
                bail!(
                    "{component} refuses these settings:\n{}\ngive it others with --settings '{{\"key\": \"value\"}}'",
                    errors.join("\n")
                );
            }
            Err(error) => return Err(error).with_context(|| format!("{component} cannot be loaded")),
        };
        Ok(Self { exporter, runtime, may_send, _sandbox: sandbox })
    }
}

/// `[exporters.NAME]` of a trial: what can be granted is.
fn with_every_grant(
    component: &str,
    settings: serde_json::Map<String, serde_json::Value>,
    limits: config::Limits,
) -> config::Exporter {
    let mut exporter = config::Exporter::new(Component::File(component.into()));
    exporter.grants.http = Some(config::HttpGrant::default());
    exporter.grants.terminal = true;
    exporter.settings = settings;
    exporter.limits = limits;
    exporter
}

/// What the exporter is called: the file's name without its ending.
pub(crate) fn name_of(component: &str) -> &str {
    let name = component.rsplit(['/', ':']).next().unwrap_or(component);
    name.strip_suffix(".wasm").unwrap_or(name)
}
