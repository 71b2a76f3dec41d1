//! The libraries.

use std::{sync::Arc, thread, time::Duration};

use clap::ValueEnum;
use fastrace::collector::Config;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use spangate::{Runtime, Subscription};
use spangate_core::tracer::Tracer;

use super::exporting::Counting;
use crate::{fastrace_spans, opentelemetry_sdk::Rival, recording::record};

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Who {
    Spangate,
    Opentelemetry,
    Fastrace,
}

/// One of them, started with its defaults.
pub(super) enum Subject {
    Spangate(Box<Runtime>, Tracer),
    Opentelemetry(SdkTracerProvider, Rival),
    Fastrace,
}

impl Who {
    pub(super) const ALL: [Self; 3] = [Self::Spangate, Self::Opentelemetry, Self::Fastrace];

    /// As a word of the command line.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Spangate => "spangate",
            Self::Opentelemetry => "opentelemetry",
            Self::Fastrace => "fastrace",
        }
    }

    /// As a table says it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Opentelemetry => "opentelemetry_sdk",
            _ => self.word(),
        }
    }

    pub(super) fn start(self, exporter: Counting) -> anyhow::Result<Subject> {
        Ok(match self {
            Self::Spangate => {
                let builder = Runtime::builder().exporter("counting", Arc::new(exporter), Subscription::spans());
                let runtime = builder.start()?;
                let tracer = runtime.tracer("shop.checkout");
                Subject::Spangate(Box::new(runtime), tracer)
            }
            Self::Opentelemetry => {
                let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
                let rival = Rival::of(provider.clone(), provider.tracer("shop.checkout"));
                Subject::Opentelemetry(provider, rival)
            }
            Self::Fastrace => {
                fastrace::set_reporter(exporter, Config::default());
                Subject::Fastrace
            }
        })
    }
}

impl Subject {
    /// A span with ten attributes.
    pub(super) fn record(&self) {
        match self {
            Self::Spangate(_, tracer) => record(tracer),
            Self::Opentelemetry(_, rival) => rival.record(),
            Self::Fastrace => fastrace_spans::record(true),
        }
    }

    /// Ends it, with so much time for what is left. Answers how many spans it says it has dropped, if it says that.
    ///
    /// # Errors
    /// If it has lost count.
    pub(super) fn end(&self, time: Duration) -> anyhow::Result<Option<u64>> {
        match self {
            Self::Spangate(runtime, _) => {
                runtime.shutdown(time);
                let status = runtime.status();
                let ledgers = status.exporters.iter().map(|exporter| &exporter.ledger);
                anyhow::ensure!(
                    status.intake.is_balanced && ledgers.clone().all(|ledger| ledger.is_balanced),
                    "a span is unaccounted for: {status:?}"
                );
                let dropped = |counts: &std::collections::BTreeMap<&'static str, u64>| counts.values().sum::<u64>();
                Ok(Some(dropped(&status.intake.dropped) + ledgers.map(|ledger| dropped(&ledger.dropped)).sum::<u64>()))
            }
            Self::Opentelemetry(provider, _) => {
                // It does not always end in time. What it has dropped it tells nobody but a log that has to be asked for.
                let _ = provider.shutdown_with_timeout(time);
                Ok(None)
            }
            Self::Fastrace => {
                // It waits for as long as the reporter takes.
                thread::spawn(fastrace::flush);
                thread::sleep(time);
                Ok(None)
            }
        }
    }
}
