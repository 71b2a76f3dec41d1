//! A running span.

use std::{any::type_name, error::Error};

use super::{open_span::OpenSpan, pool};
use crate::{
    attribute::{Key, KeyValue, Value},
    context::SpanContext,
    span::{Status, TextRef, ValueRef},
};

/// A running span. Ends when told to, or when dropped. It may move to another thread.
///
/// If it is not sampled every call does nothing. After the end every call does nothing and is counted, see
/// [`super::Tracer::late_calls`].
#[must_use = "a span ends when it is dropped"]
pub struct Span(Inner);

enum Inner {
    Recorded(Box<OpenSpan>),
    /// It stands for a context.
    NotRecorded(SpanContext),
}

impl Span {
    #[inline(always)]
    pub(super) fn recorded(open: Box<OpenSpan>) -> Self {
        Self(Inner::Recorded(open))
    }

    /// A span that stands for a context and records nothing.
    #[inline]
    pub fn not_recorded(context: SpanContext) -> Self {
        Self(Inner::NotRecorded(context))
    }

    /// What other spans and other processes need to know.
    #[inline]
    pub fn context(&self) -> &SpanContext {
        match &self.0 {
            Inner::Recorded(open) => &open.data.context,
            Inner::NotRecorded(context) => context,
        }
    }

    /// Whether setting attributes makes any sense.
    #[inline]
    pub fn is_recording(&self) -> bool {
        self.open().is_some_and(|open| !open.is_ended)
    }

    /// Sets an attribute; an earlier one of the same key is replaced. What is beyond the limits is left out and counted
    /// on the span.
    #[inline(always)]
    pub fn set_attribute(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        if let Some(open) = self.writable() {
            open.data.set_attribute(key.into(), value.into(), &open.recorder.limits);
        }
    }

    /// The same, where the texts lie somewhere else: those that are no constants are copied, into memory that is there.
    #[inline(always)]
    pub fn copy_attribute(&mut self, key: TextRef<'_>, value: ValueRef<'_>) {
        if let Some(open) = self.writable() {
            open.data.attributes.copy(key, value, &open.recorder.limits);
        }
    }

    /// Sets attributes, like [`Self::set_attribute`]. The iterator is not touched if the span is not recording.
    #[inline(always)]
    pub fn set_attributes(&mut self, attributes: impl IntoIterator<Item = KeyValue>) {
        if let Some(open) = self.writable() {
            // Here, where they are made: an array is then written where it is read.
            open.set_attributes(&mut attributes.into_iter());
        }
    }

    /// Adds an event that happens now.
    pub fn add_event(&mut self, name: impl Into<Key>, attributes: impl IntoIterator<Item = KeyValue>) {
        if let Some(open) = self.writable() {
            let now = open.now();
            open.data.add_event(now, name.into(), attributes, &open.recorder.limits);
        }
    }

    /// Adds an event that happened at another time, in Unix nanoseconds.
    pub fn add_event_at(
        &mut self,
        unix_nanos: u64,
        name: impl Into<Key>,
        attributes: impl IntoIterator<Item = KeyValue>,
    ) {
        if let Some(open) = self.writable() {
            open.data.add_event(unix_nanos, name.into(), attributes, &open.recorder.limits);
        }
    }

    /// Adds an event `exception` with type and text of an error. The status stays as it is.
    /// Source: OpenTelemetry semantic conventions, "Exceptions in spans".
    pub fn record_exception<E: Error + ?Sized>(&mut self, error: &E) {
        if self.writable().is_some() {
            let message = error.to_string();
            let kind = KeyValue::new("exception.type", type_name::<E>());
            self.add_event("exception", [kind, KeyValue::new("exception.message", message)]);
        }
    }

    /// Adds the error as an exception and sets the status to error, with the error's text.
    pub fn record_error<E: Error + ?Sized>(&mut self, error: &E) {
        self.record_exception(error);
        if self.is_recording() {
            self.set_status(Status::error(error.to_string()));
        }
    }

    /// Adds a link to another span.
    pub fn add_link(&mut self, context: SpanContext, attributes: impl IntoIterator<Item = KeyValue>) {
        if let Some(open) = self.writable() {
            open.data.add_link(context, attributes, &open.recorder.limits);
        }
    }

    /// Says how the span went. `Ok` is final; `Unset` changes nothing.
    pub fn set_status(&mut self, status: Status) {
        if let Some(open) = self.writable() {
            open.data.set_status(status, &open.recorder.limits);
        }
    }

    /// What was said so far about how the span went. None if the span is not recording.
    pub fn status(&self) -> Option<&Status> {
        self.open().filter(|open| !open.is_ended).map(|open| &open.data.status)
    }

    /// Counts attributes that the instrumentation itself left out.
    pub fn add_dropped_attributes(&mut self, count: u32) {
        if let Some(open) = self.writable() {
            open.data.attributes.add_dropped(count);
        }
    }

    /// Replaces the name.
    pub fn update_name(&mut self, name: impl Into<Key>) {
        if let Some(open) = self.writable() {
            open.data.name = name.into();
            open.recorder.limits.cut_name(&mut open.data.name);
        }
    }

    /// Ends the span now.
    #[inline]
    pub fn end(&mut self) {
        if let Inner::Recorded(open) = &mut self.0 {
            open.end_at(open.now());
        }
    }

    /// Ends the span at another time, in Unix nanoseconds; not before its start.
    pub fn end_at(&mut self, unix_nanos: u64) {
        if let Inner::Recorded(open) = &mut self.0 {
            open.end_at(unix_nanos);
        }
    }

    #[inline]
    fn open(&self) -> Option<&OpenSpan> {
        match &self.0 {
            Inner::Recorded(open) => Some(open),
            Inner::NotRecorded(_) => None,
        }
    }

    #[inline]
    fn writable(&mut self) -> Option<&mut OpenSpan> {
        let Inner::Recorded(open) = &mut self.0 else { return None };
        if open.is_ended {
            open.recorder.count_late();
            return None;
        }
        Some(open)
    }
}

impl Drop for Span {
    #[inline]
    fn drop(&mut self) {
        let Inner::Recorded(_) = self.0 else { return };
        let inner = std::mem::replace(&mut self.0, Inner::NotRecorded(SpanContext::default()));
        if let Inner::Recorded(open) = inner {
            pool::finish(open);
        }
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_recording = self.is_recording();
        f.debug_struct("Span").field("context", self.context()).field("is_recording", &is_recording).finish()
    }
}
