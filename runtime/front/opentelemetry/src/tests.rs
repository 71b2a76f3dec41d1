//! Spans of the SDK, field by field, and what is not a span of the application's.

use std::{
    sync::{Arc, Mutex},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use opentelemetry::{
    Array, InstrumentationScope, KeyValue, StringValue, Value,
    trace::{
        Event, Link, Span as _, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState, Tracer as _,
        TracerProvider as _,
    },
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkError,
    trace::{
        BatchSpanProcessor, Sampler, SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample, SpanData,
        SpanEvents, SpanExporter as _, SpanLinks, SpanProcessor as _,
    },
};
use spangate_core::{
    attribute::{self, Value as Ours},
    clock::ManualClock,
    context,
    flush::{Flush, FlushError},
    in_memory::{InMemoryExporter, SpanRecord},
    intake::{Intake, IntakeDropReason, IntakeOptions},
    resource,
    signal::Signal,
    span,
    suppression::suppress_this_thread,
    tracer::Tracer,
};

use crate::{WithoutOwnWork, exporter, origins::MAX_SCOPES, processor};

fn stage() -> (InMemoryExporter, Tracer) {
    let memory = InMemoryExporter::new();
    let tracer = Tracer::builder(Arc::new(ManualClock::default()), Arc::new(memory.clone()))
        .resource(resource::Resource::new("runtime"))
        .build();
    (memory, tracer)
}

fn at(nanos: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanos)
}

fn context_of(flags: u8, state: &str) -> SpanContext {
    let state = TraceState::from_key_value(state.split(',').filter_map(|entry| entry.split_once('='))).expect("valid");
    let (trace_id, span_id) = (TraceId::from_bytes([1; 16]), SpanId::from_bytes([2; 8]));
    SpanContext::new(trace_id, span_id, TraceFlags::new(flags), false, state)
}

fn sdk_span() -> SpanData {
    let mut events = SpanEvents::default();
    events.events = vec![Event::new("found", at(1_500), vec![KeyValue::new("rows", 3)], 4)];
    events.dropped_count = 5;
    let mut links = SpanLinks::default();
    links.links = vec![Link::new(context_of(0, "a=1"), vec![KeyValue::new("why", "retry")], 6)];
    links.dropped_count = 7;
    SpanData {
        span_context: context_of(3, "vendor=x,other=y"),
        parent_span_id: SpanId::from_bytes([9; 8]),
        parent_span_is_remote: true,
        span_kind: SpanKind::Producer,
        name: "publish".into(),
        start_time: at(1_000),
        end_time: at(2_000),
        attributes: vec![
            KeyValue::new("bool", true),
            KeyValue::new("int", -7),
            KeyValue::new("double", 0.25),
            KeyValue::new("text", "constant"),
            KeyValue::new(String::from("owned"), String::from("owned text")),
            KeyValue::new("shared", Value::String(StringValue::from(Arc::<str>::from("shared text")))),
            KeyValue::new("bools", Value::Array(Array::Bool(vec![true, false]))),
            KeyValue::new("ints", Value::Array(Array::I64(vec![1, i64::MIN]))),
            KeyValue::new("doubles", Value::Array(Array::F64(vec![0.5]))),
            KeyValue::new("texts", Value::Array(Array::String(vec!["a".into(), String::from("b").into()]))),
            KeyValue::new("none", Value::Array(Array::I64(vec![]))),
            KeyValue::new("int", 8),
        ],
        dropped_attributes_count: 8,
        events,
        links,
        status: Status::error("no broker"),
        instrumentation_scope: InstrumentationScope::builder("shop")
            .with_version("1.2")
            .with_schema_url("https://example.test/1")
            .with_attributes([KeyValue::new("tier", 1)])
            .build(),
    }
}

/// The only span there is.
fn only(memory: &InMemoryExporter) -> SpanRecord {
    let mut spans = memory.finished_spans();
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans.remove(0)
}

#[test]
fn every_field_of_a_span_is_handed_over() {
    let (memory, tracer) = stage();
    let mut processor = processor(tracer, ());
    let resource = Resource::builder_empty().with_schema_url(
        [KeyValue::new("service.name", "till"), KeyValue::new("b", 2), KeyValue::new("a", 0.5)],
        "https://example.test/r",
    );
    processor.set_resource(&resource.build());
    processor.on_end(sdk_span());
    let span = only(&memory);
    let expected = context::SpanContext {
        trace_id: context::TraceId([1; 16]),
        span_id: context::SpanId([2; 8]),
        trace_flags: context::TraceFlags(3),
        is_remote: false,
        trace_state: context::TraceState::from_headers(["vendor=x,other=y"]).expect("valid"),
    };
    assert_eq!(span.context, expected);
    assert_eq!((span.parent_span_id, span.parent_is_remote), (context::SpanId([9; 8]), true));
    assert_eq!((span.name.as_str(), span.kind), ("publish", span::SpanKind::Producer));
    assert_eq!((span.start_time, span.end_time), (1_000, 2_000));
    assert_eq!(span.status, span::Status::error("no broker"));
    let list = |values: Vec<Ours>| Ours::Array(values);
    let attributes = [
        attribute::KeyValue::new("bool", true),
        attribute::KeyValue::new("int", 8i64),
        attribute::KeyValue::new("double", 0.25),
        attribute::KeyValue::new("text", "constant"),
        attribute::KeyValue::new("owned", "owned text"),
        attribute::KeyValue::new("shared", "shared text"),
        attribute::KeyValue::new("bools", list(vec![true.into(), false.into()])),
        attribute::KeyValue::new("ints", list(vec![1i64.into(), i64::MIN.into()])),
        attribute::KeyValue::new("doubles", list(vec![0.5.into()])),
        attribute::KeyValue::new("texts", list(vec!["a".into(), "b".into()])),
        attribute::KeyValue::new("none", list(vec![])),
    ];
    assert_eq!(span.attributes, attributes);
    assert_eq!((span.dropped_attributes, span.dropped_events, span.dropped_links), (8, 5, 7));
    let event = &span.events[0];
    assert_eq!((event.name.as_str(), event.time, event.dropped_attributes), ("found", 1_500, 4));
    assert_eq!(event.attributes, [attribute::KeyValue::new("rows", 3i64)]);
    let link = &span.links[0];
    assert_eq!((link.context.trace_flags.0, link.context.trace_state.as_str(), link.dropped_attributes), (0, "a=1", 6));
    assert_eq!(link.attributes, [attribute::KeyValue::new("why", "retry")]);
    assert_eq!((&*span.scope.name, &*span.scope.version), ("shop", "1.2"));
    assert_eq!(&*span.scope.schema_url, "https://example.test/1");
    assert_eq!(span.scope.attributes, [attribute::KeyValue::new("tier", 1i64)]);
    let attributes = [("service.name", "till".into()), ("a", 0.5.into()), ("b", Ours::Int(2))];
    assert_eq!(
        span.resource.attributes(),
        attributes.map(|(key, value): (_, Ours)| attribute::KeyValue::new(key, value))
    );
    assert_eq!(span.resource.schema_url(), "https://example.test/r");
}

#[test]
fn kinds_and_status_have_the_same_names() {
    let (memory, tracer) = stage();
    let processor = processor(tracer, ());
    let kinds = [SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
    for (kind, status) in kinds.into_iter().zip([Status::Unset, Status::Ok, Status::error(""), Status::Ok, Status::Ok])
    {
        processor.on_end(SpanData { span_kind: kind, status, ..sdk_span() });
    }
    let spans = memory.finished_spans();
    let kinds: Vec<_> = spans.iter().map(|span| format!("{:?}", span.kind)).collect();
    assert_eq!(kinds, ["Internal", "Server", "Client", "Producer", "Consumer"]);
    let codes: Vec<_> = spans.iter().map(|span| span.status.code()).collect();
    assert_eq!(codes, [0, 1, 2, 1, 1]);
}

#[test]
fn a_time_that_does_not_fit_is_the_nearest_that_does() {
    let (memory, tracer) = stage();
    let processor = processor(tracer, ());
    let far = UNIX_EPOCH + Duration::from_secs(1 << 40);
    processor.on_end(SpanData { start_time: UNIX_EPOCH - Duration::from_nanos(1), end_time: far, ..sdk_span() });
    processor.on_end(SpanData { start_time: at(u64::MAX), end_time: at(0), ..sdk_span() });
    let times: Vec<_> = memory.finished_spans().iter().map(|span| (span.start_time, span.end_time)).collect();
    assert_eq!(times, [(0, u64::MAX), (u64::MAX, u64::MAX)]);
}

#[test]
fn the_provider_s_resource_wins_unless_the_runtime_s_is_asked_for() {
    let resource = || Resource::builder_empty().with_attribute(KeyValue::new("zone", "a")).build();
    for (asks, name, zone) in [(false, "unknown_service", true), (true, "runtime", false)] {
        let (memory, tracer) = stage();
        let processor = processor(tracer, ());
        let processor = if asks { processor.with_runtime_resource() } else { processor };
        let provider = SdkTracerProvider::builder().with_span_processor(processor).with_resource(resource()).build();
        provider.tracer("shop").in_span("work", |_| ());
        let resource = only(&memory).resource;
        assert_eq!(resource.get("service.name"), Some(&name.into()));
        assert_eq!(resource.get("zone").is_some(), zone);
    }
}

#[test]
fn spans_of_one_scope_share_one_and_further_scopes_are_recorded_too() {
    let (memory, tracer) = stage();
    let processor = processor(tracer, ());
    let scope = |number: usize| InstrumentationScope::builder(number.to_string()).build();
    let numbers = || [0, 1, 0].into_iter().chain(2..MAX_SCOPES + 2);
    for number in numbers() {
        processor.on_end(SpanData { instrumentation_scope: scope(number), ..sdk_span() });
    }
    let names: Vec<_> = memory.finished_spans().iter().map(|span| span.scope.name.to_string()).collect();
    assert_eq!(names, numbers().map(|number| number.to_string()).collect::<Vec<_>>());
    let origins = crate::origins::Origins::new(Arc::default());
    let find = |number| origins.find(&scope(number)).cloned();
    let first = find(0).expect("there is room");
    (1..MAX_SCOPES).for_each(|number| assert!(find(number).is_some()));
    assert!(Arc::ptr_eq(&first, &find(0).expect("it is known")));
    assert!(find(MAX_SCOPES).is_none());
}

#[derive(Clone, Debug)]
struct RecordOnly;

impl ShouldSample for RecordOnly {
    fn should_sample(
        &self,
        _: Option<&opentelemetry::Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let (attributes, trace_state) = (Vec::new(), TraceState::NONE);
        SamplingResult { decision: SamplingDecision::RecordOnly, attributes, trace_state }
    }
}

#[test]
fn a_span_that_is_recorded_and_not_sampled_is_counted_and_not_taken() {
    let (memory, tracer) = stage();
    let builder = || SdkTracerProvider::builder().with_span_processor(processor(tracer.clone(), ()));
    builder().with_sampler(Box::new(RecordOnly) as Box<dyn ShouldSample>).build().tracer("shop").in_span("a", |_| ());
    assert_eq!((memory.finished_spans().len(), memory.sampled_out()), (0, 1));
    builder().with_sampler(Sampler::AlwaysOff).build().tracer("shop").in_span("b", |_| ());
    assert_eq!((memory.finished_spans().len(), memory.sampled_out()), (0, 1), "the SDK never told of it");
}

#[test]
fn a_span_without_room_is_counted_as_any_other() {
    let intake = Arc::new(Intake::new(IntakeOptions { max_rows: 2, ..IntakeOptions::default() }, || {}));
    let tracer = Tracer::builder(Arc::new(ManualClock::default()), intake.clone()).build();
    let processor = processor(tracer, ());
    (0..3).for_each(|_| processor.on_end(sdk_span()));
    intake.close();
    processor.on_end(sdk_span());
    let ledger = intake.ledger(Signal::Spans);
    assert_eq!((ledger.recorded, ledger.accepted), (4, 2));
    let dropped: Vec<_> = ledger.dropped().collect();
    assert_eq!(dropped, [(IntakeDropReason::QueueFull, 1), (IntakeDropReason::Shutdown, 1)]);
    assert!(ledger.is_balanced());
}

#[test]
fn what_spangate_s_own_threads_do_is_counted_and_not_recorded() {
    let (memory, tracer) = stage();
    let (direct, batched) = (processor(tracer.clone(), ()), exporter(tracer, ()));
    let in_front = WithoutOwnWork::new(BatchSpanProcessor::builder(batched).build());
    let counts = [direct.counts(), in_front.counts()];
    let provider = SdkTracerProvider::builder().with_span_processor(direct).with_span_processor(in_front).build();
    let work = |name: &'static str| provider.tracer("shop").in_span(name, |_| ());
    thread::scope(|scope| {
        scope.spawn(|| {
            suppress_this_thread();
            work("own");
        });
    });
    work("theirs");
    provider.force_flush().expect("it was taken over");
    let names: Vec<_> = memory.finished_spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["theirs"; 2]);
    assert_eq!(counts.map(|counts| counts.own_work()), [1, 1]);
}

/// Answers in turn, and keeps the timeouts it was given.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<(Vec<FlushError>, Vec<Duration>)>>);

impl Flush for Script {
    fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        let mut script = self.0.lock().expect("nobody panicked");
        script.1.push(timeout);
        script.0.pop().map_or(Ok(()), Err)
    }
}

#[test]
fn flushing_and_shutting_down_speak_the_sdk_s_words_with_the_sdk_s_timeouts() {
    let script = Script::default();
    let later = [FlushError::Undelivered("paused".to_owned()), FlushError::Stopped, FlushError::TimedOut];
    script.0.lock().expect("nobody panicked").0.extend(later);
    let (_, tracer) = stage();
    let processor = processor(tracer, script.clone()).with_flush_timeout(Duration::from_secs(2));
    assert!(matches!(processor.force_flush(), Err(OTelSdkError::Timeout(limit)) if limit == Duration::from_secs(2)));
    assert!(matches!(processor.force_flush(), Err(OTelSdkError::AlreadyShutdown)));
    assert!(matches!(processor.force_flush(), Err(OTelSdkError::InternalFailure(why)) if why.contains("paused")));
    processor.force_flush().expect("delivered");
    processor.shutdown_with_timeout(Duration::from_secs(3)).expect("delivered");
    assert!(matches!(processor.shutdown(), Err(OTelSdkError::AlreadyShutdown)));
    assert!(matches!(processor.force_flush(), Err(OTelSdkError::AlreadyShutdown)));
    let waited = script.0.lock().expect("nobody panicked").1.iter().map(Duration::as_secs).collect::<Vec<_>>();
    assert_eq!(waited, [2, 2, 2, 2, 3], "nobody waits after the shutdown");
}

#[test]
fn an_exporter_takes_nothing_after_its_shutdown_and_says_so() {
    let (memory, tracer) = stage();
    let script = Script::default();
    let mut exporter = exporter(tracer, script.clone());
    exporter.set_resource(&Resource::builder_empty().with_service_name("till").build());
    let export = |batch| now(exporter.export(batch));
    export(vec![sdk_span(), sdk_span()]).expect("taken over");
    exporter.force_flush().expect("delivered");
    exporter.shutdown().expect("delivered");
    assert!(matches!(export(vec![sdk_span()]), Err(OTelSdkError::AlreadyShutdown)));
    let services: Vec<_> =
        memory.finished_spans().iter().map(|span| span.resource.get("service.name").cloned()).collect();
    assert_eq!(services, [Some("till".into()), Some("till".into())]);
    assert_eq!(script.0.lock().expect("nobody panicked").1, [Duration::from_secs(5); 2]);
}

/// The result of a future that is there at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        std::task::Poll::Ready(result) => result,
        std::task::Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn a_span_that_ends_after_the_provider_s_shutdown_is_not_lost_by_us() {
    let (memory, tracer) = stage();
    let processor = processor(tracer, ());
    processor.shutdown().expect("nothing to deliver");
    processor.on_end(sdk_span());
    assert_eq!(memory.finished_spans().len(), 1);
}

#[test]
fn children_stand_below_their_parents() {
    let (memory, tracer) = stage();
    let provider = SdkTracerProvider::builder().with_span_processor(processor(tracer, ())).build();
    let tracer = provider.tracer("shop");
    tracer.in_span("checkout", |_| {
        tracer.in_span("pay", |_| ());
        tracer.start("ship").end();
    });
    assert_eq!(memory.tree(), "checkout\n  pay\n  ship\n");
}
