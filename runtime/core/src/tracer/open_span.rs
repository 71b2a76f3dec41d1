//! A span that is being recorded.

use std::sync::Arc;

use super::builder::Recorder;
use crate::span::SpanData;

/// What is recorded, who records, and since when.
pub(super) struct OpenSpan {
    pub(super) data: SpanData,
    pub(super) recorder: Arc<Recorder>,
    /// Monotonic nanoseconds at the start.
    pub(super) started: u64,
    pub(super) is_ended: bool,
}

impl OpenSpan {
    /// Now, in Unix nanoseconds: the start and the monotonic time since, so that setting the machine's clock changes no
    /// duration, and a span that was given an earlier start goes on from there.
    pub(super) fn now(&self) -> u64 {
        let elapsed = self.recorder.clock.monotonic_nanos().saturating_sub(self.started);
        self.data.start_time.saturating_add(elapsed)
    }

    /// Hands the span to the processor, once.
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
