//! Spans and events as a test writes them down.

use super::Value;
use crate::{SpanId, SpanKind, StatusCode, TraceId};

pub(crate) type Attribute = (String, Value);

/// A span of a fixture. Times are Unix nanoseconds.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "as in `SpanView`")]
pub struct Span {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub parent_span_id: SpanId,
    pub trace_state: String,
    pub flags: u32,
    pub name: String,
    pub kind: SpanKind,
    pub start_time: u64,
    pub end_time: u64,
    pub status_code: StatusCode,
    pub status_message: String,
    pub dropped_attributes: u32,
    pub dropped_events: u32,
    pub dropped_links: u32,
    pub attributes: Vec<Attribute>,
    pub events: Vec<Event>,
    pub links: Vec<Link>,
}

impl Span {
    /// A root with ids of repeated bytes: trace `01` times 16, span `id` times 8.
    pub fn new(name: &str, id: u8) -> Self {
        Self {
            name: name.to_owned(),
            trace_id: TraceId([1; 16]),
            span_id: SpanId([id; 8]),
            start_time: 1_700_000_000_000_000_000,
            end_time: 1_700_000_000_000_000_000,
            ..Self::default()
        }
    }

    /// Of the trace whose id repeats this byte.
    pub fn trace(mut self, id: u8) -> Self {
        self.trace_id = TraceId([id; 16]);
        self
    }

    /// A child of the span whose id repeats this byte.
    pub fn parent(mut self, id: u8) -> Self {
        self.parent_span_id = SpanId([id; 8]);
        self
    }

    /// Starts this long after 1,700,000,000 s, and lasts this long: both in nanoseconds.
    pub fn time(mut self, offset: u64, duration: u64) -> Self {
        self.start_time = 1_700_000_000_000_000_000 + offset;
        self.end_time = self.start_time + duration;
        self
    }

    /// Of this kind.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.kind = kind;
        self
    }

    /// With this status.
    pub fn status(mut self, code: StatusCode, message: &str) -> Self {
        (self.status_code, self.status_message) = (code, message.to_owned());
        self
    }

    /// With this attribute.
    pub fn attribute(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.attributes.push((key.to_owned(), value.into()));
        self
    }

    /// With this event, `offset` nanoseconds after the start.
    pub fn event(mut self, offset: u64, name: &str, attributes: &[(&str, Value)]) -> Self {
        self.events.push(Event {
            time: self.start_time + offset,
            name: name.to_owned(),
            attributes: attributes.iter().map(|(key, value)| (key.to_string(), value.clone())).collect(),
            ..Event::default()
        });
        self
    }

    /// With this link.
    pub fn link(mut self, link: Link) -> Self {
        self.links.push(link);
        self
    }
}

/// A link of a fixture.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "as in `LinkView`")]
pub struct Link {
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub trace_state: String,
    pub flags: u32,
    pub dropped_attributes: u32,
    pub attributes: Vec<Attribute>,
}

/// An event of a fixture: inside a span (time, name, attributes and their dropped count), or of the events signal.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "as in `EventView`")]
pub struct Event {
    pub time: u64,
    pub observed_time: u64,
    pub severity_number: u32,
    pub severity_text: String,
    pub name: String,
    pub body: Value,
    pub trace_id: TraceId,
    pub span_id: SpanId,
    pub flags: u32,
    pub dropped_attributes: u32,
    pub attributes: Vec<Attribute>,
}

impl Event {
    /// An event at 1,700,000,000 s.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), time: 1_700_000_000_000_000_000, ..Self::default() }
    }

    /// With this body.
    pub fn body(mut self, body: impl Into<Value>) -> Self {
        self.body = body.into();
        self
    }

    /// With this severity.
    pub fn severity(mut self, number: u32, text: &str) -> Self {
        (self.severity_number, self.severity_text) = (number, text.to_owned());
        self
    }

    /// With this attribute.
    pub fn attribute(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.attributes.push((key.to_owned(), value.into()));
        self
    }
}
