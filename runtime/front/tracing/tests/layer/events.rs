//! Events inside of spans, and outside.

use spangate_tracing::{
    SpanExt,
    core::{
        attribute::{KeyValue, Value},
        span::Status,
    },
};
use tracing::{Level, debug, error, event, info, info_span, instrument};

use crate::stage::{named, stage};

#[test]
fn an_event_is_in_its_span_with_name_level_target_and_fields_at_its_time() {
    let stage = stage();
    let spans = stage.run(|| {
        let span = info_span!("outer");
        span.in_scope(|| {
            stage.clock.advance(std::time::Duration::from_nanos(5));
            info!(target: "shop", order = 7, "order {} placed", 7);
            event!(name: "order.paid", Level::DEBUG, amount = 0.5, "with a message");
            debug!(lonely = true);
        });
        info!(parent: &span, "by parent");
    });
    let outer = named(&spans, "outer");
    let placed = outer.event("order 7 placed").expect("named by its message");
    assert_eq!(placed.time, 1_005);
    let expected = [KeyValue::new("level", "INFO"), KeyValue::new("target", "shop"), KeyValue::new("order", 7i64)];
    assert_eq!(placed.attributes, expected);
    let paid = outer.event("order.paid").expect("named by its name");
    assert_eq!(paid.attribute("message"), Some(&"with a message".into()));
    assert_eq!(paid.attribute("level"), Some(&"DEBUG".into()));
    assert!(outer.event("by parent").is_some());
    // Without a name and a message it is called as `tracing` calls it.
    let lonely = outer.events.iter().find(|event| event.attribute("lonely").is_some()).expect("it is there");
    assert!(lonely.name.starts_with("event ") && lonely.name.contains("events.rs"), "{}", lonely.name);
    assert_eq!(outer.status, Status::Unset);
}

#[instrument(err)]
fn fail() -> Result<(), std::fmt::Error> {
    Err(std::fmt::Error)
}

#[test]
fn an_error_event_is_the_status_of_its_span_and_an_exception_if_it_has_no_message() {
    let stage = stage();
    let text = std::fmt::Error.to_string();
    let error: &(dyn std::error::Error + 'static) = &std::fmt::Error;
    let spans = stage.run(|| {
        info_span!("message").in_scope(|| error!("card declined"));
        info_span!("both").in_scope(|| error!(error, "card declined"));
        info_span!("other name").in_scope(|| error!(cause = error));
        info_span!("no text").in_scope(|| error!(error = true));
        info_span!("last wins").in_scope(|| {
            error!("first");
            error!("second");
        });
        info_span!("said ok", otel.status_code = "OK").in_scope(|| error!("too late"));
        info_span!("warned").in_scope(|| tracing::warn!(error, "not that bad"));
        let _ = fail();
    });
    assert_eq!(named(&spans, "message").status, Status::error("card declined"));
    let both = named(&spans, "both");
    assert_eq!(both.status, Status::error(text.clone()));
    let event = both.event("card declined").expect("named by its message");
    assert_eq!(event.attribute("exception.message"), Some(&text.clone().into()));
    assert_eq!(named(&spans, "other name").status, Status::error(text.clone()));
    let no_text = named(&spans, "no text");
    assert_eq!((no_text.status.clone(), no_text.events[0].attribute("error")), (Status::error(""), Some(&true.into())));
    assert_eq!(named(&spans, "last wins").status, Status::error("second"));
    assert_eq!(named(&spans, "said ok").status, Status::Ok);
    assert_eq!(named(&spans, "warned").status, Status::Unset);
    let failed = named(&spans, "fail");
    assert_eq!(failed.status, Status::error(text.clone()));
    let exception = failed.event("exception").expect("named by what it is");
    assert_eq!(exception.attribute("exception.message"), Some(&text.into()));
    assert_eq!(exception.attribute("error"), None);
}

#[test]
fn status_and_exceptions_can_be_left_alone() {
    let stage = stage();
    let layer = stage.layer().with_error_events_to_status(false).with_error_events_to_exceptions(false);
    let spans = stage.run_with(layer.with_location(true), || _ = fail());
    let failed = named(&spans, "fail");
    assert_eq!((failed.status.clone(), failed.event("exception").is_none()), (Status::Unset, true));
    let event = &failed.events[0];
    assert_eq!(event.attribute("error"), Some(&std::fmt::Error.to_string().into()));
    assert_eq!(event.attribute("code.file.path"), Some(&file!().into()));
    assert!(matches!(event.attribute("code.line.number"), Some(Value::Int(1..))));
}

#[test]
fn an_event_outside_of_any_span_is_counted_and_left_to_others() {
    let stage = stage();
    let layer = stage.layer();
    let counts = layer.counts();
    stage.run_with(layer, || {
        info!("nowhere");
        info_span!("somewhere").in_scope(|| {
            info!("here");
            info!(parent: None, "explicitly nowhere");
        });
        info!(parent: tracing::Span::none(), "of nobody");
    });
    let spans = stage.memory.finished_spans();
    assert_eq!(named(&spans, "somewhere").events.len(), 1);
    assert_eq!((counts.events_outside_spans(), spans.len()), (3, 1));
}

#[test]
fn events_and_status_can_be_set_by_hand() {
    let stage = stage();
    let spans = stage.run(|| {
        let span = info_span!("outer");
        span.set_status(Status::error("by hand"));
        span.add_event("made", vec![KeyValue::new("n", 1i64)]);
        span.set_attribute("otel.name", "means nothing special here");
    });
    let outer = named(&spans, "outer");
    assert_eq!(outer.status, Status::error("by hand"));
    assert_eq!(outer.event("made").and_then(|event| event.attribute("n")), Some(&1i64.into()));
    assert_eq!(outer.attribute("otel.name"), Some(&"means nothing special here".into()));
}

#[test]
fn an_event_of_crate_log_has_the_place_it_came_from() {
    let stage = stage();
    let log = || {
        let _span = info_span!("outer").entered();
        // As `tracing-log` passes on what `log` says.
        event!(
            name: "log event",
            target: "log",
            Level::WARN,
            log.target = "dependency",
            log.module_path = "dependency::inner",
            log.file = "inner.rs",
            log.line = 3u32,
            "connection lost"
        );
    };
    stage.run(log);
    stage.run_with(stage.layer().with_location(true), log);
    let spans = stage.memory.finished_spans();
    let event = &spans[0].events[0];
    assert_eq!(event.name, "connection lost");
    assert_eq!(event.attributes, [KeyValue::new("level", "WARN"), KeyValue::new("target", "dependency")]);
    let located = &spans[1].events[0];
    assert_eq!(located.attribute("code.file.path"), Some(&"inner.rs".into()));
    assert_eq!(located.attribute("code.line.number"), Some(&3i64.into()));
}
