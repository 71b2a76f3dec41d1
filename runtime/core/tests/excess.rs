//! More spans, and larger ones, than anybody should make: rows I35, I36 and I38 of the list of bad inputs.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;
use spangate_core::{
    batch::{Batch, Metadata},
    batcher::{BatchLimits, Batcher, Piece},
    clock::ManualClock,
    event::EventData,
    otlp::{Request, ScanLimits, scan},
    processor::SpanProcessor,
    sampler::AlwaysOn,
    scope::Origin,
    signal::Signal,
    span::SpanData,
    tracer::Tracer,
};

const MILLION: u64 = 1_000_000;

/// Counts what it is told, and keeps the last name.
#[derive(Default)]
struct Counts {
    started: AtomicU64,
    ended: AtomicU64,
    beyond_the_cap: AtomicU64,
    name: Mutex<String>,
}

impl SpanProcessor for Counts {
    fn on_live_span_cap(&self) {
        self.beyond_the_cap.fetch_add(1, Relaxed);
    }

    fn on_start(&self, _: &SpanData, _: &Arc<Origin>) {
        self.started.fetch_add(1, Relaxed);
    }

    fn on_end(&self, span: &SpanData, _: &Arc<Origin>) {
        self.ended.fetch_add(1, Relaxed);
        *self.name.lock().expect("a name") = span.name.to_string();
    }

    fn on_event(&self, _: &EventData, _: &Arc<Origin>) {}
}

fn tracer(max_live_spans: usize) -> (Arc<Counts>, Tracer) {
    let counts = Arc::<Counts>::default();
    let builder = Tracer::builder(Arc::new(ManualClock::default()), counts.clone()).sampler(AlwaysOn);
    (counts, builder.max_live_spans(max_live_spans).build())
}

#[test]
fn i35_a_million_spans_that_never_end_are_recorded_up_to_the_cap_and_counted_beyond() {
    let cap = 10_000;
    let (counts, tracer) = tracer(cap);
    let spans: Vec<_> = (0..MILLION).map(|_| tracer.span("left open").start()).collect();
    let started = counts.started.load(Relaxed);
    // Shards that have no use for theirs keep a quarter of the permits at most.
    assert!((cap as u64 * 3 / 4..=cap as u64).contains(&started), "{started}");
    assert_eq!(tracer.live_spans(), started);
    assert_eq!(counts.beyond_the_cap.load(Relaxed), MILLION - started);
    // Every one of them has its ids and its place in a trace.
    assert!(spans.iter().all(|span| span.context().is_valid()));
    drop(spans);
    assert_eq!((counts.ended.load(Relaxed), tracer.live_spans()), (started, 0));
    tracer.span("afterwards").start().end();
    assert_eq!(*counts.name.lock().expect("a name"), "afterwards");
}

#[test]
fn i36_a_span_ends_once_whatever_is_called_afterwards_and_on_whatever_thread() {
    let (counts, tracer) = tracer(10);
    let mut span = tracer.span("moved").start();
    span.set_attribute("here", 1);
    let mut span = std::thread::spawn(move || {
        span.set_attribute("there", 2);
        span.end_at(1);
        span
    })
    .join()
    .expect("a span");
    span.set_attribute("late", 3);
    span.add_event("late", []);
    span.update_name("late");
    span.end();
    assert_eq!((counts.ended.load(Relaxed), tracer.late_calls(), tracer.live_spans()), (1, 4, 0));
    assert_eq!(*counts.name.lock().expect("a name"), "moved");
}

/// A request of spans of one trace, with names of this length.
fn request(spans: usize, name_length: usize) -> Request {
    let span = |number: u64| Span {
        trace_id: vec![1; 16],
        span_id: (number + 1).to_be_bytes().to_vec(),
        name: "n".repeat(name_length),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { spans: (0..spans as u64).map(span).collect(), ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    let bytes = Bytes::from(ExportTraceServiceRequest { resource_spans }.encode_to_vec());
    scan(Signal::Spans, bytes, &ScanLimits::default()).expect("within the limits").request
}

fn batches(limits: BatchLimits, requests: impl IntoIterator<Item = Request>) -> Vec<Batch> {
    let mut batcher = Batcher::new(Signal::Spans, limits, [1; 8]);
    let mut batches = Vec::new();
    for request in requests {
        batcher.push(Piece::Received(request, Metadata::default()), Duration::ZERO, |batch| batches.push(batch));
        assert!(batcher.rows() < u64::from(limits.max_rows), "{} rows are kept back", batcher.rows());
    }
    batcher.flush(|batch| batches.push(batch));
    batches
}

#[test]
fn i38_a_trace_of_a_million_spans_is_cut_like_any_other() {
    let limits = BatchLimits::default();
    let request = request(62_500, 10);
    let batches = batches(limits, (0..16).map(|_| request.clone()));
    assert_eq!(batches.iter().map(|batch| batch.len() as u64).sum::<u64>(), MILLION);
    assert!(batches.iter().all(|batch| batch.len() <= limits.max_rows && batch.size() <= limits.max_bytes));
    // No batch has become smaller than it must: two neighbours never fit into one.
    assert!(batches.len() as u64 <= 2 * MILLION / u64::from(limits.max_rows), "{} batches", batches.len());
}

#[test]
fn i38_a_name_of_a_mebibyte_is_cut_where_it_is_recorded_and_alone_in_its_batch_where_it_is_received() {
    let (counts, tracer) = tracer(1);
    tracer.span("n".repeat(1 << 20)).start().end();
    assert_eq!(counts.name.lock().expect("a name").len(), 1_024);
    let limits = BatchLimits { max_bytes: 64 << 10, ..BatchLimits::default() };
    let batches = batches(limits, [request(3, 10), request(1, 1 << 20), request(3, 10)]);
    assert_eq!(batches.iter().map(|batch| batch.len() as usize).collect::<Vec<_>>(), [3, 1, 3]);
}
