//! A span that something else recorded.

use std::sync::Arc;

use super::{builder::Recorder, open_span::OpenSpan, pool};
use crate::{
    attribute::{Key, KeyValue, Value},
    context::{SpanContext, SpanId},
    scope::Origin,
    span::{SpanKind, Status, TextRef, ValueRef},
};

/// A span that has ended already, somewhere else, and is being handed over. Made by [`super::Tracer::finished_span`];
/// taken in, or counted as dropped, when this is dropped.
///
/// It is held to the tracer's limits, like every span; what its first recorder left out is added to the counts. If the
/// tracer is disabled every call does nothing.
#[must_use = "a span is handed over when this is dropped"]
pub struct FinishedSpan<'a> {
    open: Option<Box<OpenSpan>>,
    origin: &'a Arc<Origin>,
}

impl<'a> FinishedSpan<'a> {
    #[inline]
    pub(super) fn new(recorder: &Arc<Recorder>, origin: &'a Arc<Origin>, context: SpanContext, name: Key) -> Self {
        let open = (!recorder.is_disabled).then(|| {
            let mut open = pool::take(recorder);
            let data = &mut open.data;
            data.context = context;
            data.parent_span_id = SpanId::INVALID;
            data.parent_is_remote = false;
            data.name = name;
            recorder.limits.cut_name(&mut data.name);
            data.kind = SpanKind::Internal;
            data.start_time = 0;
            open
        });
        Self { open, origin }
    }

    /// The parent, and whether it is in another process. Without one the span is a root.
    #[inline]
    pub fn set_parent(&mut self, span_id: SpanId, is_remote: bool) {
        if let Some(open) = &mut self.open {
            (open.data.parent_span_id, open.data.parent_is_remote) = (span_id, is_remote);
        }
    }

    /// What role the span played. Default: internal.
    #[inline]
    pub fn set_kind(&mut self, kind: SpanKind) {
        if let Some(open) = &mut self.open {
            open.data.kind = kind;
        }
    }

    /// When it began and when it ended, in Unix nanoseconds. An end before the start is the start.
    #[inline]
    pub fn set_times(&mut self, start: u64, end: u64) {
        if let Some(open) = &mut self.open {
            (open.data.start_time, open.data.end_time) = (start, end.max(start));
        }
    }

    /// How it went; as [`super::Span::set_status`].
    pub fn set_status(&mut self, status: Status) {
        if let Some(open) = &mut self.open {
            open.data.set_status(status, &open.recorder.limits);
        }
    }

    /// Sets an attribute; an earlier one of the same key is replaced.
    #[inline]
    pub fn set_attribute(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        if let Some(open) = &mut self.open {
            open.data.set_attribute(key.into(), value.into(), &open.recorder.limits);
        }
    }

    /// The same, where the texts lie somewhere else: those that are no constants are copied, into memory that is there.
    #[inline(always)]
    pub fn copy_attribute(&mut self, key: TextRef<'_>, value: ValueRef<'_>) {
        if let Some(open) = &mut self.open {
            open.data.attributes.copy(key, value, &open.recorder.limits);
        }
    }

    /// Adds an event, at a time in Unix nanoseconds, of which its recorder left out so many attributes.
    pub fn add_event(
        &mut self,
        unix_nanos: u64,
        name: impl Into<Key>,
        attributes: impl IntoIterator<Item = KeyValue>,
        dropped_attributes: u32,
    ) {
        let Some(open) = &mut self.open else { return };
        let known = open.data.events.len();
        open.data.add_event(unix_nanos, name.into(), attributes, &open.recorder.limits);
        if open.data.events.len() > known {
            open.data.events.add_dropped_attributes(dropped_attributes);
        }
    }

    /// Adds a link to another span, of which its recorder left out so many attributes.
    pub fn add_link(
        &mut self,
        context: SpanContext,
        attributes: impl IntoIterator<Item = KeyValue>,
        dropped_attributes: u32,
    ) {
        let Some(open) = &mut self.open else { return };
        let known = open.data.links.len();
        open.data.add_link(context, attributes, &open.recorder.limits);
        if open.data.links.len() > known {
            open.data.links.add_dropped_attributes(dropped_attributes);
        }
    }

    /// Counts what the span's recorder left out.
    pub fn add_dropped(&mut self, attributes: u32, events: u32, links: u32) {
        if let Some(open) = &mut self.open {
            open.data.attributes.add_dropped(attributes);
            open.data.events.add_dropped(events);
            open.data.links.add_dropped(links);
        }
    }
}

impl Drop for FinishedSpan<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.recorder.processor.on_end(&open.data, self.origin);
            pool::put_back(open);
        }
    }
}

impl std::fmt::Debug for FinishedSpan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let context = self.open.as_ref().map(|open| &open.data.context);
        f.debug_struct("FinishedSpan").field("context", &context).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::ManualClock,
        context::{TraceFlags, TraceId},
        in_memory::InMemoryExporter,
        limits::SpanLimits,
        resource::Resource,
        sampler::AlwaysOff,
        scope::InstrumentationScope,
        tracer::{Tracer, TracerBuilder},
    };

    fn context() -> SpanContext {
        SpanContext {
            trace_id: TraceId([1; 16]),
            span_id: SpanId([2; 8]),
            trace_flags: TraceFlags(3),
            ..SpanContext::default()
        }
    }

    fn stage(change: impl FnOnce(TracerBuilder) -> TracerBuilder) -> (InMemoryExporter, Tracer) {
        let memory = InMemoryExporter::new();
        let builder = Tracer::builder(Arc::new(ManualClock::default()), Arc::new(memory.clone()));
        (memory, change(builder).build())
    }

    #[test]
    fn a_foreign_span_keeps_its_ids_times_and_counts_whatever_the_sampler_says() {
        let limits = SpanLimits { event_count: 1, link_count: 1, ..SpanLimits::default() };
        let (memory, tracer) = stage(|builder| builder.sampler(AlwaysOff).limits(limits).max_live_spans(0));
        let scope = InstrumentationScope::new("theirs");
        let origin = Arc::new(Origin { resource: Arc::new(Resource::new("their service")), scope });
        let mut span = tracer.finished_span(&origin, context(), "work");
        span.set_parent(SpanId([3; 8]), true);
        span.set_kind(SpanKind::Client);
        span.set_times(20, 10);
        span.set_status(Status::error("why"));
        span.set_attribute("set", 1i64);
        span.copy_attribute(TextRef::Own("copied"), ValueRef::Bool(true));
        for _ in 0..2 {
            span.add_event(15, "event", [KeyValue::new("a", 1i64)], 4);
            span.add_link(context(), [KeyValue::new("a", 1i64)], 5);
        }
        span.add_dropped(6, 7, 8);
        drop(span);
        let spans = memory.finished_spans();
        let span = &spans[0];
        assert_eq!(
            (span.context.clone(), span.parent_span_id, span.parent_is_remote),
            (context(), SpanId([3; 8]), true)
        );
        assert_eq!((span.name.as_str(), span.kind, span.start_time, span.end_time), ("work", SpanKind::Client, 20, 20));
        assert_eq!(span.status, Status::error("why"));
        assert_eq!(span.attributes, [KeyValue::new("set", 1i64), KeyValue::new("copied", true)]);
        assert_eq!((span.events.len(), span.events[0].time, span.events[0].dropped_attributes), (1, 15, 4));
        assert_eq!((span.links.len(), span.links[0].dropped_attributes), (1, 5));
        assert_eq!((span.dropped_attributes, span.dropped_events, span.dropped_links), (6, 8, 9));
        assert_eq!(
            (span.scope.name.as_ref(), span.resource.get("service.name")),
            ("theirs", Some(&"their service".into()))
        );
        assert_eq!(tracer.live_spans(), 0);
    }

    #[test]
    fn a_box_that_was_used_for_a_foreign_span_brings_nothing_of_it_into_the_next() {
        let (memory, tracer) = stage(|builder| builder);
        let mut span = tracer.finished_span(tracer.origin(), context(), "first");
        span.set_parent(SpanId([3; 8]), true);
        span.set_kind(SpanKind::Server);
        span.set_times(1, 2);
        drop(span);
        drop(tracer.finished_span(tracer.origin(), context(), "second"));
        let second = &memory.finished_spans()[1];
        assert_eq!((second.parent_span_id, second.parent_is_remote), (SpanId::INVALID, false));
        assert_eq!((second.kind, second.start_time, second.end_time), (SpanKind::Internal, 0, 0));
    }

    #[test]
    fn texts_that_lie_elsewhere_are_copied_before_the_start_and_after_it() {
        let (memory, tracer) = stage(|builder| builder);
        let mut draft = tracer.span("work").defer();
        let text = String::from("before");
        draft.copy_attribute(&tracer, TextRef::Own("early"), ValueRef::String(TextRef::Own(&text)));
        drop(text);
        let mut span = draft.start(&tracer);
        let text = String::from("after");
        span.copy_attribute(TextRef::Constant("key"), ValueRef::String(TextRef::Own(&text)));
        drop((text, span));
        let attributes = [KeyValue::new("early", "before"), KeyValue::new("key", "after")];
        assert_eq!(memory.finished_spans()[0].attributes, attributes);
    }

    #[test]
    fn a_disabled_tracer_takes_nothing_from_others_either() {
        let (memory, tracer) = stage(|builder| builder.disabled(true));
        let mut span = tracer.finished_span(tracer.origin(), context(), "work");
        span.add_event(1, "event", [], 0);
        span.add_link(context(), [], 0);
        drop(span);
        assert_eq!(memory.finished_spans().len(), 0);
    }
}
