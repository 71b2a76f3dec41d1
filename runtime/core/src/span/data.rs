//! The record of one span.

use super::{AttributeSet, SpanEvents, SpanLinks};
use crate::{
    attribute::{Key, KeyValue, Value},
    context::{SpanContext, SpanId},
    limits::SpanLimits,
};

/// What role a span plays. The numbers are those of OTLP's `SpanKind`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SpanKind {
    #[default]
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

/// How a span ended. `Ok` is the last word; `Unset` never replaces anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nobody said.
    #[default]
    Unset,
    /// The application says that it went well.
    Ok,
    /// It failed.
    Error {
        /// For a person; may be empty.
        description: Key,
    },
}

impl Status {
    /// It failed, and this is why.
    pub fn error(description: impl Into<Key>) -> Self {
        Self::Error { description: description.into() }
    }

    /// OTLP's `StatusCode`.
    pub fn code(&self) -> u8 {
        match self {
            Self::Unset => 0,
            Self::Ok => 1,
            Self::Error { .. } => 2,
        }
    }

    /// The description of an error, otherwise empty.
    pub fn description(&self) -> &str {
        match self {
            Self::Error { description } => description,
            Self::Unset | Self::Ok => "",
        }
    }
}

/// The record of one span. Its memory is used again: copy what is to be kept.
#[derive(Debug, Default)]
pub struct SpanData {
    /// Ids, flags and trace state.
    pub context: SpanContext,
    /// The parent's id, invalid for a root.
    pub parent_span_id: SpanId,
    /// Whether the parent is in another process.
    pub parent_is_remote: bool,
    /// What the span does.
    pub name: Key,
    /// What role it plays.
    pub kind: SpanKind,
    /// Unix nanoseconds.
    pub start_time: u64,
    /// Unix nanoseconds, not before the start; 0 while the span is running.
    pub end_time: u64,
    /// How it ended.
    pub status: Status,
    /// Its attributes.
    pub attributes: AttributeSet,
    /// What happened during it.
    pub events: SpanEvents,
    /// What else it has to do with.
    pub links: SpanLinks,
}

impl SpanData {
    /// Estimated bytes in columns: an upper bound, but for the resource and the scope.
    #[inline]
    pub fn size(&self) -> usize {
        /// Every column of the span table, and the prefix sum of attributes.
        const ROW_BYTES: usize = 16 + 8 + 8 + 8 + 4 + 8 + 1 + 8 + 8 + 1 + 8 + 4 + 4 + 4 + 4 + 4 + 4 + 4;
        ROW_BYTES
            + self.name.len()
            + self.context.trace_state.as_str().len()
            + self.status.description().len()
            + self.attributes.bytes
    }

    #[inline(always)]
    pub(crate) fn set_attribute(&mut self, key: Key, value: Value, limits: &SpanLimits) {
        self.attributes.set(key, value, limits);
    }

    pub(crate) fn add_event(
        &mut self,
        unix_nanos: u64,
        name: Key,
        attributes: impl IntoIterator<Item = KeyValue>,
        limits: &SpanLimits,
    ) {
        self.events.add(unix_nanos, name, attributes, limits, &mut self.attributes.bytes);
    }

    pub(crate) fn add_link(
        &mut self,
        context: SpanContext,
        attributes: impl IntoIterator<Item = KeyValue>,
        limits: &SpanLimits,
    ) {
        self.links.add(context, attributes, limits, &mut self.attributes.bytes);
    }

    /// Source: OpenTelemetry specification, "Set Status".
    pub(crate) fn set_status(&mut self, status: Status, limits: &SpanLimits) {
        if self.status == Status::Ok || status == Status::Unset {
            return;
        }
        self.status = status;
        if let Status::Error { description } = &mut self.status {
            limits.cut_name(description);
        }
    }

    /// Forgets everything and keeps a reasonable amount of memory.
    #[inline]
    pub(crate) fn reset(&mut self) {
        self.context = SpanContext::default();
        self.name = Key::default();
        self.status = Status::Unset;
        self.attributes.reset();
        if self.events.is_used() {
            self.events.reset();
        }
        if self.links.is_used() {
            self.links.reset();
        }
        self.end_time = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_is_the_last_word_about_a_span_and_unset_is_none() {
        let limits = SpanLimits { name_length: 4, ..SpanLimits::default() };
        let mut span = SpanData::default();
        span.set_status(Status::error("too long"), &limits);
        span.set_status(Status::Unset, &limits);
        assert_eq!(span.status, Status::error("too "));
        span.set_status(Status::Ok, &limits);
        span.set_status(Status::error("late"), &limits);
        assert_eq!(span.status, Status::Ok);
    }
}
