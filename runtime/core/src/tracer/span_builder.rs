//! How a span begins.

use super::{Span, Tracer, id_generator, open_span::OpenSpan, pool};
use crate::{
    attribute::{Key, KeyValue, Value},
    context::{SpanContext, SpanId, TraceFlags},
    sampler::{SamplingDecision, SamplingParameters},
    span::SpanKind,
};

/// A span that has not started. A root, unless it is given a parent.
#[must_use = "a span begins with `start`"]
pub struct SpanBuilder<'t> {
    tracer: &'t Tracer,
    name: Key,
    kind: SpanKind,
    parent: SpanContext,
    start_time: Option<u64>,
    is_sampled: Option<bool>,
    /// Taken from the pool when the first attribute or link comes.
    open: Option<Box<OpenSpan>>,
}

impl<'t> SpanBuilder<'t> {
    #[inline]
    pub(super) fn new(tracer: &'t Tracer, name: Key) -> Self {
        Self {
            tracer,
            name,
            kind: SpanKind::Internal,
            parent: SpanContext::default(),
            start_time: None,
            is_sampled: None,
            open: None,
        }
    }

    /// A child of a span in this process: whether it is sampled is inherited.
    #[inline]
    pub fn child_of(self, parent: &Span) -> Self {
        self.child_of_context(parent.context())
    }

    /// A child of a span of which only the context is known. If it is remote the sampler is asked, otherwise the decision
    /// is inherited. A context that is not valid makes a root.
    #[inline]
    pub fn child_of_context(mut self, parent: &SpanContext) -> Self {
        if parent.is_valid() {
            self.parent = parent.clone();
        }
        self
    }

    /// What role the span plays. Default: internal.
    #[inline]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }

    /// Unix nanoseconds at which the span began, if that is not now. The span goes on from there.
    pub fn start_time(mut self, unix_nanos: u64) -> Self {
        self.start_time = Some(unix_nanos);
        self
    }

    /// Decides whether the span is sampled; neither parent nor sampler is asked. None decides nothing.
    pub fn sampled(mut self, is_sampled: Option<bool>) -> Self {
        self.is_sampled = is_sampled;
        self
    }

    /// An attribute that the sampler shall see. Others are cheaper to set after the start: then those of spans that are
    /// not sampled cost nothing.
    pub fn attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        if !self.is_known_to_be_dropped() {
            let limits = &self.tracer.recorder.limits;
            let open = self.open.get_or_insert_with(|| pool::take(&self.tracer.recorder));
            open.data.set_attribute(KeyValue::new(key, value), limits);
        }
        self
    }

    /// A link to another span.
    pub fn link(mut self, context: SpanContext, attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        if !self.is_known_to_be_dropped() {
            let limits = &self.tracer.recorder.limits;
            let open = self.open.get_or_insert_with(|| pool::take(&self.tracer.recorder));
            open.data.add_link(context, attributes, limits);
        }
        self
    }

    /// Begins the span.
    #[inline]
    pub fn start(self) -> Span {
        let (trace_id, span_id) = if self.parent.is_valid() {
            (self.parent.trace_id, id_generator::span_id())
        } else {
            id_generator::root_ids()
        };
        let mut context = SpanContext {
            trace_id,
            span_id,
            trace_flags: TraceFlags::NONE,
            is_remote: false,
            trace_state: self.parent.trace_state.clone(),
        };
        if !self.decide(&context) {
            self.tracer.recorder.processor.on_sampled_out();
            return self.give_up(context);
        }
        context.trace_flags = TraceFlags::SAMPLED;
        if !self.tracer.recorder.live.try_enter() {
            self.tracer.recorder.processor.on_live_span_cap();
            return self.give_up(context);
        }
        self.record(context)
    }

    #[inline]
    fn give_up(self, context: SpanContext) -> Span {
        if let Some(open) = self.open {
            pool::put_back(open);
        }
        Span::not_recorded(context)
    }

    fn record(self, context: SpanContext) -> Span {
        let recorder = &self.tracer.recorder;
        let mut open = self.open.unwrap_or_else(|| pool::take(recorder));
        let reading = recorder.clock.read();
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

    fn decide(&self, context: &SpanContext) -> bool {
        match self.is_sampled {
            Some(is_sampled) => is_sampled,
            None if self.has_local_parent() => self.parent.is_sampled(),
            None => {
                let has_parent = self.parent.is_valid();
                let decision = self.tracer.recorder.sampler.should_sample(&SamplingParameters {
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

    fn is_known_to_be_dropped(&self) -> bool {
        match self.is_sampled {
            Some(is_sampled) => !is_sampled,
            None => self.has_local_parent() && !self.parent.is_sampled(),
        }
    }

    fn has_local_parent(&self) -> bool {
        self.parent.span_id != SpanId::INVALID && !self.parent.is_remote
    }
}
