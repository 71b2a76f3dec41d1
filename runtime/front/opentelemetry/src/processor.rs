//! The processor: spans go over as they end.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use spangate_core::{flush::Flush, tracer::Tracer};

use crate::{counts::SpanCounts, ending::Ending, handover::Handover};

/// A processor that hands spans to what `tracer` records into. `flush` is `runtime.flusher()`, or `()` in tests with an
/// exporter in memory.
pub fn processor(tracer: Tracer, flush: impl Flush + 'static) -> SpangateProcessor {
    SpangateProcessor::new(tracer, flush)
}

/// Hands every sampled span over when it ends: no batch, no queue and no thread of the SDK's is between.
///
/// - Ending a span never waits. One that finds no room is counted as `queue_full` in the runtime's ledger, one that ends
///   after the runtime has stopped as `shutdown`.
/// - The spans' resource is the provider's, whole; that of spangate's configuration is not mixed in. See
///   [`Self::with_runtime_resource`].
/// - Sampling is the SDK's. Spans that it records and does not sample are counted as sampled out.
/// - `force_flush` and `shutdown` wait until the exporters have delivered, for their timeout and not longer. Shutting the
///   provider down does not stop the runtime, which may have others to serve.
/// - The SDK's limits hold, and then those of the runtime. What either leaves out is in the span's counts.
#[derive(Debug)]
#[must_use = "a processor does something once a provider has it"]
pub struct SpangateProcessor {
    handover: Handover,
    ending: Ending,
}

impl SpangateProcessor {
    /// As [`processor`].
    pub fn new(tracer: Tracer, flush: impl Flush + 'static) -> Self {
        Self { handover: Handover::new(tracer), ending: Ending::new(flush) }
    }

    /// How long `force_flush` waits at most. Default: 5 s, as the SDK's batch processor.
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

impl SpanProcessor for SpangateProcessor {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.handover.take(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.ending.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.ending.shut_down(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.handover.set_resource(resource);
    }
}
