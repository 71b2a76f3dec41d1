//! The exporter: spans go over in batches of somebody else's processor.

use std::{
    future::{Future, ready},
    time::Duration,
};

use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SpanData, SpanExporter},
};
use spangate_core::{flush::Flush, tracer::Tracer};

use crate::{counts::SpanCounts, ending::Ending, handover::Handover};

/// An exporter that hands spans to what `tracer` records into. `flush` is `runtime.flusher()`, or `()` in tests with an
/// exporter in memory.
pub fn exporter(tracer: Tracer, flush: impl Flush + 'static) -> SpangateExporter {
    SpangateExporter::new(tracer, flush)
}

/// For programs whose processor is not theirs to choose. Otherwise [`crate::SpangateProcessor`] is the better one: with
/// a batch processor in front, spans wait in its queue too, and it drops them there uncounted by spangate.
///
/// Everything said there about resource, sampling, limits and flushing holds here. `export` is done when spangate has
/// taken the batch over: what became of its spans is in the runtime's ledger, not in the result. After `shutdown` it takes
/// nothing and says so.
///
/// A batch comes on a thread of the processor's, which does not tell on which one its spans ended: put the processor into
/// [`crate::WithoutOwnWork`] if anything on spangate's threads may record spans.
#[derive(Debug)]
#[must_use = "an exporter does something once a processor has it"]
pub struct SpangateExporter {
    handover: Handover,
    ending: Ending,
}

impl SpangateExporter {
    /// As [`exporter`].
    pub fn new(tracer: Tracer, flush: impl Flush + 'static) -> Self {
        Self { handover: Handover::new(tracer), ending: Ending::new(flush) }
    }

    /// How long `force_flush` waits at most. Default: 5 s.
    pub fn with_flush_timeout(mut self, timeout: Duration) -> Self {
        self.ending.flush_timeout = timeout;
        self
    }

    /// Has spans get the resource of spangate's configuration in place of the provider's.
    pub fn with_runtime_resource(mut self) -> Self {
        self.handover.keep_own_resource();
        self
    }

    /// What was handed in and not handed on.
    pub fn counts(&self) -> SpanCounts {
        self.handover.counts.clone()
    }
}

impl SpanExporter for SpangateExporter {
    fn export(&self, batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        if self.ending.is_shut_down() {
            return ready(Err(OTelSdkError::AlreadyShutdown));
        }
        batch.into_iter().for_each(|span| self.handover.take(span));
        ready(Ok(()))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.ending.shut_down(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.ending.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.handover.set_resource(resource);
    }
}
