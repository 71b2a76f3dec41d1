//! The rows that are handed over: what an ordinary web service records.

use std::sync::Arc;

use spangate::clock::SystemClock;
use spangate_core::{
    attribute::KeyValue,
    batch::{Batch, BatchId, Metadata},
    event::Severity,
    intake::{Intake, IntakeOptions},
    resource::Resource,
    sampler::AlwaysOn,
    scope::InstrumentationScope,
    signal::Signal,
    span::{SpanKind, Status},
    tracer::Tracer,
};

/// Which spans there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// Spans of 2 ms to half a second, one of 16 failed.
    Ordinary,
    /// Every span took ten seconds and failed: what exporters that choose would choose.
    Bad,
}

/// A batch of `rows` spans or events of such a day; events are called `event_name`. Rows differ in ids, times and some
/// values.
pub(super) fn batch(signal: Signal, event_name: &str, rows: u32, day: Day) -> Arc<Batch> {
    let (max_rows, bytes) = (2 * rows as usize + 1024, 1 << 30);
    let options =
        IntakeOptions { max_rows, max_bytes: bytes, chunk_rows: rows, chunk_bytes: bytes, ..IntakeOptions::default() };
    let intake = Arc::new(Intake::new(options, || {}));
    intake.take_started_spans(signal == Signal::StartedSpans);
    let tracer = Tracer::builder(Arc::new(SystemClock::new()), intake.clone())
        .resource(resource())
        .scope(InstrumentationScope::new("shop.checkout").with_version("3.2.1"))
        .sampler(AlwaysOn)
        .build();
    for row in 0..rows {
        match signal {
            Signal::Events => tracer
                .event(event_name.to_owned())
                .severity(Severity::INFO)
                .body("the order was placed")
                .attributes(attributes(row))
                .emit(),
            Signal::Spans | Signal::StartedSpans => span(&tracer, row, day),
        }
    }
    let mut chunks = intake.take_all().into_iter().filter(|chunk| chunk.signal == signal);
    let columns = chunks.next().map(|chunk| chunk.columns.freeze()).unwrap_or_default();
    Arc::new(Batch::recorded(BatchId([7; 16]), signal, columns, Metadata::from([])))
}

fn span(tracer: &Tracer, row: u32, day: Day) {
    let kind = if row.is_multiple_of(2) { SpanKind::Server } else { SpanKind::Client };
    let mut span = tracer.span("POST /api/v1/orders").kind(kind).start();
    span.set_attributes(attributes(row));
    let details = [KeyValue::new("payment.provider", "example-pay"), KeyValue::new("payment.attempt", 1_i64)];
    span.add_event("payment.authorised", details);
    if day == Day::Bad || row.is_multiple_of(16) {
        span.set_status(Status::error("the payment was declined"));
    }
    let milliseconds = if day == Day::Bad { 10_000 } else { 2 + u64::from(row * 37 % 499) };
    span.end_at(tracer.clock().unix_nanos() + milliseconds * 1_000_000);
}

fn attributes(row: u32) -> [KeyValue; 10] {
    [
        KeyValue::new("http.request.method", "POST"),
        KeyValue::new("url.path", format!("/api/v1/orders/{row}")),
        KeyValue::new("server.address", "orders.shop.example"),
        KeyValue::new("user_agent.original", "shop-app/5.2 (mobile)"),
        KeyValue::new("http.response.status_code", 200_i64),
        KeyValue::new("server.port", 8443_i64),
        KeyValue::new("order.items", i64::from(row % 9)),
        KeyValue::new("order.total", f64::from(row) * 1.25),
        KeyValue::new("cache.hit_ratio", 0.875),
        KeyValue::new("order.is_gift", row.is_multiple_of(3)),
    ]
}

fn resource() -> Resource {
    Resource::new("checkout").with_attributes([
        KeyValue::new("service.version", "1.14.2"),
        KeyValue::new("service.instance.id", "checkout-7d4f8b6c9-x2x4v"),
        KeyValue::new("deployment.environment.name", "production"),
        KeyValue::new("cloud.region", "eu-central-1"),
        KeyValue::new("host.name", "node-17.cluster.example"),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_of_any_signal_has_the_rows_that_were_asked_for() {
        for signal in Signal::ALL {
            for rows in [1, 512, 8192] {
                for day in [Day::Ordinary, Day::Bad] {
                    assert_eq!(batch(signal, "order.placed", rows, day).len(), rows, "{signal:?}");
                }
            }
        }
    }

    #[test]
    fn on_an_ordinary_day_some_spans_are_slow_and_on_a_bad_one_all_are() {
        let slow = |day| {
            let batch = batch(Signal::Spans, "", 512, day);
            let (starts, ends) = (&batch.columns().spans.start_time, &batch.columns().spans.end_time);
            let at = |times: &[u32], row: usize| u64::from(times[2 * row]) | u64::from(times[2 * row + 1]) << 32;
            (0..512).filter(|row| at(ends, *row) - at(starts, *row) >= 100_000_000).count()
        };
        assert!((256..512).contains(&slow(Day::Ordinary)), "{}", slow(Day::Ordinary));
        assert_eq!(slow(Day::Bad), 512);
    }
}
