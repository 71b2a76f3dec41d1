//! How an event of the events signal is recorded.

use super::Tracer;
use crate::{
    attribute::{Key, KeyValue, Value},
    context::SpanContext,
    event::{EventData, Severity},
};

/// An event that has not been emitted. Events are not sampled.
#[must_use = "an event is recorded with `emit`"]
pub struct EventBuilder<'t> {
    tracer: &'t Tracer,
    event: EventData,
    time: Option<u64>,
}

impl<'t> EventBuilder<'t> {
    pub(super) fn new(tracer: &'t Tracer, name: Key) -> Self {
        let mut event = EventData { name, ..EventData::default() };
        tracer.recorder.limits.cut_name(&mut event.name);
        Self { tracer, event, time: None }
    }

    /// How bad it is.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.event.severity = severity;
        self
    }

    /// How bad it is in the words of the source.
    pub fn severity_text(mut self, text: impl Into<Key>) -> Self {
        self.event.severity_text = text.into();
        self.tracer.recorder.limits.cut_name(&mut self.event.severity_text);
        self
    }

    /// The event's body. A body beyond the limits is left out and counted as a dropped attribute.
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.event.set_body(body.into(), &self.tracer.recorder.limits);
        self
    }

    /// Sets an attribute; an earlier one of the same key is replaced.
    pub fn attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        self.event.set_attribute(key.into(), value.into(), &self.tracer.recorder.limits);
        self
    }

    /// Sets attributes, like [`Self::attribute`].
    pub fn attributes(mut self, attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        for attribute in attributes {
            self.event.set_attribute(attribute.key, attribute.value, &self.tracer.recorder.limits);
        }
        self
    }

    /// The span during which it happened.
    pub fn context(mut self, context: &SpanContext) -> Self {
        self.event.trace_id = context.trace_id;
        self.event.span_id = context.span_id;
        self.event.trace_flags = context.trace_flags;
        self
    }

    /// Unix nanoseconds at which it happened, if that is not now.
    pub fn time(mut self, unix_nanos: u64) -> Self {
        self.time = Some(unix_nanos);
        self
    }

    /// Records the event.
    pub fn emit(mut self) {
        let recorder = &self.tracer.recorder;
        if recorder.is_disabled {
            return;
        }
        self.event.observed_time = recorder.clock.unix_nanos();
        self.event.time = self.time.unwrap_or(self.event.observed_time);
        recorder.processor.on_event(&self.event, &recorder.origin);
    }
}
