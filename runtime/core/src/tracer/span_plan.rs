//! What a span is to be, before it starts: shared by the builder and by drafts.

use std::sync::Arc;

use super::{Span, Tracer, builder::Recorder, id_generator, open_span::OpenSpan, pool};
use crate::{
    attribute::Key,
    clock::Reading,
    context::{SpanContext, SpanId, TraceFlags, TraceId},
    sampler::{SamplingDecision, SamplingParameters},
    span::{AttributeSet, SpanKind},
};

/// A span that has not started. Small: it is moved with every call of a builder.
pub(super) struct SpanPlan {
    pub(super) name: Key,
    pub(super) kind: SpanKind,
    pub(super) parent: SpanContext,
    pub(super) start_time: Option<u64>,
    pub(super) is_sampled: Option<bool>,
    /// Taken from the pool when the first attribute or link comes.
    pub(super) open: Option<Box<OpenSpan>>,
}

/// Begins a root about which nothing else is said: what a plan says is not written down and read again.
pub(super) fn start_root(tracer: &Tracer, name: &'static str, kind: SpanKind) -> Span {
    let recorder = &tracer.recorder;
    if recorder.is_disabled {
        return Span::not_recorded(SpanContext::default());
    }
    let (trace_id, span_id) = id_generator::root_ids();
    let attributes = AttributeSet::EMPTY;
    let decision =
        recorder.sampler.should_sample(&SamplingParameters { parent: None, trace_id, name, kind, attributes });
    let not_recorded =
        |trace_flags| Span::not_recorded(SpanContext { trace_id, span_id, trace_flags, ..SpanContext::default() });
    if decision == SamplingDecision::Drop {
        recorder.processor.on_sampled_out();
        return not_recorded(TraceFlags::NONE);
    }
    record_root(recorder, name, kind, trace_id, span_id)
        .map_or_else(|| not_recorded(TraceFlags::SAMPLED), Span::recorded)
}

/// Apart from [`start_root`], so that a span that is dropped saves no registers for what it does not do. None at the cap.
#[inline(never)]
fn record_root(
    recorder: &Arc<Recorder>,
    name: &'static str,
    kind: SpanKind,
    trace_id: TraceId,
    span_id: SpanId,
) -> Option<Box<OpenSpan>> {
    if !recorder.live.try_enter() {
        recorder.processor.on_live_span_cap();
        return None;
    }
    let mut open = pool::take(recorder);
    let reading = recorder.clock.read();
    open.begin(reading, trace_id, span_id, kind);
    let data = &mut open.data;
    data.parent_span_id = SpanId::INVALID;
    data.parent_is_remote = false;
    data.name = Key::Borrowed(name);
    recorder.limits.cut_name(&mut data.name);
    data.start_time = reading.unix_nanos;
    recorder.processor.on_start(data, &recorder.origin);
    Some(open)
}

impl SpanPlan {
    #[inline]
    pub(super) fn new(name: Key) -> Self {
        Self {
            name,
            kind: SpanKind::Internal,
            parent: SpanContext::default(),
            start_time: None,
            is_sampled: None,
            open: None,
        }
    }

    /// Begins the span, now or when it was put off, under new ids or those drawn already.
    pub(super) fn start(self, tracer: &Tracer, begun: Option<Reading>, ids: Option<(TraceId, SpanId)>) -> Span {
        if tracer.recorder.is_disabled {
            let parent = self.parent.clone();
            self.put_back();
            return Span::not_recorded(parent);
        }
        // Both are handed on by themselves, in registers: written into a context and moved with it, the trace id would be
        // written as two halves and read as a whole at once, for which the processor waits.
        let (trace_id, span_id) = match ids {
            None => self.draw_ids(),
            Some(ids) => ids,
        };
        if !self.decide(tracer, trace_id) {
            tracer.recorder.processor.on_sampled_out();
            return self.give_up(trace_id, span_id, TraceFlags::NONE);
        }
        if !tracer.recorder.live.try_enter() {
            tracer.recorder.processor.on_live_span_cap();
            return self.give_up(trace_id, span_id, TraceFlags::SAMPLED);
        }
        self.record(tracer, begun, trace_id, span_id)
    }

    #[inline]
    pub(super) fn draw_ids(&self) -> (TraceId, SpanId) {
        if self.parent.is_valid() { (self.parent.trace_id, id_generator::span_id()) } else { id_generator::root_ids() }
    }

    /// Where attributes go; none if they need not be kept.
    #[inline]
    pub(super) fn open(&mut self, tracer: &Tracer) -> Option<&mut OpenSpan> {
        if self.is_known_to_be_dropped() || tracer.recorder.is_disabled {
            return None;
        }
        Some(self.open.get_or_insert_with(|| pool::take(&tracer.recorder)))
    }

    /// Whether the span will not be sampled, unless it gets another parent.
    pub(super) fn is_known_to_be_dropped(&self) -> bool {
        match self.is_sampled {
            Some(is_sampled) => !is_sampled,
            None => self.has_local_parent() && !self.parent.is_sampled(),
        }
    }

    #[inline(always)]
    fn give_up(self, trace_id: TraceId, span_id: SpanId, trace_flags: TraceFlags) -> Span {
        let trace_state = self.parent.trace_state.clone();
        self.put_back();
        Span::not_recorded(SpanContext { trace_id, span_id, trace_flags, is_remote: false, trace_state })
    }

    #[inline]
    fn put_back(self) {
        if let Some(open) = self.open {
            pool::put_back(open);
        }
    }

    fn record(self, tracer: &Tracer, begun: Option<Reading>, trace_id: TraceId, span_id: SpanId) -> Span {
        let recorder = &tracer.recorder;
        let mut open = self.open.unwrap_or_else(|| pool::take(recorder));
        let reading = begun.unwrap_or_else(|| recorder.clock.read());
        open.begin(reading, trace_id, span_id, self.kind);
        let data = &mut open.data;
        data.context.trace_state = self.parent.trace_state;
        data.parent_span_id = self.parent.span_id;
        data.parent_is_remote = self.parent.is_remote;
        data.name = self.name;
        recorder.limits.cut_name(&mut data.name);
        data.start_time = self.start_time.unwrap_or(reading.unix_nanos);
        recorder.processor.on_start(data, &recorder.origin);
        Span::recorded(open)
    }

    #[inline(always)]
    fn decide(&self, tracer: &Tracer, trace_id: TraceId) -> bool {
        match self.is_sampled {
            Some(is_sampled) => is_sampled,
            None if self.has_local_parent() => self.parent.is_sampled(),
            None => {
                let has_parent = self.parent.is_valid();
                let decision = tracer.recorder.sampler.should_sample(&SamplingParameters {
                    parent: has_parent.then_some(&self.parent),
                    trace_id,
                    name: &self.name,
                    kind: self.kind,
                    attributes: self.open.as_ref().map_or(AttributeSet::EMPTY, |open| &open.data.attributes),
                });
                decision == SamplingDecision::RecordAndSample
            }
        }
    }

    pub(super) fn has_local_parent(&self) -> bool {
        self.parent.span_id != SpanId::INVALID && !self.parent.is_remote
    }
}
