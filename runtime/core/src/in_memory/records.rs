//! What is kept: owned records.

use std::{sync::Arc, time::Duration};

use crate::{
    attribute::{KeyValue, Value},
    context::{SpanContext, SpanId, TraceFlags, TraceId},
    event::Severity,
    resource::Resource,
    scope::InstrumentationScope,
    span::{SpanKind, Status},
};

/// One span.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanRecord {
    /// Ids, flags and trace state.
    pub context: SpanContext,
    /// The parent's id, invalid for a root.
    pub parent_span_id: SpanId,
    /// Whether the parent is in another process.
    pub parent_is_remote: bool,
    /// What the span does.
    pub name: String,
    /// What role it plays.
    pub kind: SpanKind,
    /// Unix nanoseconds.
    pub start_time: u64,
    /// Unix nanoseconds; 0 for a span that has only started.
    pub end_time: u64,
    /// Its attributes.
    pub attributes: Vec<KeyValue>,
    /// What happened during it.
    pub events: Vec<SpanEventRecord>,
    /// What else it has to do with.
    pub links: Vec<SpanLinkRecord>,
    /// How it ended.
    pub status: Status,
    /// Attributes left out because of the limits.
    pub dropped_attributes: u32,
    /// Events left out because of the limits.
    pub dropped_events: u32,
    /// Links left out because of the limits.
    pub dropped_links: u32,
    /// The process that it is of.
    pub resource: Arc<Resource>,
    /// The part of that process.
    pub scope: Arc<InstrumentationScope>,
}

/// Something that happened during a span.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanEventRecord {
    /// Unix nanoseconds.
    pub time: u64,
    /// What happened.
    pub name: String,
    /// Its attributes.
    pub attributes: Vec<KeyValue>,
    /// Attributes left out because of the limits.
    pub dropped_attributes: u32,
}

/// A span that another has to do with.
#[derive(Clone, Debug, PartialEq)]
pub struct SpanLinkRecord {
    /// That span.
    pub context: SpanContext,
    /// The link's attributes.
    pub attributes: Vec<KeyValue>,
    /// Attributes left out because of the limits.
    pub dropped_attributes: u32,
}

/// One event of the events signal.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRecord {
    /// What kind of event.
    pub name: String,
    /// When it happened, Unix nanoseconds; 0 if unknown.
    pub time: u64,
    /// When it was recorded, Unix nanoseconds.
    pub observed_time: u64,
    /// How bad it is.
    pub severity: Severity,
    /// The same in the words of the source, or empty.
    pub severity_text: String,
    /// Anything.
    pub body: Value,
    /// The trace it belongs to, invalid if none.
    pub trace_id: TraceId,
    /// The span it belongs to, invalid if none.
    pub span_id: SpanId,
    /// The flags of that span.
    pub trace_flags: TraceFlags,
    /// Its attributes.
    pub attributes: Vec<KeyValue>,
    /// Attributes left out because of the limits.
    pub dropped_attributes: u32,
    /// The process that it is of.
    pub resource: Arc<Resource>,
    /// The part of that process.
    pub scope: Arc<InstrumentationScope>,
}

fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|attribute| attribute.key == key).map(|attribute| &attribute.value)
}

impl SpanRecord {
    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.attributes, key)
    }

    /// The first event of this name.
    pub fn event(&self, name: &str) -> Option<&SpanEventRecord> {
        self.events.iter().find(|event| event.name == name)
    }

    /// How long it took; zero for a span that has only started.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.end_time.saturating_sub(self.start_time))
    }

    /// Whether it has no parent, in this process or another.
    pub fn is_root(&self) -> bool {
        !self.parent_span_id.is_valid()
    }

    /// Whether it is a child of the other: same trace, and the other's id as its parent's.
    pub fn is_child_of(&self, other: &SpanRecord) -> bool {
        self.context.trace_id == other.context.trace_id && self.parent_span_id == other.context.span_id
    }
}

impl SpanEventRecord {
    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.attributes, key)
    }
}

impl SpanLinkRecord {
    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.attributes, key)
    }
}

impl EventRecord {
    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        find(&self.attributes, key)
    }
}
