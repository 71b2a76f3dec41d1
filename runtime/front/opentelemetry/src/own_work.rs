//! Keeps what spangate's own threads do from a processor.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{Span, SpanData, SpanProcessor},
};
use spangate_core::suppression::is_suppressed;

use crate::counts::SpanCounts;

/// A processor that hands everything on to another, but for spans that end on spangate's own threads. Such spans are
/// recorded by libraries that deliver; delivering them would make more, without end.
///
/// ```
/// use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider};
/// use spangate_opentelemetry::{WithoutOwnWork, core::tracer::Tracer, exporter};
///
/// # fn build(tracer: Tracer) -> SdkTracerProvider {
/// let batches = BatchSpanProcessor::builder(exporter(tracer, ())).build();
/// SdkTracerProvider::builder().with_span_processor(WithoutOwnWork::new(batches)).build()
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a processor does something once a provider has it"]
pub struct WithoutOwnWork<P> {
    inner: P,
    counts: SpanCounts,
}

impl<P: SpanProcessor> WithoutOwnWork<P> {
    /// Stands before `inner`.
    pub fn new(inner: P) -> Self {
        Self { inner, counts: SpanCounts::default() }
    }

    /// What was not handed on.
    pub fn counts(&self) -> SpanCounts {
        self.counts.clone()
    }
}

impl<P: SpanProcessor> SpanProcessor for WithoutOwnWork<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        match is_suppressed() {
            true => self.counts.count_own_work(),
            false => self.inner.on_end(span),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
