//! Loads components in a sandbox without starting anything else: no port is bound, no batch is delivered.

use std::sync::Arc;

use anyhow::{Context, Result};
use bytes::Bytes;
use spangate::{
    config::{self, Component, Document, Exporter, Problem},
    sandbox::{Description, LoadError, Sandbox},
    telemetry::Log,
};

use crate::{
    component_file::{self, MAX_BYTES, read_at_most},
    load_problem,
    stdout_sink::SilentSink,
};

/// What came of loading every exporter of a configuration.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Name and what it says about itself.
    pub(crate) described: Vec<(String, Description)>,
    /// Everything that is wrong.
    pub(crate) problems: Vec<Problem>,
}

/// Loads every exporter.
///
/// # Errors
/// If there can be no sandbox on this machine.
pub(crate) fn load_all(document: &Document, log: &Log) -> Result<Loaded> {
    let config = &document.config;
    in_sandbox(&config.sandbox, log.clone(), async |sandbox| {
        let mut loaded = Loaded::default();
        for (name, exporter) in &config.exporters {
            match load(&sandbox, document, name, exporter).await {
                Ok(description) => {
                    loaded.problems.extend(load_problem::of_subscription(document, name, exporter, &description));
                    loaded.described.push((name.clone(), description));
                }
                Err(problems) => loaded.problems.extend(problems),
            }
        }
        loaded
    })
}

/// Has a component say what it is.
///
/// # Errors
/// If it cannot run.
pub(crate) fn describe(name: &str, bytes: Vec<u8>, log: Log) -> Result<Description> {
    let sandbox = config::Sandbox { max_component_bytes: MAX_BYTES, ..config::Sandbox::default() };
    let limits = config::Limits::default();
    in_sandbox(&sandbox, log, async |sandbox| sandbox.describe(name, Bytes::from(bytes), &limits).await)?
        .map_err(Into::into)
}

/// What the exporter says about itself, or everything that is wrong with it.
async fn load(
    sandbox: &Sandbox,
    document: &Document,
    name: &str,
    exporter: &Exporter,
) -> Result<Description, Vec<Problem>> {
    let bytes = bytes(&exporter.component, document.config.sandbox.max_component_bytes)
        .map_err(|error| vec![document.problem(&format!("exporters.{name}.component"), &format!("{error:#}"), None)])?;
    let error = match sandbox.load(name, bytes.clone(), exporter).await {
        Ok(loaded) => return Ok(loaded.description().clone()),
        Err(error) => error,
    };
    let mut problems = load_problem::of_loading(document, name, &error);
    if matches!(error, LoadError::NotGranted { .. }) {
        problems = load_problem::of_grants(document, name, exporter, &bytes);
        // with its grants it might load: what else is wrong is told in the same go
        if let Err(error) = sandbox.load(name, bytes, &with_every_grant(exporter)).await {
            problems.extend(load_problem::of_loading(document, name, &error));
        }
    }
    Err(problems)
}

/// The exporter as it would be with every grant that it does not have; `http` then reaches nothing.
fn with_every_grant(exporter: &Exporter) -> Exporter {
    let mut granted = exporter.clone();
    granted.grants.terminal = true;
    granted.grants.http.get_or_insert_default();
    granted
}

fn bytes(component: &Component, max: usize) -> Result<Bytes> {
    let bytes = match component {
        Component::Builtin(name) => component_file::read(&format!("builtin:{name}"))?,
        Component::File(path) => read_at_most(path, max).context("cannot read the component")?,
    };
    Ok(Bytes::from(bytes))
}

fn in_sandbox<T>(config: &config::Sandbox, log: Log, work: impl AsyncFnOnce(Sandbox) -> T) -> Result<T> {
    let sandbox = Sandbox::new(config, log, Arc::new(SilentSink))?;
    let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(waiting.block_on(work(sandbox)))
}
