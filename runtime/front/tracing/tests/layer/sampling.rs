//! Who decides, when, and what spans cost that nobody wants.

use std::sync::atomic::Ordering;

use spangate_tracing::{
    SpanExt,
    core::{
        context::TraceFlags,
        sampler::{AlwaysOff, AlwaysOn, ParentBased, Sampler, SamplingDecision, SamplingParameters, TraceIdRatio},
    },
};
use tracing::{info, info_span};

use crate::stage::{EverySecond, Untouchable, disabled_stage, named, remote, stage, stage_with};

#[test]
fn a_caller_that_is_set_late_decides_either_way() {
    let stage = stage_with(ParentBased::new(TraceIdRatio::new(0.0)));
    let spans = stage.run(|| {
        let wanted = info_span!("wanted", order = 7);
        wanted.set_parent(remote(TraceFlags::SAMPLED)).expect("in time");
        wanted.in_scope(|| drop(info_span!("below")));
        let unwanted = info_span!("unwanted");
        unwanted.set_parent(remote(TraceFlags::NONE)).expect("in time");
        drop(info_span!("root"));
    });
    assert_eq!(named(&spans, "wanted").attribute("order"), Some(&7i64.into()));
    assert_eq!((spans.len(), stage.memory.sampled_out()), (2, 2));

    let stage = stage_with(ParentBased::new(AlwaysOn));
    let spans = stage.run(|| {
        let unwanted = info_span!("unwanted");
        unwanted.set_parent(remote(TraceFlags::NONE)).expect("in time");
        unwanted.in_scope(|| drop(info_span!("below")));
        assert!(!unwanted.context().is_sampled());
        assert_eq!(unwanted.context().trace_id, remote(TraceFlags::NONE).trace_id);
    });
    assert_eq!((spans.len(), stage.memory.sampled_out()), (0, 2));
}

#[test]
fn the_sampler_is_asked_once_per_trace_and_sees_fields_name_and_kind() {
    struct Orders;
    impl Sampler for Orders {
        fn should_sample(&self, parameters: &SamplingParameters<'_>) -> SamplingDecision {
            let is_order = parameters.attributes.get("order").is_some();
            SamplingDecision::from_sampled(is_order && parameters.name == "named")
        }
    }
    let stage = stage_with(Orders);
    stage.run(|| {
        drop(info_span!("a", otel.name = "named", order = 1));
        drop(info_span!("named"));
        let late = info_span!("named", order = tracing::field::Empty);
        late.record("order", 1);
    });
    assert_eq!((stage.memory.finished_spans().len(), stage.memory.sampled_out()), (2, 1));

    let sampler = EverySecond::default();
    let asked = sampler.0.clone();
    let stage = stage_with(sampler);
    stage.run(|| {
        for _ in 0..4 {
            let root = info_span!("root").entered();
            info!("event");
            drop(info_span!("child"));
            drop(root);
        }
    });
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    assert_eq!((stage.memory.finished_spans().len(), stage.memory.sampled_out()), (4, 4));
}

#[test]
fn nothing_is_formatted_below_a_span_that_is_not_sampled() {
    let stage = stage_with(AlwaysOff);
    stage.run(|| {
        let root = info_span!("root", late = tracing::field::Empty).entered();
        // The root's own event decides first, and is then not looked at.
        info!(field = ?Untouchable, "event");
        root.record("late", tracing::field::debug(Untouchable));
        let child = info_span!("child", field = ?Untouchable, late = tracing::field::Empty);
        child.record("late", tracing::field::debug(Untouchable));
        child.in_scope(|| info!(field = ?Untouchable, "event"));
        drop(info_span!(parent: &child, "grandchild", field = ?Untouchable));
    });
    assert_eq!((stage.memory.finished_spans().len(), stage.memory.sampled_out()), (0, 3));
}

#[test]
fn fields_that_were_not_looked_at_are_counted_if_the_span_is_sampled_after_all() {
    let stage = stage_with(ParentBased::new(AlwaysOff));
    let spans = stage.run(|| {
        let _listener = info_span!("listener").entered();
        let request = info_span!("request", a = 1, b = 2, c = tracing::field::Empty);
        request.record("c", 3);
        request.set_attribute("d", 4i64);
        request.set_parent(remote(TraceFlags::SAMPLED)).expect("in time");
        request.record("c", 5);
    });
    let request = named(&spans, "request");
    assert_eq!((request.attribute("c"), request.attributes.len()), (Some(&5i64.into()), 1));
    // `a`, `b`, `c` and `d`; that `c` was declared without a value is none.
    assert_eq!(request.dropped_attributes, 4);
}

#[test]
fn a_span_that_nobody_uses_is_recorded_all_the_same() {
    let stage = stage();
    let spans = stage.run(|| drop(info_span!("unused")));
    assert!(named(&spans, "unused").is_root());
    assert_eq!(stage.tracer.live_spans(), 0);
}

#[test]
fn a_disabled_tracer_costs_no_formatting_and_passes_on_what_the_caller_decided() {
    let stage = disabled_stage();
    stage.run(|| {
        let server = info_span!("server", field = ?Untouchable);
        server.set_parent(remote(TraceFlags::SAMPLED)).expect("in time");
        server.in_scope(|| {
            info!(field = ?Untouchable, "event");
            let client = info_span!("client", field = ?Untouchable).entered();
            assert_eq!(client.context(), remote(TraceFlags::SAMPLED), "the header goes out as it came in");
        });
        assert!(!info_span!(parent: None, "root").context().is_valid());
    });
    assert_eq!((stage.memory.finished_spans().len(), stage.memory.sampled_out()), (0, 0));
}
