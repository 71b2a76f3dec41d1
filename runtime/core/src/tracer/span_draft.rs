//! A span whose start is put off: for front ends that learn of a parent late.

use super::{Span, Tracer, span_plan::SpanPlan};
use crate::{
    attribute::{Key, KeyValue, Value},
    clock::Reading,
    context::{SpanContext, SpanId, TraceId},
    span::{SpanKind, Status, TextRef, ValueRef},
};

/// A span that has not started, without a borrow of its tracer, so that it can be kept. Made by
/// [`super::SpanBuilder::defer`]; hand every call the same tracer. Nothing is recorded or counted before
/// [`SpanDraft::start`]: a draft that is dropped never was.
#[must_use = "a span begins with `start`"]
pub struct SpanDraft {
    plan: SpanPlan,
    /// When the span was put off; otherwise it begins when it is started.
    begun: Option<Reading>,
    /// Drawn early, if somebody asked.
    ids: Option<(TraceId, SpanId)>,
    is_disabled: bool,
}

impl SpanDraft {
    /// The span begins now, whenever it is started. Of one that will not be recorded the time is of no interest.
    pub(super) fn new(plan: SpanPlan, tracer: &Tracer) -> Self {
        let is_disabled = tracer.recorder.is_disabled;
        let is_dropped = is_disabled || plan.is_known_to_be_dropped();
        let begun = (!is_dropped).then(|| tracer.recorder.clock.read());
        Self { plan, begun, ids: None, is_disabled }
    }

    /// The span's ids, which are fixed from here on, and with them the parent. If the tracer is disabled those of the
    /// parent, which may be invalid.
    pub fn ids(&mut self) -> (TraceId, SpanId) {
        if self.is_disabled {
            return (self.plan.parent.trace_id, self.plan.parent.span_id);
        }
        *self.ids.get_or_insert_with(|| self.plan.draw_ids())
    }

    /// Whether the ids are fixed.
    pub fn has_ids(&self) -> bool {
        self.ids.is_some()
    }

    /// Replaces the parent, in this process or another. Returns false, and changes nothing, if the ids are fixed or the
    /// context is not valid.
    pub fn set_parent(&mut self, parent: &SpanContext) -> bool {
        let is_possible = self.ids.is_none() && parent.is_valid();
        if is_possible {
            self.plan.parent = parent.clone();
        }
        is_possible
    }

    /// Replaces the name.
    pub fn update_name(&mut self, name: impl Into<Key>) {
        self.plan.name = name.into();
    }

    /// What role the span plays.
    pub fn set_kind(&mut self, kind: SpanKind) {
        self.plan.kind = kind;
    }

    /// Sets an attribute, which the sampler will see; as [`super::SpanBuilder::attribute`].
    pub fn set_attribute(&mut self, tracer: &Tracer, key: impl Into<Key>, value: impl Into<Value>) {
        if let Some(open) = self.plan.open(tracer) {
            open.data.set_attribute(key.into(), value.into(), &tracer.recorder.limits);
        }
    }

    /// The same, where the texts lie somewhere else: those that are no constants are copied, into memory that is there.
    #[inline(always)]
    pub fn copy_attribute(&mut self, tracer: &Tracer, key: TextRef<'_>, value: ValueRef<'_>) {
        if let Some(open) = self.plan.open(tracer) {
            open.data.attributes.copy(key, value, &tracer.recorder.limits);
        }
    }

    /// Adds a link to another span.
    pub fn add_link(&mut self, tracer: &Tracer, context: SpanContext, attributes: impl IntoIterator<Item = KeyValue>) {
        if let Some(open) = self.plan.open(tracer) {
            open.data.add_link(context, attributes, &tracer.recorder.limits);
        }
    }

    /// Says how the span went; as [`Span::set_status`].
    pub fn set_status(&mut self, tracer: &Tracer, status: Status) {
        if let Some(open) = self.plan.open(tracer) {
            open.data.set_status(status, &tracer.recorder.limits);
        }
    }

    /// What was said about how the span went.
    pub fn status(&self) -> &Status {
        self.plan.open.as_ref().map_or(&Status::Unset, |open| &open.data.status)
    }

    /// Whether the span will not be sampled, unless it gets another parent; then attributes are not kept. Always so if the
    /// tracer is disabled.
    pub fn is_known_to_be_dropped(&self) -> bool {
        self.is_disabled || self.plan.is_known_to_be_dropped()
    }

    /// Whether the parent is in this process, so that nobody has to be asked about sampling.
    pub fn has_local_parent(&self) -> bool {
        self.plan.has_local_parent()
    }

    /// Begins the span.
    pub fn start(self, tracer: &Tracer) -> Span {
        self.plan.start(tracer, self.begun, self.ids)
    }
}

impl std::fmt::Debug for SpanDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let SpanPlan { name, parent, .. } = &self.plan;
        f.debug_struct("SpanDraft").field("name", name).field("parent", parent).finish_non_exhaustive()
    }
}
