//! How a span begins.

use super::{
    Span, SpanDraft, Tracer,
    span_plan::{SpanPlan, start_root},
};
use crate::{
    attribute::{Key, KeyValue, Value},
    context::SpanContext,
    span::SpanKind,
};

/// A span that has not started. A root, unless it is given a parent.
#[must_use = "a span begins with `start`"]
pub struct SpanBuilder<'t> {
    tracer: &'t Tracer,
    plan: SpanPlan,
}

impl<'t> SpanBuilder<'t> {
    #[inline]
    pub(super) fn new(tracer: &'t Tracer, name: Key) -> Self {
        Self { tracer, plan: SpanPlan::new(name) }
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
            self.plan.parent = parent.clone();
        }
        self
    }

    /// What role the span plays. Default: internal.
    #[inline]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.plan.kind = kind;
        self
    }

    /// Unix nanoseconds at which the span began, if that is not now. The span goes on from there.
    pub fn start_time(mut self, unix_nanos: u64) -> Self {
        self.plan.start_time = Some(unix_nanos);
        self
    }

    /// Decides whether the span is sampled; neither parent nor sampler is asked. None decides nothing.
    pub fn sampled(mut self, is_sampled: Option<bool>) -> Self {
        self.plan.is_sampled = is_sampled;
        self
    }

    /// An attribute that the sampler shall see. Others are cheaper to set after the start: then those of spans that are
    /// not sampled cost nothing.
    pub fn attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        if let Some(open) = self.plan.open(self.tracer) {
            open.data.set_attribute(key.into(), value.into(), &self.tracer.recorder.limits);
        }
        self
    }

    /// A link to another span.
    pub fn link(mut self, context: SpanContext, attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        if let Some(open) = self.plan.open(self.tracer) {
            open.data.add_link(context, attributes, &self.tracer.recorder.limits);
        }
        self
    }

    /// Begins the span.
    // Where it is called it is known whether anything was said beside the name.
    #[inline(always)]
    pub fn start(self) -> Span {
        // Taken apart, so that nothing is left to be dropped of a plan that says nothing.
        match self.plan {
            SpanPlan { name: Key::Borrowed(name), kind, parent, start_time: None, is_sampled: None, open: None }
                if !parent.is_valid() =>
            {
                start_root(self.tracer, name, kind)
            }
            plan => plan.start(self.tracer, None, None),
        }
    }

    /// Puts the start off: for front ends that learn the parent, or other things that the sampler shall see, after the
    /// span was made. Whenever it is started, the span begins now; one that is known to be dropped and gets another
    /// parent after all begins when it is started.
    pub fn defer(self) -> SpanDraft {
        SpanDraft::new(self.plan, self.tracer)
    }
}
