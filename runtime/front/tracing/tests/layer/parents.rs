//! Parents, in this process and in others, and links.

use spangate_tracing::{
    SetParentError, SpanExt, core::attribute::KeyValue, core::context::SpanContext, core::context::TraceFlags,
    core::context::TraceId, ids_of,
};
use tracing::{Span, info, info_span, instrument};
use tracing_subscriber::{
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

use crate::stage::{named, remote, stage};

#[test]
fn parents_are_contextual_explicit_or_none_as_tracing_says() {
    let stage = stage();
    let spans = stage.run(|| {
        let elsewhere = info_span!(parent: None, "elsewhere");
        let outer = info_span!("outer").entered();
        drop(info_span!("contextual"));
        drop(info_span!(parent: &elsewhere, "explicit"));
        drop(info_span!(parent: None, "root"));
        drop(outer);
    });
    assert_eq!(stage.memory.tree(), "root\nouter\n  contextual\nelsewhere\n  explicit\n");
    let traces: std::collections::HashSet<_> = spans.iter().map(|span| span.context.trace_id).collect();
    assert_eq!(traces.len(), 3);
}

#[test]
fn a_parent_of_another_process_is_set_after_the_span_was_made() {
    let stage = stage();
    let spans = stage.run(|| {
        let span = info_span!("server", field = 1);
        assert_eq!(span.set_parent(remote(TraceFlags::SAMPLED)), Ok(()));
        span.in_scope(|| drop(info_span!("inner")));
        assert_eq!(span.set_parent(remote(TraceFlags::NONE)), Err(SetParentError::AlreadyStarted));
    });
    let (server, inner) = (named(&spans, "server"), named(&spans, "inner"));
    assert_eq!((server.context.trace_id, server.parent_span_id), (TraceId([7; 16]), remote(TraceFlags::NONE).span_id));
    assert!(server.parent_is_remote && inner.is_child_of(server) && !inner.parent_is_remote);
    assert_eq!(server.attribute("field"), Some(&1i64.into()));
}

#[instrument]
fn handle(parent: SpanContext) -> Result<(), SetParentError> {
    Span::current().set_parent(parent)?;
    info_span!("inner").in_scope(|| info!("inside"));
    Ok(())
}

#[test]
fn a_function_may_set_the_parent_of_the_span_it_runs_in_as_its_first_act() {
    let stage = stage();
    let spans = stage.run(|| assert_eq!(handle(remote(TraceFlags::SAMPLED)), Ok(())));
    assert_eq!(named(&spans, "handle").context.trace_id, TraceId([7; 16]));
    assert!(named(&spans, "inner").is_child_of(named(&spans, "handle")));
}

#[test]
fn whatever_makes_a_trace_known_fixes_the_parent() {
    let stage = stage();
    let parent = remote(TraceFlags::SAMPLED);
    stage.run(|| {
        let set = |span: &Span| span.set_parent(parent.clone());
        let fixed = Err(SetParentError::AlreadyStarted);
        let looked_at = info_span!("looked at");
        looked_at.context();
        assert_eq!(set(&looked_at), fixed);
        let with_child = info_span!("with child");
        drop(info_span!(parent: &with_child, "child"));
        assert_eq!(set(&with_child), fixed);
        let with_event = info_span!("with event");
        info!(parent: &with_event, "event");
        assert_eq!(set(&with_event), fixed);
        let followed = info_span!("followed");
        info_span!("follower").follows_from(&followed);
        assert_eq!(set(&followed), fixed);
        let left = info_span!("left");
        left.in_scope(|| ());
        assert_eq!(set(&left), fixed);
        let outer = info_span!("outer").entered();
        let inner = info_span!("inner");
        assert_eq!(set(&inner), Ok(()), "a parent in this process can be replaced, too");
        let entered = info_span!("entered").entered();
        assert_eq!(set(&entered), fixed);
        drop((inner, entered, outer));
    });
    let spans = stage.memory.finished_spans();
    assert_eq!(named(&spans, "inner").context.trace_id, parent.trace_id);
    assert!(named(&spans, "entered").is_child_of(named(&spans, "outer")));
}

#[test]
fn a_context_that_is_not_valid_changes_nothing_and_nobody_home_is_told() {
    let stage = stage();
    let nobody = info_span!("nobody");
    assert_eq!(nobody.set_parent(remote(TraceFlags::SAMPLED)), Err(SetParentError::Disabled));
    assert!(!nobody.context().is_valid());
    tracing::subscriber::with_default(tracing_subscriber::registry(), || {
        let other = info_span!("other");
        assert_eq!(other.set_parent(remote(TraceFlags::SAMPLED)), Err(SetParentError::NoLayer));
        other.set_attribute("a", 1i64);
        other.add_link(remote(TraceFlags::SAMPLED));
        assert!(!other.context().is_valid());
    });
    let spans = stage.run(|| {
        let span = info_span!("root");
        assert_eq!(span.set_parent(SpanContext::default()), Ok(()));
        span.context();
        assert_eq!(span.set_parent(SpanContext::default()), Ok(()));
        span.add_link(SpanContext::default());
    });
    let root = named(&spans, "root");
    assert!(root.is_root() && root.links.is_empty());
}

#[test]
fn what_a_span_follows_from_is_a_link() {
    let stage = stage();
    let spans = stage.run(|| {
        let producer = info_span!("producer");
        let consumer = info_span!("consumer");
        consumer.follows_from(&producer);
        drop(producer);
        consumer.add_link(remote(TraceFlags::SAMPLED));
        consumer.context();
        consumer.add_link_with_attributes(remote(TraceFlags::NONE), vec![KeyValue::new("why", "retry")]);
        consumer.follows_from(&consumer);
        consumer.follows_from(tracing::Id::from_u64(1 << 40));
    });
    let (producer, consumer) = (named(&spans, "producer"), named(&spans, "consumer"));
    let [first, second, third, own] = consumer.links.as_slice() else { panic!("{consumer:?}") };
    assert_eq!(first.context, producer.context);
    assert_eq!((&second.context, &third.context), (&remote(TraceFlags::SAMPLED), &remote(TraceFlags::NONE)));
    assert_eq!((third.attribute("why"), &own.context), (Some(&"retry".into()), &consumer.context));
    assert!(!first.context.is_remote && second.context.is_remote);
}

/// Looks at the ids of the current span before the layer has seen the event.
struct Peek(std::sync::Arc<std::sync::Mutex<Vec<Option<String>>>>);

impl<S: tracing::Subscriber + for<'lookup> LookupSpan<'lookup>> tracing_subscriber::Layer<S> for Peek {
    fn on_event(&self, event: &tracing::Event<'_>, ctx: Context<'_, S>) {
        let ids =
            ctx.event_span(event).map(|span| ids_of(&span).map(|(trace_id, span_id)| format!("{trace_id}-{span_id}")));
        self.0.lock().expect("ids").push(ids.flatten());
    }
}

#[test]
fn another_layer_sees_the_ids_under_which_a_span_is_exported() {
    let stage = stage();
    let seen = Peek(std::sync::Arc::default());
    let ids = seen.0.clone();
    let subscriber = tracing_subscriber::registry().with(seen).with(stage.layer());
    tracing::subscriber::with_default(subscriber, || {
        info!("outside");
        let _root = info_span!("root").entered();
        info!("before anything else made it start");
        let _inner = info_span!("inner").entered();
        info!("inside");
    });
    let spans = stage.memory.finished_spans();
    let of =
        |name: &str| Some(format!("{}-{}", named(&spans, name).context.trace_id, named(&spans, name).context.span_id));
    assert_eq!(*ids.lock().expect("ids"), [None, of("root"), of("inner")]);
}
