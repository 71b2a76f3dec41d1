//! What is kept, whichever way it came.

use std::{sync::Arc, time::Duration};

use super::*;
use crate::{
    attribute::{KeyValue, Value},
    batch::{Batch, BatchId},
    clock::ManualClock,
    context::{SpanContext, SpanId, TraceFlags, TraceId, TraceState},
    event::{EventData, Severity},
    exporter::{ExportError, ExportOutcome, Exporter, Fault, FaultKind, Partial},
    intake::{Intake, IntakeOptions},
    limits::SpanLimits,
    processor::SpanProcessor,
    resource::Resource,
    scope::{InstrumentationScope, Origin},
    signal::Signal,
    span::{SpanData, SpanKind, Status},
    tracer::Tracer,
};

/// Tells an intake and an exporter the same.
struct Both(Arc<Intake>, InMemoryExporter);

impl SpanProcessor for Both {
    fn on_start(&self, span: &SpanData, origin: &Arc<Origin>) {
        self.0.on_start(span, origin);
    }

    fn on_end(&self, span: &SpanData, origin: &Arc<Origin>) {
        self.0.on_end(span, origin);
        self.1.on_end(span, origin);
    }

    fn on_event(&self, event: &EventData, origin: &Arc<Origin>) {
        self.0.on_event(event, origin);
        self.1.on_event(event, origin);
    }
}

fn remote() -> SpanContext {
    let trace_state = TraceState::from_headers(["a=1"]).expect("valid");
    SpanContext {
        trace_id: TraceId([7; 16]),
        span_id: SpanId([8; 8]),
        trace_flags: TraceFlags::SAMPLED,
        is_remote: true,
        trace_state,
    }
}

/// Drives a future that never waits.
fn export(memory: &InMemoryExporter, batch: Batch) -> Result<ExportOutcome, ExportError> {
    let mut call = memory.export(Arc::new(batch), 1);
    match call.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(answer) => answer,
        std::task::Poll::Pending => panic!("it has nothing to wait for"),
    }
}

fn batches(intake: &Intake) -> Vec<Batch> {
    let chunks = intake.take_all().into_iter();
    chunks
        .map(|chunk| Batch::recorded(BatchId([1; 16]), chunk.signal, chunk.columns.freeze(), Arc::default()))
        .collect()
}

/// A batch of spans of these names.
fn batch(names: &[&'static str]) -> Batch {
    let intake = Arc::new(Intake::new(IntakeOptions::default(), || {}));
    let tracer = Tracer::builder(Arc::new(ManualClock::default()), intake.clone()).build();
    names.iter().for_each(|name| drop(tracer.span(*name).start()));
    batches(&intake).remove(0)
}

fn names(memory: &InMemoryExporter) -> Vec<String> {
    memory.finished_spans().into_iter().map(|span| span.name).collect()
}

fn record_everything(tracer: &Tracer, clock: &ManualClock) {
    let mut span = tracer.span("all").kind(SpanKind::Server).child_of_context(&remote()).start();
    let list = Value::KeyValueList(vec![KeyValue::new("a", Value::Array(vec![Value::Empty, Value::Double(0.5)]))]);
    span.set_attributes([KeyValue::new("list", list), KeyValue::new("bytes", vec![0u8, 255])]);
    span.set_attributes([KeyValue::new("dropped", 1i64), KeyValue::new("dropped too", 1i64)]);
    clock.advance(Duration::from_nanos(3));
    span.add_event("tick", [KeyValue::new("n", 1i64)]);
    span.add_event("tock", []);
    span.add_link(remote(), [KeyValue::new("why", "retry")]);
    span.set_status(Status::error("declined"));
    let other = tracer.with_scope(InstrumentationScope::new("till").with_version("2"));
    drop(other.span("child").child_of(&span).start());
    other.event("paid").severity(Severity::WARN).severity_text("warning").body("10 EUR").context(span.context()).emit();
    drop(span);
}

#[test]
fn a_record_is_the_same_from_a_tracer_and_from_a_batch_and_holds_everything() {
    let (intake, direct) = (Arc::new(Intake::new(IntakeOptions::default(), || {})), InMemoryExporter::new());
    intake.take_started_spans(true);
    let clock = Arc::new(ManualClock::at_unix_nanos(1_000));
    let tracer = Tracer::builder(clock.clone(), Arc::new(Both(intake.clone(), direct.clone())))
        .resource(Resource::new("shop").with_schema_url("https://schema/1"))
        .limits(SpanLimits { attribute_count: 2, ..SpanLimits::default() })
        .build();
    record_everything(&tracer, &clock);
    let piped = InMemoryExporter::new();
    for batch in batches(&intake) {
        assert_eq!(export(&piped, batch), Ok(ExportOutcome::Accepted));
    }
    assert_eq!(piped.finished_spans(), direct.finished_spans());
    assert_eq!(piped.events(), direct.events());
    assert_eq!(piped.started_spans().len(), 2);
    assert_eq!(piped.started_spans()[0].end_time, 0);

    let [child, all] = piped.finished_spans().try_into().expect("two spans");
    assert!(child.is_child_of(&all) && !all.is_child_of(&child) && !all.is_root());
    assert_eq!((all.kind, all.parent_is_remote, all.parent_span_id), (SpanKind::Server, true, SpanId([8; 8])));
    assert_eq!((all.duration(), all.dropped_attributes), (Duration::from_nanos(3), 2));
    assert_eq!(all.attribute("bytes"), Some(&Value::Bytes(vec![0, 255])));
    assert_eq!(all.event("tick").and_then(|tick| tick.attribute("n")), Some(&Value::Int(1)));
    assert_eq!((all.links[0].context.clone(), all.links[0].attribute("why")), (remote(), Some(&"retry".into())));
    assert_eq!((all.resource.get("service.name"), &*child.scope.version), (Some(&"shop".into()), "2"));
    assert_eq!((piped.events()[0].span_id, &piped.events()[0].body), (all.context.span_id, &"10 EUR".into()));
    assert_eq!(piped.tree(), "all (error: declined)\n  child\n");
}

#[test]
fn an_answer_is_given_once_and_only_what_it_delivers_is_kept() {
    let memory = InMemoryExporter::new();
    let fault = ExportError::Fault(Fault { kind: FaultKind::Trapped, detail: "boom".to_owned() });
    let partial = Partial { rejected: 1, rejected_rows: vec![0], retry_rows: vec![2], ..Partial::default() };
    memory.answer_once(Err(fault.clone()));
    memory.answer_once(Ok(ExportOutcome::RetryAfter { delay: None, reason: "busy".to_owned() }));
    memory.answer_once(Ok(ExportOutcome::Partial(partial.clone())));
    assert_eq!(export(&memory, batch(&["a"])), Err(fault));
    assert!(matches!(export(&memory, batch(&["a"])), Ok(ExportOutcome::RetryAfter { .. })));
    assert_eq!(names(&memory), [""; 0]);
    assert_eq!(export(&memory, batch(&["a", "b", "c"])), Ok(ExportOutcome::Partial(partial)));
    assert_eq!(names(&memory), ["b"]);
    assert_eq!(export(&memory, batch(&["d"])), Ok(ExportOutcome::Accepted));
    assert_eq!(names(&memory), ["b", "d"]);
}

#[test]
fn what_does_not_fit_is_rejected_and_counted() {
    let memory = InMemoryExporter::with_capacity(3);
    assert_eq!(export(&memory, batch(&["a", "b"])), Ok(ExportOutcome::Accepted));
    let Ok(ExportOutcome::Partial(partial)) = export(&memory, batch(&["c", "d"])) else { panic!("one row fits") };
    assert_eq!((partial.rejected, partial.rejected_rows), (1, vec![1]));
    let Ok(ExportOutcome::Rejected { reason }) = export(&memory, batch(&["e"])) else { panic!("it is full") };
    assert_eq!(reason, "the in-memory exporter is full: it keeps 3 records; reset it");
    assert_eq!((names(&memory).concat().as_str(), memory.refused()), ("abc", 2));
    memory.reset();
    assert_eq!(export(&memory, batch(&["f"])), Ok(ExportOutcome::Accepted));
    assert_eq!((names(&memory).concat().as_str(), memory.refused()), ("f", 0));

    let tracer = Tracer::builder(Arc::new(ManualClock::default()), Arc::new(memory.clone())).max_live_spans(1).build();
    (0..4).for_each(|_| drop(tracer.span("direct").start()));
    let root = tracer.span("fourth").start();
    drop(tracer.span("beyond the cap").child_of(&root).start());
    drop(tracer.span("unsampled").sampled(Some(false)).start());
    tracer.event("no room").emit();
    assert_eq!((memory.finished_spans().len(), memory.refused(), memory.sampled_out()), (3, 4, 1));
}

#[test]
fn a_tree_shows_every_span_once_in_the_order_of_their_start() {
    let memory = InMemoryExporter::new();
    let clock = Arc::new(ManualClock::at_unix_nanos(1));
    let tracer = Tracer::builder(clock.clone(), Arc::new(memory.clone())).build();
    let root = tracer.span("root").start();
    clock.advance(Duration::from_nanos(1));
    let first = tracer.span("first").child_of(&root).start();
    clock.advance(Duration::from_nanos(1));
    drop(tracer.span("second").child_of(&root).start());
    let mut below = tracer.span("below first").child_of(&first).start();
    below.set_status(Status::error(""));
    drop((below, first, root));
    drop(tracer.span("stranger").child_of_context(&remote()).start());
    assert_eq!(memory.tree(), "root\n  first\n    below first (error)\n  second\nstranger\n");

    let mut span = memory.finished_spans().remove(0);
    span.parent_span_id = span.context.span_id;
    assert_eq!(tree::tree(&[span]), "second\n");
}

#[test]
fn rows_that_say_nonsense_are_read_as_far_as_they_make_sense() {
    let mut columns = batch(&["a"]).columns().thaw();
    columns.spans.kind[0] = 77;
    columns.spans.status_code[0] = 9;
    columns.spans.scope[0] = 5;
    columns.spans.name[1] = u32::MAX;
    let memory = InMemoryExporter::new();
    let batch = Batch::recorded(BatchId([1; 16]), Signal::Spans, columns.freeze(), Arc::default());
    assert_eq!(export(&memory, batch), Ok(ExportOutcome::Accepted));
    let span = memory.finished_spans().remove(0);
    assert_eq!((span.kind, span.status.clone(), span.name.as_str()), (SpanKind::Internal, Status::Unset, ""));
    assert_eq!((span.resource.attributes().len(), &*span.scope.name), (0, ""));
}
