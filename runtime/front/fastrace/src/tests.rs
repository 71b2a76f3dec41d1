//! Records of fastrace, field by field.

use std::sync::Arc;

use fastrace::collector::{EventRecord, Reporter as _, SpanContext, SpanId, SpanRecord, TraceId};
use spangate_core::{
    attribute::KeyValue,
    clock::ManualClock,
    context,
    in_memory::{self, InMemoryExporter},
    intake::{Intake, IntakeDropReason, IntakeOptions},
    resource::Resource,
    sampler::AlwaysOff,
    scope::InstrumentationScope,
    signal::Signal,
    span::{SpanKind, Status},
    tracer::Tracer,
};

use crate::reporter;

const TRACE: u128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;

fn report(record: SpanRecord) -> in_memory::SpanRecord {
    let memory = InMemoryExporter::new();
    let tracer = Tracer::builder(Arc::new(ManualClock::default()), Arc::new(memory.clone()))
        .resource(Resource::new("till"))
        .scope(InstrumentationScope::new("shop").with_version("1.2"))
        .sampler(AlwaysOff)
        .build();
    reporter(tracer).report(vec![record]);
    memory.finished_spans().remove(0)
}

fn with_properties(properties: &[(&'static str, &'static str)]) -> in_memory::SpanRecord {
    let own = |(key, value): &(&'static str, &'static str)| ((*key).into(), (*value).into());
    report(SpanRecord { properties: properties.iter().map(own).collect(), ..SpanRecord::default() })
}

#[test]
fn every_field_of_a_record_is_handed_over() {
    let span = report(SpanRecord {
        trace_id: TraceId(TRACE),
        span_id: SpanId(0x1112_1314_1516_1718),
        parent_id: SpanId(0x2122_2324_2526_2728),
        begin_time_unix_ns: 1_000,
        duration_ns: 500,
        name: "publish".into(),
        properties: vec![("constant".into(), "a".into()), (String::from("owned").into(), String::from("b").into())],
        events: vec![EventRecord {
            name: "found".into(),
            timestamp_unix_ns: 1_200,
            properties: vec![("rows".into(), "3".into()), ("span.kind".into(), "client".into())],
        }],
        links: [true, false].map(|is_sampled| SpanContext::new(TraceId(7), SpanId(8)).sampled(is_sampled)).to_vec(),
    });
    let expected = context::SpanContext {
        trace_id: context::TraceId([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
        span_id: context::SpanId([0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18]),
        trace_flags: context::TraceFlags::SAMPLED,
        ..context::SpanContext::default()
    };
    assert_eq!(span.context, expected);
    let parent = context::SpanId([0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28]);
    assert_eq!((span.parent_span_id, span.parent_is_remote), (parent, false));
    assert_eq!((span.name.as_str(), span.kind, span.status.clone()), ("publish", SpanKind::Internal, Status::Unset));
    assert_eq!((span.start_time, span.end_time), (1_000, 1_500));
    assert_eq!(span.attributes, [KeyValue::new("constant", "a"), KeyValue::new("owned", "b")]);
    let event = &span.events[0];
    assert_eq!((event.name.as_str(), event.time), ("found", 1_200));
    // What means something for a span means nothing for an event.
    assert_eq!(event.attributes, [KeyValue::new("rows", "3"), KeyValue::new("span.kind", "client")]);
    let links: Vec<_> =
        span.links.iter().map(|link| (link.context.trace_id.0[15], link.context.span_id.0[7])).collect();
    assert_eq!(links, [(7, 8); 2]);
    assert_eq!([0, 1].map(|at| span.links[at].context.is_sampled()), [true, false]);
    assert_eq!((&*span.scope.name, &*span.scope.version), ("shop", "1.2"));
    assert_eq!(span.resource.get("service.name"), Some(&"till".into()));
}

#[test]
fn a_root_has_no_parent_and_a_duration_that_does_not_fit_ends_at_the_last_nanosecond() {
    let span = report(SpanRecord { begin_time_unix_ns: u64::MAX - 1, duration_ns: 2, ..SpanRecord::default() });
    assert_eq!((span.parent_span_id, span.end_time), (context::SpanId::INVALID, u64::MAX));
}

#[test]
fn a_kind_is_a_word_in_any_case_and_an_unknown_one_an_attribute() {
    let kinds = [
        ("internal", SpanKind::Internal),
        ("SERVER", SpanKind::Server),
        ("Client", SpanKind::Client),
        ("producer", SpanKind::Producer),
        ("consumer", SpanKind::Consumer),
    ];
    for (word, kind) in kinds {
        let span = with_properties(&[("span.kind", word)]);
        assert_eq!((span.kind, span.attributes.len()), (kind, 0));
    }
    let span = with_properties(&[("span.kind", "servant")]);
    assert_eq!((span.kind, span.attribute("span.kind")), (SpanKind::Internal, Some(&"servant".into())));
}

#[test]
fn a_status_has_a_code_and_an_error_a_description_wherever_it_stands() {
    let (code, text) = ("span.status_code", "span.status_description");
    for order in [[(code, "Error"), (text, "why")], [(text, "why"), (code, "Error")]] {
        let span = with_properties(&order);
        assert_eq!((span.status, span.attributes.len()), (Status::error("why"), 0));
    }
    assert_eq!(with_properties(&[(code, "error")]).status, Status::error(""));
    assert_eq!(with_properties(&[(code, "unset")]).status, Status::Unset);
    let span = with_properties(&[(code, "ok"), (text, "why")]);
    assert_eq!((span.status, span.attributes), (Status::Ok, vec![KeyValue::new(text, "why")]));
    let span = with_properties(&[(code, "fine")]);
    assert_eq!((span.status, span.attributes), (Status::Unset, vec![KeyValue::new(code, "fine")]));
    let span = with_properties(&[(text, "why")]);
    assert_eq!((span.status, span.attributes), (Status::Unset, vec![KeyValue::new(text, "why")]));
}

#[test]
fn a_parent_is_remote_if_a_property_says_so() {
    let is_remote = |word: &'static str| {
        let span = with_properties(&[("span.parent_span_is_remote", word)]);
        (span.parent_is_remote, span.attributes.len())
    };
    assert_eq!(["true", "FALSE", "perhaps"].map(is_remote), [(true, 0), (false, 0), (false, 1)]);
}

#[test]
fn a_property_that_is_set_twice_has_the_last_value() {
    let span = with_properties(&[("a", "1"), ("b", "2"), ("a", "3")]);
    assert_eq!(span.attributes, [KeyValue::new("a", "3"), KeyValue::new("b", "2")]);
}

#[test]
fn a_span_without_room_is_counted_as_any_other() {
    let intake = Arc::new(Intake::new(IntakeOptions { max_rows: 2, ..IntakeOptions::default() }, || {}));
    let mut reporter = reporter(Tracer::builder(Arc::new(ManualClock::default()), intake.clone()).build());
    reporter.report(vec![SpanRecord::default(); 3]);
    intake.close();
    reporter.report(vec![SpanRecord::default()]);
    let ledger = intake.ledger(Signal::Spans);
    assert_eq!((ledger.recorded, ledger.accepted), (4, 2));
    let dropped: Vec<_> = ledger.dropped().collect();
    assert_eq!(dropped, [(IntakeDropReason::QueueFull, 1), (IntakeDropReason::Shutdown, 1)]);
    assert!(ledger.is_balanced());
}
