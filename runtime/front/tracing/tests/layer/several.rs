//! Other layers, filters, and more than one layer of this kind.

use spangate_tracing::{SetParentError, SpanExt, core::context::TraceFlags, core::span::Status, ids_of};
use tracing::{Level, debug_span, error, info, info_span, trace, warn};
use tracing_subscriber::{
    Layer, Registry,
    filter::{FilterExt, LevelFilter, Targets, filter_fn},
    layer::SubscriberExt,
};

use crate::stage::{named, remote, stage};

/// A layer that does nothing and wants everything.
struct Bystander;

impl<S: tracing::Subscriber> Layer<S> for Bystander {}

#[test]
fn a_filter_of_the_layer_leaves_out_spans_and_events_and_joins_what_is_left() {
    let stage = stage();
    let layer = stage.layer();
    let counts = layer.counts();
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(LevelFilter::INFO)).with(Bystander);
    tracing::subscriber::with_default(subscriber, || {
        let outer = info_span!("outer").entered();
        let hidden = debug_span!("hidden").entered();
        assert_eq!(hidden.set_parent(remote(TraceFlags::SAMPLED)), Err(SetParentError::NoLayer));
        assert!(!hidden.context().is_valid());
        trace!("too detailed");
        warn!("goes to the outer span");
        info_span!("inner").in_scope(|| trace!("too detailed"));
        drop((hidden, outer));
    });
    let spans = stage.memory.finished_spans();
    assert_eq!(stage.memory.tree(), "outer\n  inner\n");
    let outer = named(&spans, "outer");
    assert_eq!((outer.events.len(), outer.events[0].name.as_str()), (1, "goes to the outer span"));
    assert_eq!(counts.events_outside_spans(), 0);
}

#[test]
fn a_filter_of_the_subscriber_and_composed_ones_work_too() {
    let stage = stage();
    let targets = Targets::new().with_target("shop", Level::DEBUG).with_default(LevelFilter::OFF);
    let composed = targets.and(filter_fn(|metadata| metadata.name() != "secret"));
    let subscriber =
        Registry::default().with(LevelFilter::DEBUG).with(Some(stage.layer().with_filter(composed).boxed()));
    tracing::subscriber::with_default(subscriber, || {
        let _other = tracing::info_span!(target: "other", "other").entered();
        let _secret = tracing::info_span!(target: "shop", "secret").entered();
        let shown = tracing::debug_span!(target: "shop", "shown");
        assert_eq!(shown.set_parent(remote(TraceFlags::SAMPLED)), Ok(()), "reached through box, option and filter");
        shown.in_scope(|| drop(tracing::trace_span!(target: "shop", "too detailed")));
    });
    let spans = stage.memory.finished_spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(named(&spans, "shown").context.trace_id, remote(TraceFlags::NONE).trace_id);
}

#[test]
fn two_layers_in_one_subscriber_record_for_themselves() {
    let (first, second) = (stage(), stage());
    let subscriber = tracing_subscriber::registry()
        .with(first.layer().with_error_events_to_status(false))
        .with(Bystander)
        .with(second.layer().with_filter(filter_fn(|metadata| metadata.name() != "first only")));
    tracing::subscriber::with_default(subscriber, || {
        let root = info_span!("root");
        root.set_parent(remote(TraceFlags::SAMPLED)).expect("in time");
        root.set_attribute("a", 1i64);
        let _root = root.entered();
        let _middle = info_span!("first only").entered();
        let inner = info_span!("inner").entered();
        inner.context();
        inner.add_link(remote(TraceFlags::SAMPLED));
        error!("failed");
    });
    assert_eq!(first.memory.tree(), "root\n  first only\n    inner\n");
    assert_eq!(second.memory.tree(), "root\n  inner (error: failed)\n");
    for spans in [first.memory.finished_spans(), second.memory.finished_spans()] {
        let (root, inner) = (named(&spans, "root"), named(&spans, "inner"));
        assert_eq!(
            (root.context.trace_id, root.attribute("a")),
            (remote(TraceFlags::NONE).trace_id, Some(&1i64.into()))
        );
        assert_eq!(inner.links.len(), 1);
        assert_eq!((&root.status, inner.events.len()), (&Status::Unset, 1));
    }
    let ids = |stage: &crate::stage::Stage| named(&stage.memory.finished_spans(), "root").context.span_id;
    assert_ne!(ids(&first), ids(&second));
}

#[test]
fn a_parent_that_one_layer_can_no_longer_take_is_given_to_none() {
    let (first, second) = (stage(), stage());
    let subscriber = tracing_subscriber::registry().with(first.layer()).with(second.layer());
    tracing::subscriber::with_default(subscriber, || {
        let span = info_span!("asked early");
        assert!(span.context().is_valid(), "which starts the span of the outermost layer alone");
        assert_eq!(span.set_parent(remote(TraceFlags::SAMPLED)), Err(SetParentError::AlreadyStarted));
    });
    for stage in [first, second] {
        let spans = stage.memory.finished_spans();
        assert!(named(&spans, "asked early").is_root());
    }
}

#[test]
fn a_layer_can_be_combined_with_others_before_it_gets_a_subscriber() {
    let stage = stage();
    let subscriber = Registry::default().with(stage.layer().and_then(Bystander));
    tracing::subscriber::with_default(subscriber, || {
        let span = info_span!("combined");
        span.set_parent(remote(TraceFlags::SAMPLED)).expect("in time");
        span.in_scope(|| info!("inside"));
    });
    let spans = stage.memory.finished_spans();
    assert_eq!(named(&spans, "combined").context.trace_id, remote(TraceFlags::NONE).trace_id);
}

#[test]
fn a_span_that_no_layer_records_has_no_ids() {
    struct Ask(std::sync::mpsc::SyncSender<bool>);
    impl<S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>> Layer<S> for Ask {
        fn on_enter(&self, id: &tracing::Id, ctx: tracing_subscriber::layer::Context<'_, S>) {
            let ids = ctx.span(id).and_then(|span| ids_of(&span));
            self.0.send(ids.is_some()).expect("somebody listens");
        }
    }
    let (sender, receiver) = std::sync::mpsc::sync_channel(2);
    let stage = stage();
    let layer = stage.layer().with_filter(filter_fn(|metadata| metadata.name() != "hidden"));
    tracing::subscriber::with_default(Registry::default().with(layer).with(Ask(sender)), || {
        drop(info_span!("hidden").entered());
        drop(info_span!("shown").entered());
    });
    assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [false, true]);
}
