//! A span that has not started: what a builder builds, and what front ends keep that learn of a parent late.

use super::{Span, Tracer, id_generator, open_span::OpenSpan, pool};
use crate::{
    attribute::{Key, KeyValue, Value},
    clock::Reading,
    context::{SpanContext, SpanId, TraceFlags, TraceId},
    sampler::{SamplingDecision, SamplingParameters},
    span::{SpanKind, Status},
};

/// A span that has not started, without a borrow of its tracer, so that it can be kept. Made by
/// [`super::SpanBuilder::defer`]; hand every call the same tracer. Nothing is recorded or counted before
/// [`SpanDraft::start`]: a draft that is dropped never was.
#[must_use = "a span begins with `start`"]
pub struct SpanDraft {
    pub(super) name: Key,
    pub(super) kind: SpanKind,
    pub(super) parent: SpanContext,
    pub(super) start_time: Option<u64>,
    pub(super) is_sampled: Option<bool>,
    /// When the span was put off; otherwise it begins when it is started.
    deferred_at: Option<Reading>,
    /// Drawn early, if somebody asked.
    ids: Option<(TraceId, SpanId)>,
    /// Taken from the pool when the first attribute or link comes.
    open: Option<Box<OpenSpan>>,
}

impl SpanDraft {
    #[inline]
    pub(super) fn new(name: Key) -> Self {
        Self {
            name,
            kind: SpanKind::Internal,
            parent: SpanContext::default(),
            start_time: None,
            is_sampled: None,
            deferred_at: None,
            ids: None,
            open: None,
        }
    }

    /// The span begins now, whenever it is started. Of one that will not be recorded the time is of no interest.
    pub(super) fn defer(&mut self, tracer: &Tracer) {
        if !self.is_known_to_be_dropped() {
            self.deferred_at = Some(tracer.recorder.clock.read());
        }
    }

    /// The span's ids, which are fixed from here on, and with them the parent.
    pub fn ids(&mut self) -> (TraceId, SpanId) {
        let ids = self.ids.unwrap_or_else(|| self.draw_ids());
        self.ids = Some(ids);
        ids
    }

    /// Replaces the parent, in this process or another. Returns false, and changes nothing, if the ids are fixed or the
    /// context is not valid.
    pub fn set_parent(&mut self, parent: &SpanContext) -> bool {
        let is_possible = self.ids.is_none() && parent.is_valid();
        if is_possible {
            self.parent = parent.clone();
        }
        is_possible
    }

    /// Replaces the name.
    pub fn update_name(&mut self, name: impl Into<Key>) {
        self.name = name.into();
    }

    /// What role the span plays.
    pub fn set_kind(&mut self, kind: SpanKind) {
        self.kind = kind;
    }

    /// Sets an attribute, which the sampler will see; as [`super::SpanBuilder::attribute`].
    pub fn set_attribute(&mut self, tracer: &Tracer, key: impl Into<Key>, value: impl Into<Value>) {
        if let Some(open) = self.open(tracer) {
            open.data.set_attribute(KeyValue::new(key, value), &tracer.recorder.limits);
        }
    }

    /// Adds a link to another span.
    pub fn add_link(&mut self, tracer: &Tracer, context: SpanContext, attributes: impl IntoIterator<Item = KeyValue>) {
        if let Some(open) = self.open(tracer) {
            open.data.add_link(context, attributes, &tracer.recorder.limits);
        }
    }

    /// Says how the span went; as [`Span::set_status`].
    pub fn set_status(&mut self, tracer: &Tracer, status: Status) {
        if let Some(open) = self.open(tracer) {
            open.data.set_status(status, &tracer.recorder.limits);
        }
    }

    /// What was said about how the span went.
    pub fn status(&self) -> &Status {
        self.open.as_ref().map_or(&Status::Unset, |open| &open.data.status)
    }

    /// Whether the span will not be sampled, unless it gets another parent: then attributes are not kept.
    pub fn is_known_to_be_dropped(&self) -> bool {
        match self.is_sampled {
            Some(is_sampled) => !is_sampled,
            None => self.has_local_parent() && !self.parent.is_sampled(),
        }
    }

    /// Begins the span.
    #[inline]
    pub fn start(self, tracer: &Tracer) -> Span {
        if tracer.recorder.is_disabled {
            let parent = self.parent.clone();
            return self.give_up(parent);
        }
        let (trace_id, span_id) = match self.ids {
            None => self.draw_ids(),
            Some(ids) => ids,
        };
        let mut context = SpanContext {
            trace_id,
            span_id,
            trace_flags: TraceFlags::NONE,
            is_remote: false,
            trace_state: self.parent.trace_state.clone(),
        };
        if !self.decide(tracer, &context) {
            tracer.recorder.processor.on_sampled_out();
            return self.give_up(context);
        }
        context.trace_flags = TraceFlags::SAMPLED;
        if !tracer.recorder.live.try_enter() {
            tracer.recorder.processor.on_live_span_cap();
            return self.give_up(context);
        }
        self.record(tracer, context)
    }

    #[inline]
    fn draw_ids(&self) -> (TraceId, SpanId) {
        if self.parent.is_valid() { (self.parent.trace_id, id_generator::span_id()) } else { id_generator::root_ids() }
    }

    /// Where attributes go; none if they need not be kept.
    #[inline]
    fn open(&mut self, tracer: &Tracer) -> Option<&mut OpenSpan> {
        if self.is_known_to_be_dropped() || tracer.recorder.is_disabled {
            return None;
        }
        Some(self.open.get_or_insert_with(|| pool::take(&tracer.recorder)))
    }

    #[inline]
    fn give_up(self, context: SpanContext) -> Span {
        if let Some(open) = self.open {
            pool::put_back(open);
        }
        Span::not_recorded(context)
    }

    fn record(self, tracer: &Tracer, context: SpanContext) -> Span {
        let recorder = &tracer.recorder;
        let mut open = self.open.unwrap_or_else(|| pool::take(recorder));
        let reading = self.deferred_at.unwrap_or_else(|| recorder.clock.read());
        open.started = reading.monotonic;
        let data = &mut open.data;
        data.context = context.clone();
        data.parent_span_id = self.parent.span_id;
        data.parent_is_remote = self.parent.is_remote;
        data.name = self.name;
        recorder.limits.cut_name(&mut data.name);
        data.kind = self.kind;
        data.start_time = self.start_time.unwrap_or(reading.unix_nanos);
        recorder.processor.on_start(data, &recorder.origin);
        Span::recorded(context, open)
    }

    fn decide(&self, tracer: &Tracer, context: &SpanContext) -> bool {
        match self.is_sampled {
            Some(is_sampled) => is_sampled,
            None if self.has_local_parent() => self.parent.is_sampled(),
            None => {
                let has_parent = self.parent.is_valid();
                let decision = tracer.recorder.sampler.should_sample(&SamplingParameters {
                    parent: has_parent.then_some(&self.parent),
                    trace_id: context.trace_id,
                    name: &self.name,
                    kind: self.kind,
                    attributes: self.open.as_ref().map_or(&[], |open| open.data.attributes.as_slice()),
                });
                decision == SamplingDecision::RecordAndSample
            }
        }
    }

    /// Whether the parent is in this process, so that nobody has to be asked about sampling.
    pub fn has_local_parent(&self) -> bool {
        self.parent.span_id != SpanId::INVALID && !self.parent.is_remote
    }
}

impl std::fmt::Debug for SpanDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpanDraft").field("name", &self.name).field("parent", &self.parent).finish_non_exhaustive()
    }
}
