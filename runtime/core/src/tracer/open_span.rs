//! A span that is being recorded.

use std::sync::Arc;

use super::builder::Recorder;
use crate::{
    attribute::KeyValue,
    clock::Reading,
    context::{SpanId, TraceFlags, TraceId},
    span::{SpanData, SpanKind},
};

/// What is recorded, who records, and since when.
pub(super) struct OpenSpan {
    pub(super) data: SpanData,
    pub(super) recorder: Arc<Recorder>,
    /// Monotonic nanoseconds at the start.
    pub(super) started: u64,
    pub(super) is_ended: bool,
}

impl OpenSpan {
    /// What every span begins with. The box was empty.
    #[inline(always)]
    pub(super) fn begin(&mut self, reading: Reading, trace_id: TraceId, span_id: SpanId, kind: SpanKind) {
        self.started = reading.monotonic_nanos;
        let context = &mut self.data.context;
        // One by one: written elsewhere and moved here, the trace id would be written as two halves and read as a whole at
        // once, for which the processor waits.
        context.trace_id = trace_id;
        context.span_id = span_id;
        context.trace_flags = TraceFlags::SAMPLED;
        context.is_remote = false;
        self.data.kind = kind;
    }

    #[inline(never)]
    pub(super) fn set_attributes(&mut self, attributes: &mut impl Iterator<Item = KeyValue>) {
        // Not a `for` loop: that moves every attribute of an array twice.
        attributes.for_each(|attribute| self.data.set_attribute(attribute.key, attribute.value, &self.recorder.limits));
    }

    /// Now, in Unix nanoseconds: the start and the monotonic time since, so that setting the machine's clock changes no
    /// duration, and a span that was given an earlier start goes on from there.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        let elapsed = self.recorder.clock.monotonic_nanos().saturating_sub(self.started);
        self.data.start_time.saturating_add(elapsed)
    }

    /// Hands the span to the processor, once.
    #[inline]
    pub(super) fn end_at(&mut self, unix_nanos: u64) {
        if self.is_ended {
            self.recorder.count_late();
            return;
        }
        self.is_ended = true;
        self.data.end_time = unix_nanos.max(self.data.start_time);
        self.recorder.processor.on_end(&self.data, &self.recorder.origin);
        self.recorder.live.leave();
    }
}
