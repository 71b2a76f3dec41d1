//! Spans and events on their way through an intake.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::any_value::Value as OtlpValue,
};
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::{
    attribute::{Key, KeyValue, Value},
    batch::{Batch, BatchId},
    clock::ManualClock,
    columns::{Owner, pair},
    context::{SpanContext, SpanId, TraceFlags, TraceId, TraceState},
    event::Severity,
    processor::SpanProcessor,
    resource::Resource,
    sampler::TraceIdRatio,
    scope::{InstrumentationScope, Origin},
    signal::Signal,
    span::{SpanKind, Status, TextRef, ValueRef},
    tracer::Tracer,
};

/// Counts how often it was woken.
#[derive(Clone, Default)]
struct Bell(Arc<AtomicUsize>);

impl Wake for Bell {
    fn wake(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn intake(options: IntakeOptions) -> (Arc<Intake>, Bell) {
    let bell = Bell::default();
    (Arc::new(Intake::new(options, bell.clone())), bell)
}

fn tracer(intake: &Arc<Intake>) -> Tracer {
    let clock = ManualClock::at_unix_nanos(1_000);
    let processor: Arc<dyn SpanProcessor> = intake.clone();
    Tracer::builder(Arc::new(clock), processor)
        .resource(Resource::new("shop").with_attribute("zone", "a").with_schema_url("https://example/schema"))
        .scope(InstrumentationScope { attributes: vec![KeyValue::new("s", 1i64)], ..InstrumentationScope::new("till") })
        .build()
}

fn otlp<T: Message + Default>(chunk: Chunk) -> T {
    let batch = Batch::recorded(BatchId([1; 16]), chunk.signal, chunk.columns.freeze(), Arc::from([]));
    T::decode(batch.otlp()).expect("protobuf")
}

fn remote() -> SpanContext {
    SpanContext {
        trace_id: TraceId([7; 16]),
        span_id: SpanId([8; 8]),
        trace_flags: TraceFlags::SAMPLED,
        is_remote: true,
        trace_state: TraceState::from_headers(["a=1"]).expect("valid"),
    }
}

#[test]
fn every_field_of_a_span_arrives_in_otlp() {
    let (intake, _) = intake(IntakeOptions::default());
    let tracer = tracer(&intake);
    let mut span = tracer.span("pay").kind(SpanKind::Server).child_of_context(&remote()).start();
    span.set_attributes([KeyValue::new("n", 5i64), KeyValue::new("list", vec![Value::from("x"), Value::from(1.5)])]);
    span.add_event_at(1_001, "sent", [KeyValue::new("bytes", vec![1u8, 2])]);
    span.add_link(remote(), [KeyValue::new("why", "retry")]);
    span.set_status(Status::error("declined"));
    span.end_at(2_000);
    let id = span.context().span_id;
    let mut chunks = intake.take_all();
    assert_eq!(chunks.len(), 1);
    let request: ExportTraceServiceRequest = otlp(chunks.remove(0));

    let resource_spans = &request.resource_spans[0];
    assert_eq!(resource_spans.schema_url, "https://example/schema");
    assert_eq!(resource_spans.resource.as_ref().expect("resource").attributes.len(), 2);
    let scope = resource_spans.scope_spans[0].scope.as_ref().expect("scope");
    assert_eq!((scope.name.as_str(), scope.attributes.len()), ("till", 1));
    let span = &resource_spans.scope_spans[0].spans[0];
    assert_eq!((span.trace_id.as_slice(), span.span_id.as_slice()), (&[7; 16][..], &id.0[..]));
    assert_eq!((span.parent_span_id.as_slice(), span.trace_state.as_str()), (&[8; 8][..], "a=1"));
    assert_eq!((span.name.as_str(), span.kind, span.flags), ("pay", 2, 0x301));
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (1_000, 2_000));
    let status = span.status.as_ref().expect("status");
    assert_eq!((status.code, status.message.as_str()), (2, "declined"));
    let value = |at: usize| span.attributes[at].value.as_ref().and_then(|any| any.value.clone());
    assert_eq!(value(0), Some(OtlpValue::IntValue(5)));
    let Some(OtlpValue::ArrayValue(list)) = value(1) else { panic!("not a list") };
    assert_eq!(list.values[1].value, Some(OtlpValue::DoubleValue(1.5)));
    let event = &span.events[0];
    assert_eq!((event.name.as_str(), event.time_unix_nano, event.attributes[0].key.as_str()), ("sent", 1_001, "bytes"));
    let link = &span.links[0];
    assert_eq!((link.trace_state.as_str(), link.flags, link.attributes[0].key.as_str()), ("a=1", 0x301, "why"));
}

#[test]
fn what_an_attribute_was_before_it_was_replaced_crosses_to_nobody() {
    let (intake, _) = intake(IntakeOptions::default());
    let tracer = tracer(&intake);
    let mut span = tracer.span(String::from("own name")).start();
    span.set_attribute("kept", String::from("first"));
    span.set_attribute("user", String::from("secret"));
    span.set_attribute("user", String::from("gone"));
    span.set_attribute(String::from("own key"), "constant");
    drop(span);
    let mut plain = tracer.span("plain").start();
    plain.set_attribute(String::from("own key"), String::from("own value"));
    plain.set_attribute("empty", String::new());
    drop(plain);
    let mut nested = tracer.span("nested").start();
    nested.set_attribute("list", vec![Value::from(1i64)]);
    nested.set_attribute("list", vec![Value::from("secret")]);
    nested.set_attribute("list", vec![Value::from(2i64)]);
    drop(nested);
    let origin = Arc::new(Origin { resource: Arc::default(), scope: InstrumentationScope::default() });
    let mut copied = tracer.finished_span(&origin, remote(), "copied");
    for value in ["secret", "gone"] {
        copied.copy_attribute(TextRef::Own("user"), ValueRef::String(TextRef::Own(value)));
    }
    drop(copied);
    let mut spans = HashMap::new();
    for chunk in intake.take_all() {
        let columns = chunk.columns.freeze();
        assert!(!columns.text.contains("secret"), "{}", columns.text);
        for row in 0..chunk.rows as usize {
            let name = columns.text_at(pair(&columns.spans.name, row)).to_owned();
            assert_eq!(pair(&columns.spans.trace_state, row) == [0, 0], name != "copied");
            spans.insert(name, columns.key_values(Owner::Span, row));
        }
    }
    let expected =
        [KeyValue::new("kept", "first"), KeyValue::new("user", "gone"), KeyValue::new("own key", "constant")];
    assert_eq!(spans["own name"], expected);
    let expected = [KeyValue::new("own key", "own value"), KeyValue::new("empty", "")];
    assert_eq!(spans["plain"], expected);
    assert_eq!(spans["nested"], [KeyValue::new("list", vec![Value::from(2i64)])]);
    assert_eq!(spans["copied"], [KeyValue::new("user", "gone")]);
}

proptest! {
    #[test]
    fn a_span_comes_out_of_a_chunk_as_it_went_in_whatever_lies_before_it(
        spans in prop::collection::vec(prop::collection::vec((0usize..6, 0u8..8, any::<i64>()), 0..9), 1..20),
    ) {
        const KEYS: [&str; 6] = ["a", "bb", "ccc", "key", "other", ""];
        let (intake, _) = intake(IntakeOptions { chunk_rows: 7, ..IntakeOptions::default() });
        let tracer = tracer(&intake);
        let mut expected: Vec<Vec<KeyValue>> = Vec::new();
        for attributes in spans {
            let mut span = tracer.span(expected.len().to_string()).start();
            let mut own: Vec<KeyValue> = Vec::new();
            for (key, kind, number) in attributes {
                let value = match kind {
                    0 => Value::Empty,
                    1 => number.into(),
                    2 => (number as f64).into(),
                    3 => (number > 0).into(),
                    4 => KEYS[number.unsigned_abs() as usize % 6].into(),
                    5 => number.to_string().into(),
                    6 => vec![number as u8].into(),
                    _ => vec![Value::from(number), Value::from("x")].into(),
                };
                let key = KEYS[key];
                match own.iter_mut().find(|known| known.key == key) {
                    Some(known) => known.value = value.clone(),
                    None if key.is_empty() => {}
                    None => own.push(KeyValue::new(key, value.clone())),
                }
                span.set_attribute(if number % 2 == 0 { Key::from(key) } else { key.to_owned().into() }, value);
            }
            expected.push(own);
        }
        let chunks = intake.take_all();
        let read = |chunk: &Chunk| {
            let columns = chunk.columns.clone().freeze();
            let name = |row| columns.text_at(pair(&columns.spans.name, row)).parse::<usize>().expect("a number");
            (0..chunk.rows as usize).map(|row| (name(row), columns.key_values(Owner::Span, row))).collect::<Vec<_>>()
        };
        let mut spans: Vec<_> = chunks.iter().flat_map(read).collect();
        spans.sort_by_key(|(number, _)| *number);
        prop_assert_eq!(spans, expected.into_iter().enumerate().collect::<Vec<_>>());
    }
}

#[test]
fn an_event_arrives_in_otlp() {
    let (intake, _) = intake(IntakeOptions::default());
    let tracer = tracer(&intake);
    let event = tracer.event("order.paid").severity(Severity::WARN).severity_text("warning").body(true);
    event.attribute("id", "x").context(&remote()).time(5).emit();
    let request: ExportLogsServiceRequest = otlp(intake.take_all().remove(0));
    let record = &request.resource_logs[0].scope_logs[0].log_records[0];
    assert_eq!(
        (record.event_name.as_str(), record.severity_number, &*record.severity_text),
        ("order.paid", 13, "warning")
    );
    assert_eq!((record.time_unix_nano, record.observed_time_unix_nano, record.flags), (5, 1_000, 1));
    assert_eq!((record.trace_id.as_slice(), record.span_id.as_slice()), (&[7; 16][..], &[8; 8][..]));
    let body = record.body.as_ref().and_then(|any| any.value.clone());
    assert_eq!((body, record.attributes.len()), (Some(OtlpValue::BoolValue(true)), 1));
}

#[test]
fn started_spans_are_taken_in_only_if_they_are_wanted() {
    let (intake, _) = intake(IntakeOptions::default());
    let tracer = tracer(&intake);
    let unnoticed = tracer.span("unnoticed").start();
    intake.take_started_spans(true);
    let noticed = tracer.span("noticed").start();
    let chunks = intake.take_all();
    assert_eq!(chunks.iter().map(|chunk| (chunk.signal, chunk.rows)).collect::<Vec<_>>(), [(Signal::StartedSpans, 1)]);
    assert_eq!(chunks[0].columns.spans.end_time, [0, 0]);
    drop((unnoticed, noticed));
    assert_eq!(intake.ledger(Signal::Spans).accepted, 2);
    assert_eq!(intake.ledger(Signal::StartedSpans).accepted, 1);
}

#[test]
fn the_collector_is_woken_once_for_a_full_chunk_and_again_after_it_collected() {
    let (intake, bell) = intake(IntakeOptions { chunk_rows: 10, ..IntakeOptions::default() });
    let tracer = tracer(&intake);
    let record = |spans: usize| (0..spans).for_each(|_| drop(tracer.span("a").start()));
    record(9);
    assert_eq!(bell.0.load(Ordering::SeqCst), 0);
    assert!(intake.take_ready().is_empty());
    record(26);
    assert_eq!(bell.0.load(Ordering::SeqCst), 1);
    assert_eq!(intake.take_ready().iter().map(|chunk| chunk.rows).collect::<Vec<_>>(), [10, 10, 10]);
    record(5);
    assert_eq!(bell.0.load(Ordering::SeqCst), 2);
    assert_eq!(intake.take_all().len(), 1);
}

#[test]
fn a_full_intake_drops_what_comes_and_wakes_the_collector_although_no_chunk_is_full() {
    let (intake, bell) = intake(IntakeOptions { max_rows: 20, ..IntakeOptions::default() });
    let tracer = tracer(&intake);
    (0..50).for_each(|_| drop(tracer.span("a").start()));
    let ledger = intake.ledger(Signal::Spans);
    assert!(ledger.is_balanced());
    assert_eq!((ledger.recorded, ledger.accepted), (50, 20));
    assert_eq!(ledger.dropped().collect::<Vec<_>>(), [(IntakeDropReason::QueueFull, 30)]);
    assert_eq!(bell.0.load(Ordering::SeqCst), 1);
    assert_eq!(intake.take_ready().iter().map(|chunk| chunk.rows).sum::<u32>(), 20);
    (0..30).for_each(|_| drop(tracer.span("a").start()));
    assert_eq!(intake.ledger(Signal::Spans).accepted, 40);
}

#[test]
fn bytes_are_bounded_and_never_underestimated() {
    let (intake, _) = intake(IntakeOptions { max_bytes: 20_000, ..IntakeOptions::default() });
    let tracer = tracer(&intake);
    for n in 0..100usize {
        let mut span = tracer.span("a").start();
        span.set_attribute("text", "x".repeat(n * 10));
        span.set_attribute("list", vec![Value::from("x"), Value::from(vec![KeyValue::new("k", 1i64)])]);
        span.add_event("e", [KeyValue::new("k", n.to_string())]);
        span.add_link(remote(), []);
    }
    let chunks = intake.take_all();
    let (actual, estimated) = (chunks[0].columns.size(), chunks[0].bytes);
    assert!(actual <= estimated && estimated <= 20_000, "{actual} {estimated}");
    let ledger = intake.ledger(Signal::Spans);
    assert!(ledger.is_balanced() && ledger.dropped_total() > 0 && ledger.accepted > 10);
}

#[test]
fn what_ends_after_the_close_is_counted_as_lost_to_the_shutdown() {
    let (intake, _) = intake(IntakeOptions::default());
    let tracer = tracer(&intake);
    drop(tracer.span("a").start());
    let late = tracer.span("b").start();
    intake.close();
    drop(late);
    assert_eq!(intake.take_all().len(), 1);
    let ledger = intake.ledger(Signal::Spans);
    assert_eq!(ledger.dropped().collect::<Vec<_>>(), [(IntakeDropReason::Shutdown, 1)]);
    assert!(ledger.is_balanced());
}

#[test]
fn two_tracers_with_scopes_of_their_own_share_a_chunk_and_a_resource() {
    let (intake, _) = intake(IntakeOptions::default());
    let one = tracer(&intake);
    let two = one.with_scope(InstrumentationScope::new("stock"));
    for tracer in [&one, &two, &one] {
        drop(tracer.span("a").start());
    }
    let columns = intake.take_all().remove(0).columns;
    assert_eq!(columns.spans.scope, [0, 1, 0]);
    assert_eq!(columns.scopes.resource, [0, 0]);
    assert_eq!(columns.resources.dropped_attributes.len(), 1);
}

#[test]
fn many_threads_and_a_collector_lose_nothing_uncounted() {
    let options = IntakeOptions { max_rows: 2_000, chunk_rows: 64, shards: 3, ..IntakeOptions::default() };
    let (intake, _) = intake(options);
    let sampled = {
        let processor: Arc<dyn SpanProcessor> = intake.clone();
        let tracer = Tracer::builder(Arc::new(ManualClock::default()), processor);
        tracer.sampler(TraceIdRatio::new(0.5)).max_live_spans(2_000).build()
    };
    let mut collected = 0;
    std::thread::scope(|scope| {
        let work = || (0..5_000).for_each(|_| drop(sampled.span("a").start()));
        let threads: Vec<_> = (0..5).map(|_| scope.spawn(work)).collect();
        while threads.iter().any(|thread| !thread.is_finished()) {
            collected += intake.take_ready().iter().map(|chunk| u64::from(chunk.rows)).sum::<u64>();
        }
    });
    collected += intake.take_all().iter().map(|chunk| u64::from(chunk.rows)).sum::<u64>();
    let ledger = intake.ledger(Signal::Spans);
    assert!(ledger.is_balanced(), "{ledger:?}");
    assert_eq!((ledger.recorded, ledger.accepted), (25_000, collected));
    assert!((11_000..14_000).contains(&ledger.sampled_out), "{ledger:?}");
}

proptest! {
    #[test]
    fn the_bounds_hold_and_the_account_is_exact_whatever_is_recorded_and_collected(
        max_rows in 0usize..100, chunk_rows in 1u32..20, shards in 1usize..4,
        steps in prop::collection::vec(0u8..10, 0..400),
    ) {
        let (intake, _) = intake(IntakeOptions { max_rows, chunk_rows, shards, ..IntakeOptions::default() });
        let tracer = tracer(&intake);
        let (mut offered, mut collected) = (0u64, 0u64);
        for step in steps {
            match step {
                0 => collected += intake.take_ready().iter().map(|chunk| u64::from(chunk.rows)).sum::<u64>(),
                1 => collected += intake.take_all().iter().map(|chunk| u64::from(chunk.rows)).sum::<u64>(),
                2 => tracer.event("e").emit(),
                _ => {
                    offered += 1;
                    drop(tracer.span("a").start());
                }
            }
            let (spans, events) = (intake.ledger(Signal::Spans), intake.ledger(Signal::Events));
            prop_assert!(spans.is_balanced() && events.is_balanced());
            prop_assert_eq!(spans.recorded, offered);
            let waiting = spans.accepted + events.accepted - collected;
            prop_assert!(waiting <= max_rows as u64);
        }
        collected += intake.take_all().iter().map(|chunk| u64::from(chunk.rows)).sum::<u64>();
        prop_assert_eq!(intake.ledger(Signal::Spans).accepted + intake.ledger(Signal::Events).accepted, collected);
        prop_assert_eq!(tracer.live_spans(), 0);
    }
}

#[test]
fn an_unsampled_trace_is_counted() {
    let (intake, _) = intake(IntakeOptions::default());
    let processor: Arc<dyn SpanProcessor> = intake.clone();
    let clock = Arc::new(ManualClock::default());
    clock.advance(Duration::from_secs(1));
    let tracer = Tracer::builder(clock, processor).sampler(TraceIdRatio::new(0.0)).max_live_spans(0).build();
    let root = tracer.span("a").start();
    drop(tracer.span("b").child_of(&root).start());
    drop(tracer.span("c").sampled(Some(true)).start());
    let ledger = intake.ledger(Signal::Spans);
    assert_eq!((ledger.recorded, ledger.sampled_out), (3, 2));
    assert_eq!(ledger.dropped().collect::<Vec<_>>(), [(IntakeDropReason::LiveSpanCap, 1)]);
}
