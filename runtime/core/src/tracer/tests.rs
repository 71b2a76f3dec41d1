//! Spans as a processor sees them.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::{
    attribute::{KeyValue, Value},
    clock::{Clock, ManualClock},
    context::{SpanContext, SpanId, TraceFlags, TraceId, TraceState},
    event::{EventData, Severity},
    limits::SpanLimits,
    processor::SpanProcessor,
    sampler::{AlwaysOff, AlwaysOn, Sampler, SamplingDecision, SamplingParameters},
    scope::{InstrumentationScope, Origin},
    span::{SpanData, SpanKind, Status},
};

/// Writes down what it is told, one line each.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn say(&self, line: String) {
        self.0.lock().expect("notes").push(line);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("notes"))
    }
}

impl SpanProcessor for Notes {
    fn on_sampled_out(&self) {
        self.say("sampled_out".into());
    }

    fn on_live_span_cap(&self) {
        self.say("live_span_cap".into());
    }

    fn on_start(&self, span: &SpanData, _: &Arc<Origin>) {
        self.say(format!("start {} {}", span.name, span.attributes.len()));
    }

    fn on_end(&self, span: &SpanData, origin: &Arc<Origin>) {
        let events: Vec<_> = span.events.iter().map(|(event, _)| (&*event.name, event.unix_nanos)).collect();
        let (name, scope) = (&span.name, &origin.scope.name);
        let attributes = span.attributes.len();
        self.say(format!("end {scope}/{name} {}..{} {attributes} {events:?}", span.start_time, span.end_time));
    }

    fn on_event(&self, event: &EventData, _: &Arc<Origin>) {
        let attributes = event.attributes.len();
        self.say(format!("event {} {:?} {:?} {attributes} {}", event.name, event.severity, event.body, event.time));
    }
}

fn tracer(change: impl FnOnce(TracerBuilder) -> TracerBuilder) -> (Arc<Notes>, Arc<ManualClock>, Tracer) {
    let (notes, clock) = (Arc::<Notes>::default(), Arc::new(ManualClock::at_unix_nanos(1_000)));
    let tracer = change(Tracer::builder(clock.clone(), notes.clone())).build();
    (notes, clock, tracer)
}

/// A processor whose clock is behind that of the one before, at every look.
#[derive(Default)]
struct Backwards(AtomicU64);

impl Clock for Backwards {
    fn unix_nanos(&self) -> u64 {
        1_000
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(u64::MAX / 2 - self.0.fetch_add(1_000, Ordering::SeqCst))
    }
}

#[test]
fn k4_clocks_that_run_backwards_between_processors_make_spans_of_no_length() {
    let notes = Arc::<Notes>::default();
    let tracer = Tracer::builder(Arc::new(Backwards::default()), notes.clone()).build();
    let mut span = tracer.span("now").start();
    span.add_event("tick", []);
    span.end();
    let mut earlier = tracer.span("told").start_time(500).start();
    earlier.end_at(400);
    let notes: Vec<_> = notes.take().into_iter().filter(|note| note.starts_with("end")).collect();
    assert_eq!(notes, ["end /now 1000..1000 0 [(\"tick\", 1000)]", "end /told 500..500 0 []"]);
}

fn remote(trace_flags: TraceFlags) -> SpanContext {
    let trace_state = TraceState::from_headers(["a=1"]).expect("valid");
    SpanContext { trace_id: TraceId([7; 16]), span_id: SpanId([8; 8]), trace_flags, is_remote: true, trace_state }
}

#[test]
fn a_span_runs_on_monotonic_time_from_its_start_whatever_happens_to_the_time_of_day() {
    let (notes, clock, tracer) = tracer(|builder| builder);
    let mut now = tracer.span("now").start();
    let mut past = tracer.span("past").start_time(0).start();
    clock.advance(Duration::from_nanos(5));
    clock.set_unix_nanos(0);
    now.add_event("tick", []);
    now.add_event_at(3, "told", []);
    clock.advance(Duration::from_nanos(2));
    now.end();
    past.end();
    drop((now, past));
    let expected = [
        "start now 0",
        "start past 0",
        "end /now 1000..1007 0 [(\"tick\", 1005), (\"told\", 3)]",
        "end /past 0..7 0 []",
    ];
    assert_eq!(notes.take(), expected);
}

#[test]
fn a_span_ends_once_and_what_comes_later_is_counted_and_ignored() {
    let (notes, _, tracer) = tracer(|builder| builder);
    let mut span = tracer.span("a").start();
    span.end_at(1);
    assert!(!span.is_recording());
    span.end();
    span.end_at(9_000);
    span.set_attribute("late", 1i64);
    span.update_name("b");
    span.record_error(&std::fmt::Error);
    drop(span);
    // An end before the start is moved to the start.
    assert_eq!(notes.take(), ["start a 0", "end /a 1000..1000 0 []"]);
    assert_eq!((tracer.late_calls(), tracer.live_spans()), (5, 0));
}

#[test]
fn a_dropped_span_has_ended() {
    let (notes, clock, tracer) = tracer(|builder| builder.scope(InstrumentationScope::new("shop")));
    let span = tracer.span("a").attribute("early", true).start();
    clock.advance(Duration::from_nanos(1));
    assert_eq!(tracer.live_spans(), 1);
    drop(span);
    drop(tracer.with_scope(InstrumentationScope::new("till")).span("b").start());
    assert_eq!(notes.take(), ["start a 1", "end shop/a 1000..1001 1 []", "start b 0", "end till/b 1001..1001 0 []"]);
}

#[test]
fn children_inherit_trace_decision_and_trace_state_and_the_sampler_is_not_asked_again() {
    struct OnlyOnce(Mutex<bool>);
    impl Sampler for OnlyOnce {
        fn should_sample(&self, _: &SamplingParameters<'_>) -> SamplingDecision {
            SamplingDecision::from_sampled(!std::mem::replace(&mut *self.0.lock().expect("once"), true))
        }
    }
    let (_, _, tracer) = tracer(|builder| builder.sampler(OnlyOnce(Mutex::new(false))));
    let root = tracer.span("root").child_of_context(&remote(TraceFlags::NONE)).start();
    let child = tracer.span("child").child_of(&root).start();
    assert!(root.context().is_sampled() && child.context().is_sampled());
    assert_eq!(child.context().trace_id, TraceId([7; 16]));
    assert_eq!(child.context().trace_state.as_str(), "a=1");
    assert!(!child.context().is_remote);
    assert_ne!(child.context().span_id, root.context().span_id);

    let unsampled = tracer.span("second").start();
    let orphan = tracer.span("child").child_of(&unsampled).start();
    assert!(!unsampled.context().is_sampled() && !orphan.context().is_sampled());
    assert_eq!(orphan.context().trace_id, unsampled.context().trace_id);
}

#[test]
fn an_explicit_decision_overrides_parent_and_sampler_and_none_overrides_nothing() {
    let (notes, _, tracer) = tracer(|builder| builder.sampler(AlwaysOff));
    let forced = tracer.span("forced").sampled(Some(true)).start();
    assert!(tracer.span("child").child_of(&forced).sampled(None).start().is_recording());
    assert!(!tracer.span("not").child_of(&forced).sampled(Some(false)).attribute("a", 1i64).start().is_recording());
    assert!(!tracer.span("root").sampled(None).start().is_recording());
    drop(forced);
    assert_eq!(notes.take().iter().filter(|line| *line == "sampled_out").count(), 2);
}

#[test]
fn without_a_sampler_remote_parents_are_followed() {
    let (_, _, tracer) = tracer(|builder| builder);
    assert!(tracer.span("a").child_of_context(&remote(TraceFlags(9))).start().is_recording());
    let followed = tracer.span("b").child_of_context(&remote(TraceFlags(8))).start();
    assert!(!followed.is_recording());
    assert_eq!(followed.context().trace_id, TraceId([7; 16]));
    let root = tracer.span("c").child_of_context(&SpanContext::default()).start();
    assert!(root.context().is_valid() && root.is_recording());
}

#[test]
fn a_span_that_is_put_off_begins_when_it_was_put_off_and_obeys_the_parent_it_got_late() {
    let (notes, clock, tracer) = tracer(|builder| builder);
    let mut draft = tracer.span("a").attribute("early", true).defer();
    clock.advance(Duration::from_nanos(7));
    draft.set_attribute(&tracer, "late", 1i64);
    draft.update_name("b");
    draft.set_status(&tracer, Status::error("no"));
    assert_eq!(draft.status(), &Status::error("no"));
    assert!(!draft.set_parent(&SpanContext::default()));
    assert!(draft.set_parent(&remote(TraceFlags::SAMPLED)));
    let span = draft.start(&tracer);
    assert_eq!((span.context().trace_id, span.status()), (TraceId([7; 16]), Some(&Status::error("no"))));
    clock.advance(Duration::from_nanos(1));
    drop(span);
    assert_eq!(notes.take(), ["start b 2", "end /b 1000..1008 2 []"]);

    let mut draft = tracer.span("c").attribute("early", true).defer();
    assert!(draft.set_parent(&remote(TraceFlags::NONE)));
    assert!(!draft.start(&tracer).is_recording());
    assert_eq!(notes.take(), ["sampled_out"]);
}

#[test]
fn ids_that_were_asked_for_stay_and_so_does_the_parent() {
    let (_, _, tracer) = tracer(|builder| builder);
    let mut draft = tracer.span("a").defer();
    let ids = draft.ids();
    assert!(!draft.set_parent(&remote(TraceFlags::NONE)));
    assert_eq!(draft.ids(), ids);
    let mut span = draft.start(&tracer);
    assert_eq!((span.context().trace_id, span.context().span_id), ids);
    assert!(span.is_recording());
    span.end();
    assert_eq!(span.status(), None);
}

#[test]
fn a_draft_below_an_unsampled_span_keeps_no_attribute_until_it_gets_another_parent() {
    let (notes, _, tracer) = tracer(|builder| builder);
    let local = SpanContext { is_remote: false, ..remote(TraceFlags::NONE) };
    let mut draft = tracer.span("a").child_of_context(&local).defer();
    assert!(draft.is_known_to_be_dropped());
    draft.set_attribute(&tracer, "a", 1i64);
    assert!(draft.set_parent(&remote(TraceFlags::SAMPLED)));
    assert!(!draft.is_known_to_be_dropped());
    draft.set_attribute(&tracer, "b", 1i64);
    let mut span = draft.start(&tracer);
    span.add_dropped_attributes(1);
    drop(span);
    assert_eq!(notes.take(), ["start a 1", "end /a 1000..1000 1 []"]);
}

#[test]
fn an_unsampled_span_touches_no_attribute() {
    let (notes, _, tracer) = tracer(|builder| builder.sampler(AlwaysOff));
    let mut span = tracer.span("a").start();
    span.set_attributes(std::iter::from_fn(|| panic!("the iterator was touched")));
    span.add_event("e", std::iter::from_fn(|| panic!("the iterator was touched")));
    span.end();
    span.end();
    drop(span);
    assert_eq!(notes.take(), ["sampled_out"]);
    assert_eq!(tracer.late_calls(), 0);
}

#[test]
fn spans_beyond_the_cap_are_not_recorded_and_counted_and_keep_their_place_in_the_trace() {
    let (notes, _, tracer) = tracer(|builder| builder.sampler(AlwaysOn).max_live_spans(1));
    let kept = tracer.span("kept").start();
    let lost = tracer.span("lost").child_of(&kept).start();
    assert!(lost.context().is_sampled() && !lost.is_recording());
    drop(kept);
    drop(tracer.span("next").child_of(&lost).start());
    let lines = notes.take();
    assert_eq!(lines.iter().filter(|line| *line == "live_span_cap").count(), 1);
    assert_eq!(lines.iter().filter(|line| line.starts_with("end")).count(), 2);
}

#[test]
fn a_span_that_uses_memory_again_has_nothing_of_the_span_before() {
    let (notes, _, tracer) = tracer(|builder| builder.limits(SpanLimits { attribute_count: 1, ..Default::default() }));
    let mut first = tracer.span("first").kind(SpanKind::Server).start();
    first.set_attributes([KeyValue::new("a", 1i64), KeyValue::new("b", 2i64)]);
    first.add_event("e", [KeyValue::new("a", 1i64)]);
    first.add_link(remote(TraceFlags::SAMPLED), []);
    first.set_status(Status::error("no"));
    drop(first);
    notes.take();

    struct Blank;
    impl SpanProcessor for Blank {
        fn on_end(&self, span: &SpanData, _: &Arc<Origin>) {
            assert_eq!((span.attributes.len(), span.attributes.dropped()), (0, 0));
            assert!(span.events.is_empty() && span.links.is_empty() && span.status == Status::Unset);
            assert_eq!((span.kind, span.parent_span_id), (SpanKind::Internal, SpanId::INVALID));
            assert_eq!(span.size(), SpanData::default().size() + "second".len());
        }
        fn on_event(&self, _: &EventData, _: &Arc<Origin>) {}
    }
    drop(Tracer::builder(Arc::new(ManualClock::default()), Arc::new(Blank)).build().span("second").start());
}

#[test]
fn an_event_carries_what_it_was_given() {
    let (notes, clock, tracer) = tracer(|builder| builder.limits(SpanLimits { span_bytes: 100, ..Default::default() }));
    clock.advance(Duration::from_nanos(1));
    tracer.event("order.paid").severity(Severity::INFO).body("10 EUR").attribute("id", 5i64).emit();
    tracer.event("big").body(vec![0u8; 200]).attributes([KeyValue::new("a", Value::Empty)]).time(7).emit();
    let expected = ["event order.paid Severity(9) String(\"10 EUR\") 1 1001", "event big Severity(0) Empty 1 7"];
    assert_eq!(notes.take(), expected);
}

#[test]
fn a_disabled_tracer_records_nothing_and_passes_on_what_other_processes_decided() {
    let (notes, _, tracer) = tracer(|builder| builder.disabled(true));
    let parent = remote(TraceFlags::SAMPLED);
    let mut server = tracer.with_scope(InstrumentationScope::new("x")).span("server").child_of_context(&parent).start();
    server.set_attribute("key", 1i64);
    let client = tracer.span("client").attribute("key", 1i64).child_of(&server).sampled(Some(true)).start();
    assert_eq!((server.context(), client.context()), (&parent, &parent), "the header goes out as it came in");
    let root = tracer.span("root").link(parent, []).start();
    assert!(!root.context().is_valid() && !root.is_recording());
    tracer.event("event").emit();
    let mut draft = tracer.span("late").attribute("key", 1i64).defer();
    assert!(draft.is_known_to_be_dropped() && !draft.ids().0.is_valid());
    assert!(draft.set_parent(&remote(TraceFlags::SAMPLED)));
    assert_eq!(draft.ids(), (TraceId([7; 16]), SpanId([8; 8])));
    let late = draft.start(&tracer);
    assert_eq!(late.context(), &remote(TraceFlags::SAMPLED));
    drop((server, client, root, late));
    assert!(notes.take().is_empty() && tracer.live_spans() == 0 && tracer.is_disabled());
}
