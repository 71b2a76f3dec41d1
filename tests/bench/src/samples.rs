//! The spans that are measured: ten attributes of mixed types and one event of two attributes each, a status message on
//! one in sixteen, a resource of eight attributes.

use std::{hint::black_box, sync::Arc};

use bytes::Bytes;
use spangate::clock::CounterClock;
use spangate_core::{
    attribute::KeyValue,
    batch::{Batch, BatchId, Metadata},
    intake::{Intake, IntakeOptions},
    otlp::{self, Request, ScanLimits},
    resource::Resource,
    sampler::Sampler,
    scope::InstrumentationScope,
    signal::Signal,
    span::{SpanKind, Status},
    tracer::Tracer,
};

/// Rows of a full batch.
pub(crate) const BATCH: u32 = 512;

/// A tracer and what it records into; nobody is woken.
pub(crate) fn recorder(sampler: impl Sampler + 'static) -> (Arc<Intake>, Tracer) {
    let intake = Arc::new(Intake::new(IntakeOptions::default(), || {}));
    let resource = Resource::new("checkout").with_attributes([
        KeyValue::new("service.version", "1.14.2"),
        KeyValue::new("service.instance.id", "checkout-7d4f8b6c9-x2x4v"),
        KeyValue::new("deployment.environment.name", "production"),
        KeyValue::new("cloud.region", "eu-central-1"),
        KeyValue::new("host.name", "node-17.cluster.example"),
        KeyValue::new("process.pid", 4711_i64),
        KeyValue::new("telemetry.sdk.language", "rust"),
    ]);
    let tracer = Tracer::builder(Arc::new(CounterClock::new()), intake.clone())
        .resource(resource)
        .scope(InstrumentationScope::new("shop.checkout").with_version("3.2.1"))
        .sampler(sampler)
        .build();
    (intake, tracer)
}

/// Ten attributes: four texts, three integers, two fractions, one truth value. The compiler knows the texts, as it does
/// in a program.
#[inline]
pub(crate) fn ten_attributes() -> [KeyValue; 10] {
    [
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
    ]
}

/// A batch as it was recorded in this process.
pub(crate) fn recorded(spans: u32) -> Batch {
    let (intake, tracer) = recorder(spangate_core::sampler::AlwaysOn);
    for number in 0..spans {
        let kind = if number % 2 == 0 { SpanKind::Server } else { SpanKind::Client };
        let mut span = tracer.span("POST /api/v1/orders").kind(kind).start();
        span.set_attributes(ten_attributes());
        let details = [KeyValue::new("payment.provider", "example-pay"), KeyValue::new("payment.attempt", 1_i64)];
        span.add_event("payment.authorised", details);
        if number % 16 == 0 {
            span.set_status(Status::error("the payment was declined"));
        }
    }
    let columns = intake.take_all().swap_remove(0).columns.freeze();
    Batch::recorded(BatchId([7; 16]), Signal::Spans, columns, Metadata::from([]))
}

/// The same batch as it comes from a network: its OTLP bytes, scanned.
pub(crate) fn received(spans: u32) -> anyhow::Result<Batch> {
    let request = scan(recorded(spans).otlp())?;
    Ok(Batch::received(BatchId([7; 16]), Signal::Spans, request, Metadata::from([])))
}

/// Checks and indexes OTLP bytes.
///
/// # Errors
/// If they are not valid.
pub(crate) fn scan(bytes: Bytes) -> anyhow::Result<Request> {
    Ok(otlp::scan(Signal::Spans, bytes, &ScanLimits::default())?.request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_has_what_the_table_says() {
        let batch = recorded(BATCH);
        let columns = batch.columns();
        let attributes = columns.attributes[spangate_core::columns::Owner::Span as usize].kind.len();
        assert_eq!((batch.len(), attributes), (512, 5_120));
        assert_eq!(columns.span_events.dropped_attributes.len(), 512);
        assert_eq!(received(BATCH).unwrap().len(), 512);
    }
}
