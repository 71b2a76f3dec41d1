//! Where a span's attributes go, whether it has started or not.

use spangate_core::{
    attribute::KeyValue,
    context::SpanContext,
    span::{SpanKind, Status, TextRef, ValueRef},
    tracer::{Span, SpanDraft, Tracer},
};

/// A span that can be written to.
pub(crate) enum Writer<'a> {
    Draft(&'a mut SpanDraft, &'a Tracer),
    Span(&'a mut Span),
}

impl Writer<'_> {
    pub(crate) fn set_attribute(&mut self, attribute: KeyValue) {
        match self {
            Self::Draft(draft, tracer) => draft.set_attribute(tracer, attribute.key, attribute.value),
            Self::Span(span) => span.set_attribute(attribute.key, attribute.value),
        }
    }

    #[inline(always)]
    pub(crate) fn copy_attribute(&mut self, key: &'static str, value: ValueRef<'_>) {
        let key = TextRef::Constant(key);
        match self {
            Self::Draft(draft, tracer) => draft.copy_attribute(tracer, key, value),
            Self::Span(span) => span.copy_attribute(key, value),
        }
    }

    pub(crate) fn update_name(&mut self, name: String) {
        match self {
            Self::Draft(draft, _) => draft.update_name(name),
            Self::Span(span) => span.update_name(name),
        }
    }

    /// Whether it could be set: only before the start.
    pub(crate) fn set_kind(&mut self, kind: SpanKind) -> bool {
        if let Self::Draft(draft, _) = self {
            draft.set_kind(kind);
        }
        matches!(self, Self::Draft(..))
    }

    pub(crate) fn is_error(&self) -> bool {
        let status = match self {
            Self::Draft(draft, _) => draft.status(),
            Self::Span(span) => span.status().unwrap_or(&Status::Unset),
        };
        matches!(status, Status::Error { .. })
    }

    pub(crate) fn set_status(&mut self, status: Status) {
        match self {
            Self::Draft(draft, tracer) => draft.set_status(tracer, status),
            Self::Span(span) => span.set_status(status),
        }
    }

    pub(crate) fn add_link(&mut self, context: SpanContext, attributes: Vec<KeyValue>) {
        match self {
            Self::Draft(draft, tracer) => draft.add_link(tracer, context, attributes),
            Self::Span(span) => span.add_link(context, attributes),
        }
    }
}
