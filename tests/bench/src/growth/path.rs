//! The way of spans from where they are recorded through exporters.

use std::time::{Duration, Instant};

use anyhow::Context;
use spangate::{Runtime, RuntimeBuilder};
use spangate_core::tracer::Tracer;
use tempfile::TempDir;

use super::{components::Copies, effort::Effort, spans::record_with};
use crate::{
    backend::{Backend, backends_cpu},
    cpu::{nanoseconds_each, process_cpu},
};

/// What a delivery gets, a hundred times over.
const PATIENCE: Duration = Duration::from_secs(60);

/// What all measurements share: a backend, a slow one, compiled components.
pub(super) struct Place {
    pub(super) backend: Backend,
    pub(super) slow: Backend,
    copies: Copies,
    cache: TempDir,
}

/// Of the slow backend, for each request.
pub(super) const SLOWNESS: Duration = Duration::from_millis(100);

impl Place {
    /// # Errors
    /// If there is no port, no thread or no folder.
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self {
            backend: Backend::start(Duration::ZERO)?,
            slow: Backend::start(SLOWNESS)?,
            copies: Copies::new()?,
            cache: tempfile::tempdir()?,
        })
    }
}

/// An exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Out {
    /// Sends OTLP that it never sees.
    Otlp,
    /// Formats JSON, and sends it.
    Zipkin,
    /// `otlp`, to the slow backend.
    Slow,
    /// Reads every field, and sends nothing. Those with other numbers are other components.
    Reader(u32),
}

/// What differs from what is usual.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Spans of a batch.
    pub(super) batch: u32,
    /// Calls of one exporter at once.
    pub(super) concurrency: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { batch: crate::samples::BATCH, concurrency: 1 }
    }
}

/// A runtime with its exporters.
pub(super) struct Path {
    pub(super) runtime: Runtime,
    tracer: Tracer,
}

impl Path {
    /// # Errors
    /// If an exporter does not start.
    pub(super) fn open(place: &Place, options: &Options, exporters: &[Out]) -> anyhow::Result<Self> {
        Self::start(builder(place, options, exporters, "")?)
    }

    /// # Errors
    /// If it does not start.
    pub(super) fn start(builder: RuntimeBuilder) -> anyhow::Result<Self> {
        let runtime = builder.builtins(spangate_builtin::component).start()?;
        let tracer = runtime.tracer("shop.checkout");
        Ok(Self { runtime, tracer })
    }

    pub(super) fn tracer(&self) -> &Tracer {
        &self.tracer
    }

    /// Records spans and waits until everybody has them.
    ///
    /// # Errors
    /// If a span did not arrive.
    pub(super) fn burst(&self, spans: u32, attributes: u32) -> anyhow::Result<()> {
        (0..spans).for_each(|_| record_with(&self.tracer, attributes));
        self.deliver()
    }

    /// Waits until everybody has everything.
    ///
    /// # Errors
    /// If a span did not arrive.
    pub(super) fn deliver(&self) -> anyhow::Result<()> {
        let report = self.runtime.flush(PATIENCE);
        anyhow::ensure!(report.is_complete && report.undelivered_rows() == 0, "not delivered: {report}");
        Ok(())
    }

    /// What a span costs, in nanoseconds: CPU of the process without the backend's, over bursts of so many spans, and for
    /// as long as the effort says after as many for warming up.
    ///
    /// # Errors
    /// If a span did not arrive.
    pub(super) fn cost(&self, effort: Effort, spans: u32, attributes: u32) -> anyhow::Result<f64> {
        cost_of(effort, spans.into(), || self.burst(spans, attributes))
    }
}

/// What each of so many parts of `work` costs, as in [`Path::cost`].
///
/// # Errors
/// Those of `work`.
pub(super) fn cost_of(effort: Effort, parts: u64, mut work: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    repeat(effort.time, &mut work)?;
    let (backend, process) = (backends_cpu(), process_cpu());
    let times = repeat(effort.time, &mut work)?;
    let process = process_cpu().saturating_sub(process);
    let backend = backends_cpu().saturating_sub(backend);
    Ok(nanoseconds_each(process.saturating_sub(backend), times * parts))
}

/// At least once, and for so long; answers how often.
fn repeat(time: Duration, work: &mut impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let start = Instant::now();
    let mut times = 0;
    loop {
        work()?;
        times += 1;
        if start.elapsed() >= time {
            return Ok(times);
        }
    }
}

/// A runtime in which no limit is met. `more` is of the configuration.
///
/// # Errors
/// If a component cannot be written.
pub(super) fn builder(
    place: &Place,
    options: &Options,
    exporters: &[Out],
    more: &str,
) -> anyhow::Result<RuntimeBuilder> {
    let mut toml = format!(
        "[sandbox]\ncpu_share = 64.0\ncache_dir = {:?}\n[batch]\nmax_export_batch_size = {}\n\
         max_export_batch_bytes = \"64MiB\"\n{more}",
        place.cache.path().join("spangate"),
        options.batch
    );
    for (number, out) in exporters.iter().enumerate() {
        toml += &out.toml(place, options, number)?;
    }
    Ok(Runtime::from_toml(toml))
}

impl Out {
    fn toml(self, place: &Place, options: &Options, number: usize) -> anyhow::Result<String> {
        let backend = if self == Self::Slow { &place.slow } else { &place.backend };
        let url = backend.url().context("a backend")?;
        let (component, settings) = match self {
            Self::Otlp | Self::Slow => ("builtin:otlp".to_owned(), format!("endpoint = \"{url}\"")),
            Self::Zipkin => ("builtin:zipkin".to_owned(), format!("endpoint = \"{url}api/v2/spans\"")),
            Self::Reader(copy) => (place.copies.path(copy)?.display().to_string(), "mode = \"every_field\"".to_owned()),
        };
        Ok(format!(
            "[exporters.tested{number}]\ncomponent = \"{component}\"\nlimits.cpu_share = 64.0\n\
             concurrency = {}\nqueue = {{ max_queue_size = 1_000_000, max_queue_bytes = \"1GiB\" }}\n\
             [exporters.tested{number}.grants.http]\nallow = [\"{url}\"]\nmax_requests_per_second = 1_000_000\n\
             max_bytes_per_second = \"16GiB\"\n[exporters.tested{number}.settings]\n{settings}\n",
            options.concurrency
        ))
    }
}
