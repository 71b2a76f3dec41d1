//! A runtime with a healthy exporter and its neighbours, and what can be read off it.

use std::{
    hint::black_box,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use spangate::{
    Runtime,
    status::ExporterStatus,
    telemetry::{LogRecord, LogSink},
};
use spangate_tests::cpu_of_threads;
use tempfile::TempDir;

use super::{
    application::{Application, Met},
    neighbour::{Blackhole, Neighbours},
};
use crate::sink::Sink;

/// The healthy exporter's name in the configuration.
const HEALTHY: &str = "healthy";
/// How the names of spangate's threads begin.
const OURS: &str = "spangate-";
/// What the last deliveries get.
const DRAIN: Duration = Duration::from_millis(100);

/// What all scenes share: a backend, one that never answers, and compiled components.
pub(super) struct Place {
    sink: Sink,
    blackhole: Blackhole,
    cache: TempDir,
}

impl Place {
    /// # Errors
    /// If there is no port, no thread or no folder.
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { sink: Sink::start()?, blackhole: Blackhole::start()?, cache: tempfile::tempdir()? })
    }
}

/// Makes every line, as a sink would, and forgets it.
struct Forgetful;

impl LogSink for Forgetful {
    fn log(&self, record: &LogRecord<'_>) {
        black_box(record.message.to_string());
    }
}

/// Everything in motion.
pub(super) struct Scene {
    runtime: Runtime,
}

/// What a stretch of time came to.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) met: Met,
    /// Spans that the healthy exporter delivered, in a second.
    pub(super) delivered: f64,
    /// Cores that spangate's threads used.
    pub(super) threads: f64,
    /// Cores that the neighbours were billed.
    pub(super) neighbours: f64,
    /// Times that neighbours were stopped.
    pub(super) faults: u64,
}

/// Counters at one moment.
struct Reading {
    at: Instant,
    delivered: u64,
    threads: Duration,
    neighbours: Duration,
    faults: u64,
}

impl Scene {
    /// Every limit is the default, of the healthy one as of its neighbours.
    ///
    /// # Errors
    /// If it does not start.
    pub(super) fn open(place: &Place, neighbours: &Neighbours) -> anyhow::Result<Self> {
        let (url, cache) = (place.sink.url()?, place.cache.path().join("spangate"));
        let toml = format!(
            "[sandbox]\ncache_dir = {cache:?}\n[exporters.{HEALTHY}]\ncomponent = \"builtin:zipkin\"\n\
             [exporters.{HEALTHY}.grants.http]\nallow = [\"{url}\"]\n\
             [exporters.{HEALTHY}.settings]\nendpoint = \"{url}api/v2/spans\"\n{}",
            neighbours.toml(&place.blackhole)
        );
        let builder = Runtime::from_toml(toml).builtins(spangate_builtin::component).log(Arc::new(Forgetful));
        Ok(Self { runtime: builder.start()? })
    }

    /// An application that records into it.
    pub(super) fn application(&self, spans_per_second: f64) -> Application {
        Application::new(self.runtime.tracer("shop.checkout"), spans_per_second)
    }

    /// Has the application serve for so long.
    ///
    /// # Errors
    /// If the healthy exporter is gone.
    pub(super) fn serve(&self, application: &Application, time: Duration) -> anyhow::Result<Stretch> {
        let before = self.read()?;
        let met = application.serve(time);
        let after = self.read()?;
        Ok(before.until(&after, met))
    }

    /// Has the application record whatever the healthy exporter takes, for so long, and answers how much that was in a
    /// second.
    ///
    /// # Errors
    /// If the healthy exporter is gone.
    pub(super) fn saturate(&self, application: &Application, time: Duration) -> anyhow::Result<f64> {
        // Its queue never runs empty, and never full.
        const WAITING: u64 = 1_024;
        const CHUNK: usize = 512;
        const LOOK_EVERY: Duration = Duration::from_micros(500);
        let before = self.read()?;
        while before.at.elapsed() < time {
            let ledger = self.healthy()?.ledger;
            if ledger.queued + ledger.in_flight < WAITING {
                application.record_at_once(CHUNK);
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(before.until(&self.read()?, Met::default()).delivered)
    }

    /// Ends it.
    ///
    /// # Errors
    /// If a span is unaccounted for.
    pub(super) fn close(self) -> anyhow::Result<()> {
        self.runtime.shutdown(DRAIN);
        let status = self.runtime.status();
        anyhow::ensure!(status.intake.is_balanced, "the intake does not add up: {:?}", status.intake);
        for exporter in &status.exporters {
            anyhow::ensure!(exporter.ledger.is_balanced, "a ledger does not add up: {exporter:?}");
        }
        Ok(())
    }

    fn healthy(&self) -> anyhow::Result<ExporterStatus> {
        let mut exporters = self.runtime.status().exporters.into_iter();
        exporters.find(|exporter| exporter.name == HEALTHY).context("the healthy exporter is gone")
    }

    fn read(&self) -> anyhow::Result<Reading> {
        let (healthy, neighbours): (Vec<_>, Vec<_>) =
            self.runtime.status().exporters.into_iter().partition(|exporter| exporter.name == HEALTHY);
        let healthy = healthy.first().context("the healthy exporter is gone")?;
        let seconds = |exporter: &ExporterStatus| exporter.cost.as_ref().map_or(0.0, |cost| cost.cpu_seconds);
        let faults = |exporter: &ExporterStatus| exporter.attempts.fault;
        Ok(Reading {
            at: Instant::now(),
            delivered: healthy.ledger.delivered,
            threads: cpu_of_threads(OURS),
            neighbours: Duration::from_secs_f64(neighbours.iter().map(seconds).sum()),
            faults: neighbours.iter().map(faults).sum(),
        })
    }
}

impl Reading {
    fn until(&self, later: &Self, met: Met) -> Stretch {
        let seconds = later.at.saturating_duration_since(self.at).as_secs_f64();
        let cores = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() / seconds;
        Stretch {
            met,
            delivered: later.delivered.saturating_sub(self.delivered) as f64 / seconds,
            threads: cores(self.threads, later.threads),
            neighbours: cores(self.neighbours, later.neighbours),
            faults: later.faults.saturating_sub(self.faults),
        }
    }
}
