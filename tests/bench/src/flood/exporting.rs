//! Exporters that count, one for each library: they discard at once, or take their time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use clap::ValueEnum;
use fastrace::collector::{Reporter, SpanRecord};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{SpanData, SpanExporter},
};
use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
};

/// How fast spans go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Speed {
    /// At once.
    Discarding,
    /// 512 in 100 ms, as a backend would that is far away.
    Slow,
}

/// The exporter of every library.
#[derive(Clone, Debug)]
pub(super) struct Counting {
    speed: Speed,
    exported: Arc<AtomicU64>,
}

impl Speed {
    /// As a word of the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Discarding => "discarding",
            Self::Slow => "slow",
        }
    }

    fn time_for(self, spans: usize) -> Duration {
        const OF_ONE: Duration = Duration::from_nanos(100_000_000 / 512);
        match self {
            Self::Discarding => Duration::ZERO,
            Self::Slow => OF_ONE.saturating_mul(u32::try_from(spans).unwrap_or(u32::MAX)),
        }
    }
}

impl Counting {
    pub(super) fn new(speed: Speed) -> Self {
        Self { speed, exported: Arc::default() }
    }

    pub(super) fn exported(&self) -> u64 {
        self.exported.load(Relaxed)
    }

    fn count(&self, spans: usize) {
        self.exported.fetch_add(spans as u64, Relaxed);
    }
}

impl Exporter for Counting {
    fn export(&self, batch: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async move {
            let spans = batch.len() as usize;
            if self.speed == Speed::Slow {
                tokio::time::sleep(self.speed.time_for(spans)).await;
            }
            self.count(spans);
            Ok(ExportOutcome::Accepted)
        })
    }
}

impl SpanExporter for Counting {
    /// On the processor's own thread, where it is waited for.
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        thread::sleep(self.speed.time_for(batch.len()));
        self.count(batch.len());
        Ok(())
    }
}

impl Reporter for Counting {
    /// In parts: what is reported at once may be more than would ever end.
    fn report(&mut self, spans: Vec<SpanRecord>) {
        const PART: usize = 512;
        for part in spans.chunks(PART) {
            thread::sleep(self.speed.time_for(part.len()));
            self.count(part.len());
        }
    }
}
