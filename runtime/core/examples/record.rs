//! Records a small trace and an event, and prints them as OTLP JSON: `cargo run -p spangate-core --example record`.
//!
//! An embedder uses crate `spangate`, which brings a clock, the pipeline and the exporters. Here all is done by hand.

use std::sync::Arc;

use spangate_core::{
    attribute::KeyValue,
    batch::Batch,
    batcher::{BatchLimits, Batcher, Piece},
    clock::{Clock, ManualClock},
    context::SpanContext,
    intake::{Intake, IntakeOptions},
    processor::SpanProcessor,
    resource::Resource,
    signal::Signal,
    span::{SpanKind, Status},
    tracer::Tracer,
};

fn main() {
    let clock = Arc::new(ManualClock::at_unix_nanos(1_700_000_000_000_000_000));
    let intake = Arc::new(Intake::new(IntakeOptions::default(), || {}));
    let processor: Arc<dyn SpanProcessor> = intake.clone();
    let tracer = Tracer::builder(clock.clone(), processor).resource(Resource::new("checkout")).build();

    let incoming = ["00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01"];
    let caller = SpanContext::from_headers(incoming, []).unwrap_or_default();
    let mut server = tracer.span("POST /orders").kind(SpanKind::Server).child_of_context(&caller).start();
    let mut query = tracer.span("INSERT orders").kind(SpanKind::Client).child_of(&server).start();
    query.set_attributes([KeyValue::new("db.system.name", "postgresql"), KeyValue::new("db.rows", 3i64)]);
    clock.advance(std::time::Duration::from_millis(7));
    query.add_event("connection.reused", []);
    query.end();
    server.set_status(Status::Ok);
    server.end();
    tracer.event("order.placed").attribute("order.id", 4711i64).context(server.context()).emit();

    for chunk in intake.take_all() {
        let mut batcher = Batcher::new(chunk.signal, BatchLimits::default(), *b"example.");
        let print = |batch: Batch| println!("{} {}: {}", batch.len(), batch.signal(), batch.otlp_json());
        batcher.push(Piece::Recorded(chunk.columns), clock.monotonic(), print);
        batcher.flush(print);
    }
    assert!(intake.ledger(Signal::Spans).is_balanced());
}
