//! Fields of spans.

use std::fmt;

use spangate_tracing::{
    SpanExt,
    core::{
        attribute::Value,
        span::{SpanKind, Status},
    },
};
use tracing::{
    Level,
    field::{self, Empty},
    info, info_span, span,
};

use crate::stage::{fields, named, stage};

#[derive(Debug)]
struct Outer(fmt::Error);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outer")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn every_type_of_field_becomes_the_value_that_is_nearest_to_it() {
    let stage = stage();
    let error: &(dyn std::error::Error + 'static) = &Outer(fmt::Error);
    let bytes: &[u8] = &[0, 255];
    let spans = stage.run(|| {
        info_span!(
            "all",
            flag = true,
            int = -1i64,
            small = 7u8,
            unsigned = u64::MAX,
            wide = 5i128,
            wider = u128::MAX,
            double = 0.5,
            text = "a",
            owned = String::from("b"),
            bytes,
            debug = ?Some(1),
            display = %Outer(fmt::Error),
            failure = error,
            r#type = "keyword",
            a.b = 1,
            empty = Empty,
        );
    });
    let expected = [
        ("flag", Value::Bool(true)),
        ("int", Value::Int(-1)),
        ("small", Value::Int(7)),
        ("unsigned", Value::from("18446744073709551615")),
        ("wide", Value::Int(5)),
        ("wider", Value::from("340282366920938463463374607431768211455")),
        ("double", Value::Double(0.5)),
        ("text", Value::from("a")),
        ("owned", Value::from("b")),
        ("bytes", Value::Bytes(vec![0, 255])),
        ("debug", Value::from("Some(1)")),
        ("display", Value::from("outer")),
        ("failure", Value::from("outer")),
        ("failure.chain", Value::Array(vec![fmt::Error.to_string().into()])),
        ("type", Value::from("keyword")),
        ("a.b", Value::Int(1)),
    ];
    assert_eq!(fields(named(&spans, "all")), expected);
}

#[test]
fn a_field_that_is_recorded_late_is_there_and_replaces_an_earlier_value() {
    let stage = stage();
    let spans = stage.run(|| {
        let pending = info_span!("pending", order = Empty, paid = false);
        pending.record("order", 7).record("paid", true);
        let started = info_span!("started", order = Empty, unknown_to_tracing = 1).entered();
        started.context();
        started.record("order", "late").record("not declared", 1);
        started.set_attribute("never declared", 2i64);
    });
    let pending = named(&spans, "pending");
    assert_eq!((pending.attribute("order"), pending.attribute("paid")), (Some(&7i64.into()), Some(&true.into())));
    let started = named(&spans, "started");
    let expected = [("unknown_to_tracing", 1i64.into()), ("order", "late".into()), ("never declared", 2i64.into())];
    assert_eq!(fields(started), expected);
}

#[test]
fn special_fields_set_name_kind_and_status() {
    let stage = stage();
    let spans = stage.run(|| {
        info_span!("plain", otel.name = "GET /orders", otel.kind = "server", otel.status_code = "OK");
        info_span!("b", otel.name = %"displayed", otel.kind = ?SpanKind::Client, otel.status_description = "down");
        let late =
            info_span!("c", otel.name = Empty, otel.status_code = Empty, otel.status_description = Empty).entered();
        late.context();
        late.record("otel.name", "late").record("otel.status_description", "why").record("otel.status_code", "ERROR");
        info_span!("described after", otel.status_code = "error", otel.status_description = "reason");
        info_span!("ok is final", otel.status_code = "ok", otel.status_description = "ignored");
        info_span!("unset", otel.status_code = "unset");
    });
    let plain = named(&spans, "GET /orders");
    assert_eq!((plain.kind, plain.status.clone()), (SpanKind::Server, Status::Ok));
    let displayed = named(&spans, "displayed");
    assert_eq!((displayed.kind, displayed.status.clone()), (SpanKind::Client, Status::error("down")));
    assert_eq!(named(&spans, "late").status, Status::error("why"));
    assert_eq!(named(&spans, "described after").status, Status::error("reason"));
    assert_eq!(named(&spans, "ok is final").status, Status::Ok);
    assert_eq!(named(&spans, "unset").status, Status::Unset);
    assert!(spans.iter().all(|span| fields(span).is_empty()), "{spans:?}");
}

#[test]
fn a_special_field_of_the_wrong_type_or_with_an_unknown_word_is_an_ordinary_attribute() {
    let stage = stage();
    let spans = stage.run(|| {
        info_span!("a", otel.name = 5, otel.kind = "bananas", otel.status_code = 2, otel.status_description = true);
        info_span!("b", otel.name = "", otel.other = "mine", otel.status_code = "WARN");
        let started = info_span!("c", otel.kind = Empty).entered();
        started.context();
        started.record("otel.kind", "server");
    });
    let a = named(&spans, "a");
    let expected = [
        ("otel.name", Value::Int(5)),
        ("otel.kind", Value::from("bananas")),
        ("otel.status_code", Value::Int(2)),
        ("otel.status_description", Value::Bool(true)),
    ];
    assert_eq!((fields(a), a.kind, a.status.clone()), (expected.to_vec(), SpanKind::Internal, Status::Unset));
    let expected = [("otel.name", "".into()), ("otel.other", "mine".into()), ("otel.status_code", "WARN".into())];
    assert_eq!(fields(named(&spans, "b")), expected);
    // A kind cannot change once the sampler has seen it.
    let c = named(&spans, "c");
    assert_eq!((fields(c), c.kind), (vec![("otel.kind", "server".into())], SpanKind::Internal));
}

#[test]
fn the_options_add_what_they_say_and_nothing_is_added_without_them() {
    let stage = stage();
    let layer = || stage.layer().with_target(false);
    stage.run_with(layer(), || drop(span!(target: "shop::till", Level::WARN, "bare")));
    let line = line!() + 2;
    let everything = layer().with_level(true).with_target(true).with_location(true).with_threads(true);
    stage.run_with(everything, || drop(span!(target: "shop::till", Level::WARN, "all")));
    let spans = stage.memory.finished_spans();
    assert_eq!(named(&spans, "bare").attributes, []);
    let all = named(&spans, "all");
    assert_eq!(all.attribute("target"), Some(&"shop::till".into()));
    assert_eq!(all.attribute("level"), Some(&"WARN".into()));
    assert_eq!(all.attribute("code.file.path"), Some(&file!().into()));
    assert_eq!(all.attribute("code.line.number"), Some(&line.into()));
    let thread = std::thread::current();
    assert_eq!(all.attribute("thread.name"), thread.name().map(|name| Value::from(name.to_owned())).as_ref());
    let Some(Value::Int(id)) = all.attribute("thread.id") else { panic!("{all:?}") };
    assert_eq!(format!("ThreadId({id})"), format!("{:?}", thread.id()));
}

#[test]
fn busy_is_the_time_inside_of_a_span_and_idle_the_time_outside() {
    let stage = stage();
    let nanos = std::time::Duration::from_nanos;
    stage.run_with(stage.layer().with_tracked_inactivity(true), || {
        let span = info_span!("tracked");
        stage.clock.advance(nanos(1));
        span.in_scope(|| stage.clock.advance(nanos(10)));
        stage.clock.advance(nanos(100));
        span.in_scope(|| stage.clock.advance(nanos(1_000)));
        stage.clock.advance(nanos(10_000));
    });
    let spans = stage.memory.finished_spans();
    let tracked = named(&spans, "tracked");
    assert_eq!(fields(tracked), [("busy_ns", Value::Int(1_010)), ("idle_ns", Value::Int(10_101))]);
    assert_eq!((tracked.start_time, tracked.duration()), (1_000, nanos(11_111)));
}

/// Writes something and fails.
struct Broken;

impl std::fmt::Debug for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("half")?;
        Err(std::fmt::Error)
    }
}

#[test]
fn a_field_that_cannot_be_formatted_has_what_it_wrote_and_panics_nowhere() {
    let spans = stage().run(|| {
        let span = info_span!("work", early = ?Broken, whole = ?"text", late = field::Empty).entered();
        span.record("late", field::debug(Broken));
        info!(inside = ?Broken, "event");
    });
    let expected = [("early", "half".into()), ("whole", "\"text\"".into()), ("late", "half".into())];
    assert_eq!(fields(&spans[0]), expected);
    let inside = spans[0].events[0].attributes.iter().find(|attribute| attribute.key == "inside");
    assert_eq!(inside.map(|attribute| &attribute.value), Some(&"half".into()));
}
