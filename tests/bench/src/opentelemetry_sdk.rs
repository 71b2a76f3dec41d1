//! The rival next door: opentelemetry_sdk with its batch processor and an exporter that discards.

use std::hint::black_box;

use opentelemetry::{
    KeyValue,
    trace::{Span as _, Tracer as _, TracerProvider as _},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Sampler, SdkTracer, SdkTracerProvider, SpanData, SpanExporter, SpanProcessor, TracerProviderBuilder},
};

#[derive(Debug)]
struct Discard;

impl SpanExporter for Discard {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        drop(batch);
        Ok(())
    }
}

/// A provider and its tracer.
pub(crate) struct Rival {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Rival {
    /// Records everything.
    pub(crate) fn sampled() -> Self {
        Self::new(Sampler::AlwaysOn)
    }

    /// Records nothing.
    pub(crate) fn not_sampled() -> Self {
        Self::new(Sampler::AlwaysOff)
    }

    /// Records everything, for a processor that is not the SDK's.
    pub(crate) fn with_processor(processor: impl SpanProcessor + 'static) -> Self {
        Self::build(SdkTracerProvider::builder().with_span_processor(processor))
    }

    fn new(sampler: Sampler) -> Self {
        Self::build(SdkTracerProvider::builder().with_batch_exporter(Discard).with_sampler(sampler))
    }

    fn build(builder: TracerProviderBuilder) -> Self {
        let provider = builder.build();
        let tracer = provider.tracer("bench");
        Self::of(provider, tracer)
    }

    /// One with a provider of its own kind.
    pub(crate) fn of(provider: SdkTracerProvider, tracer: SdkTracer) -> Self {
        Self { provider, tracer }
    }

    /// For front ends of its own.
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.tracer.clone()
    }

    /// A root span with the same attributes as ours, given at its start: that is the cheaper way here.
    pub(crate) fn record(&self) {
        let attributes = vec![
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("url.path", "/api/v1/orders/42"),
            KeyValue::new("server.address", "orders.shop.example"),
            KeyValue::new("user_agent.original", "shop-app/5.2 (mobile)"),
            KeyValue::new("http.response.status_code", black_box(200_i64)),
            KeyValue::new("server.port", black_box(8443_i64)),
            KeyValue::new("order.items", black_box(7_i64)),
            KeyValue::new("order.total", black_box(129.95)),
            KeyValue::new("cache.hit_ratio", black_box(0.875)),
            KeyValue::new("order.is_gift", black_box(false)),
        ];
        let builder = self.tracer.span_builder("POST /api/v1/orders").with_attributes(attributes);
        builder.start(&self.tracer).end();
    }

    /// Waits until everything recorded was exported.
    ///
    /// # Errors
    /// If it takes too long.
    pub(crate) fn flush(&self) -> anyhow::Result<()> {
        Ok(self.provider.force_flush()?)
    }
}
