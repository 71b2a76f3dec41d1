//! The events signal: OpenTelemetry events, that is log records with an event name, on their own or inside a trace.

use crate::{
    attribute::{Key, Value},
    context::{SpanId, TraceFlags, TraceId},
    limits::SpanLimits,
    span::AttributeSet,
};

/// OTLP's `SeverityNumber`: 1 to 24, four steps to each of six names; 0 means unspecified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Severity(pub u8);

#[expect(missing_docs, reason = "the names say it")]
impl Severity {
    pub const UNSPECIFIED: Self = Self(0);
    pub const TRACE: Self = Self(1);
    pub const DEBUG: Self = Self(5);
    pub const INFO: Self = Self(9);
    pub const WARN: Self = Self(13);
    pub const ERROR: Self = Self(17);
    pub const FATAL: Self = Self(21);
}

/// The record of one event.
#[derive(Debug, Default)]
pub struct EventData {
    /// What kind of event; tells exporters what the attributes mean.
    pub name: Key,
    /// When it happened, Unix nanoseconds; 0 if unknown.
    pub time: u64,
    /// When it was recorded, Unix nanoseconds.
    pub observed_time: u64,
    /// How bad it is.
    pub severity: Severity,
    /// The same in the words of the source, or empty.
    pub severity_text: Key,
    /// Anything.
    pub body: Value,
    /// The trace it belongs to, invalid if none.
    pub trace_id: TraceId,
    /// The span it belongs to, invalid if none.
    pub span_id: SpanId,
    /// The flags of that span.
    pub trace_flags: TraceFlags,
    /// Its attributes.
    pub attributes: AttributeSet,
}

impl EventData {
    /// Estimated bytes in columns: an upper bound, but for the resource and the scope.
    pub fn size(&self) -> usize {
        /// Every column of the event table, and the prefix sum of attributes.
        const ROW_BYTES: usize = 8 + 8 + 4 + 8 + 8 + 1 + 8 + 16 + 8 + 4 + 4 + 4 + 4;
        ROW_BYTES + self.name.len() + self.severity_text.len() + self.attributes.bytes
    }

    pub(crate) fn set_attribute(&mut self, key: Key, value: Value, limits: &SpanLimits) {
        self.attributes.set(key, value, limits);
    }

    /// A body that is nested too deeply or too large is left out and counted as an attribute.
    pub(crate) fn set_body(&mut self, mut body: Value, limits: &SpanLimits) {
        match limits.cut_value(&mut body) {
            Some(size) if self.attributes.bytes + size <= limits.span_bytes => {
                self.attributes.bytes += size;
                self.body = body;
            }
            _ => self.attributes.count_dropped(),
        }
    }
}
