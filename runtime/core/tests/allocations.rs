//! Recording allocates nothing once a thread has recorded its like before; cutting takes no more memory than what is
//! kept of it.
#![expect(unsafe_code, reason = "counting allocations takes an allocator, and its trait is unsafe")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;

use spangate_core::{
    attribute::KeyValue,
    batch::{Batch, BatchId},
    batcher::{BatchLimits, Batcher, Piece},
    clock::ManualClock,
    intake::{Intake, IntakeOptions},
    otlp::{MAX_SURROUNDINGS_BYTES, Request, ScanError, ScanErrorKind, ScanLimits, scan},
    processor::SpanProcessor,
    queue::{ExporterQueue, QueueLimits, WhenFull},
    sampler::{AlwaysOff, AlwaysOn, Sampler},
    signal::Signal,
    tracer::Tracer,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
    /// Bytes in use, as far as this thread asked for them, and the most there were.
    static BYTES: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        BYTES.set(BYTES.get() + layout.size());
        PEAK.set(PEAK.get().max(BYTES.get()));
        // SAFETY: as for this function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.set(BYTES.get().saturating_sub(layout.size()));
        // SAFETY: as for this function.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(run: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    run();
    ALLOCATIONS.get() - before
}

/// The most bytes in use at once on top of what is in use now.
fn peak(run: impl FnOnce()) -> usize {
    let before = BYTES.get();
    PEAK.set(before);
    run();
    PEAK.get() - before
}

/// A request of minimal spans and a resource with a schema URL of this length.
fn request(around: usize, spans: u64) -> Vec<u8> {
    let span = |id: u64| Span { trace_id: vec![1; 16], span_id: (id + 1).to_be_bytes().to_vec(), ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: (0..spans).map(span).collect(), ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { scope_spans, schema_url: "x".repeat(around), ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn scanned(request: Vec<u8>) -> Result<Request, ScanError> {
    scan(Signal::Spans, request.into(), &ScanLimits::default()).map(|scanned| scanned.request)
}

fn queue(max_batch_rows: u32, when_full: WhenFull) -> ExporterQueue {
    let limits = QueueLimits { max_rows: usize::MAX, max_batch_rows, when_full, ..QueueLimits::default() };
    ExporterQueue::new(limits, Arc::default())
}

/// The largest schema URL that is let pass.
const AROUND: usize = MAX_SURROUNDINGS_BYTES - 4;

fn tracer(sampler: impl Sampler + 'static) -> (Arc<Intake>, Tracer) {
    let intake = Arc::new(Intake::new(IntakeOptions::default(), || {}));
    let processor: Arc<dyn SpanProcessor> = intake.clone();
    (intake, Tracer::builder(Arc::new(ManualClock::default()), processor).sampler(sampler).build())
}

/// A trace of three spans that uses everything a span has.
fn record(tracer: &Tracer) {
    let mut root = tracer.span("root").start();
    for name in ["first", "second"] {
        let mut child = tracer.span(name).child_of(&root).attribute("early", 1i64).start();
        child.set_attributes([KeyValue::new("text", "constant"), KeyValue::new("number", 2.5)]);
        child.set_attribute("text", "replaced");
        child.add_event("event", [KeyValue::new("flag", true)]);
        child.add_link(root.context().clone(), [KeyValue::new("flag", false)]);
        child.end();
    }
    root.set_attribute("late", 1i64);
}

#[test]
fn in_the_steady_state_a_sampled_span_allocates_nothing() {
    let (intake, tracer) = tracer(AlwaysOn);
    (0..150).for_each(|_| record(&tracer));
    assert_eq!(intake.take_all().iter().map(|chunk| chunk.rows).sum::<u32>(), 450);
    assert_eq!(allocations(|| (0..150).for_each(|_| record(&tracer))), 0);
    assert_eq!(intake.take_all().iter().map(|chunk| chunk.rows).sum::<u32>(), 450);
}

#[test]
fn recording_and_collecting_in_turn_needs_no_more_memory_however_long_it_goes_on() {
    let (intake, tracer) = tracer(AlwaysOn);
    let round = || {
        // More than one piece of the memory that spans are written into.
        for _ in 0..400 {
            let mut span = tracer.span("root").start();
            span.set_attributes([KeyValue::new("text", "constant"), KeyValue::new("number", 2.5)]);
        }
        allocations(|| drop(tracer.span("last").start()))
    };
    let collect = || intake.take_all().iter().map(|chunk| chunk.rows).sum::<u32>();
    (0..20).for_each(|_| _ = (round(), collect()));
    let before = BYTES.get();
    for _ in 0..20 {
        let allocated = allocations(|| _ = round());
        assert_eq!((allocated, collect()), (0, 401));
        assert_eq!(BYTES.get(), before);
    }
}

#[test]
fn a_span_that_is_not_sampled_allocates_nothing() {
    let (intake, tracer) = tracer(AlwaysOff);
    record(&tracer);
    assert_eq!(allocations(|| (0..150).for_each(|_| record(&tracer))), 0);
    assert!(intake.take_all().is_empty());
}

#[test]
fn a_disabled_tracer_allocates_nothing_from_its_first_span_on() {
    let intake = Arc::new(Intake::new(IntakeOptions::default(), || {}));
    let processor: Arc<dyn SpanProcessor> = intake.clone();
    let tracer = Tracer::builder(Arc::new(ManualClock::default()), processor).disabled(true).build();
    assert_eq!(allocations(|| (0..150).for_each(|_| record(&tracer))), 0);
    assert_eq!(intake.ledger(Signal::Spans).recorded, 0);
}

#[test]
fn the_allocator_counts() {
    assert!(allocations(|| drop(std::hint::black_box(Box::new(1)))) > 0);
}

#[test]
fn a_request_with_more_around_its_rows_than_can_be_repeated_is_refused_where_it_is_scanned() {
    let bytes = request(4_300_000, 65_536);
    let length = bytes.len();
    let peak = peak(|| assert_eq!(scanned(bytes).expect_err("too large").kind, ScanErrorKind::TooLarge));
    // The index, while it grows.
    assert!(peak < length, "{peak} bytes for a request of {length}");
}

#[test]
fn batches_are_cut_one_after_the_other() {
    let request = scanned(request(AROUND, 65_536)).expect("it fits");
    let mut batcher = Batcher::new(Signal::Spans, BatchLimits::default(), [0; 8]);
    let mut batches = 0;
    let peak = peak(|| batcher.push(Piece::Received(request, [].into()), Duration::ZERO, |_| batches += 1));
    assert_eq!(batches, 128);
    assert!(peak < 3 * MAX_SURROUNDINGS_BYTES, "{peak} bytes for batches that nobody kept");
}

#[test]
fn a_queue_takes_no_more_memory_than_it_has_room_for_while_it_cuts() {
    let bytes = request(AROUND, 512);
    for when_full in [WhenFull::DropNewest, WhenFull::DropOldest, WhenFull::Refuse] {
        let mut queue = queue(1, when_full);
        let peak = peak(|| {
            for _ in 0..4 {
                let request = scanned(bytes.clone()).expect("it fits");
                let batch = Batch::received(BatchId([0; 16]), Signal::Spans, request, [].into());
                drop(queue.push(Arc::new(batch), Duration::ZERO));
            }
        });
        let allowed = (64 << 20) + 8 * MAX_SURROUNDINGS_BYTES;
        assert!(peak < allowed, "{peak} bytes, {allowed} are allowed, {when_full:?}");
    }
}

#[test]
fn a_small_limit_of_an_exporter_does_not_multiply_a_batch() {
    let batch =
        Batch::received(BatchId([0; 16]), Signal::Spans, scanned(request(AROUND, 512)).expect("it fits"), [].into());
    let (size, mut queue) = (batch.size(), queue(1, WhenFull::DropNewest));
    drop(queue.push(Arc::new(batch), Duration::ZERO));
    assert!(queue.bytes() <= size + (32 << 20), "{} bytes of {size}", queue.bytes());
    assert_eq!(queue.len(), 128);
}
