//! Telemetry in columns: a struct of arrays with one text arena, the form in which exporters read a batch.
//!
//! Complete: OTLP to columns and back is the identity, unknown protobuf fields and `Resource.entity_refs` excepted.

mod append;
mod counts;
mod groups;
mod push;
mod read;
mod select;
mod table;
mod tables;

pub use counts::Counts;
pub use groups::Groups;
pub use push::{MAX_RECORDED_DEPTH, join_words, kind, pair, push_u64, u64_at, words};
pub use read::{AttributeRow, id_at, owned};
pub use tables::*;

use std::sync::Arc;

/// Whose attributes a table holds. The order is that of `owner` in `wit/v0.1/batch.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Owner {
    Span,
    SpanEvent,
    SpanLink,
    Scope,
    Resource,
    Event,
}

impl Owner {
    /// How many kinds of owner there are.
    pub const COUNT: usize = 6;
}

/// Columns that grow: the tables of any signal, those of other signals staying empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ColumnsBuilder {
    /// The arena that text references point into.
    pub text: String,
    /// The arena for values of type bytes.
    pub bytes: Vec<u8>,
    /// Ended or started spans.
    pub spans: SpanRows,
    /// Events inside spans.
    pub span_events: SpanEventRows,
    /// Links of spans.
    pub span_links: SpanLinkRows,
    /// The events signal.
    pub events: EventRows,
    /// Instrumentation scopes.
    pub scopes: ScopeRows,
    /// Resources.
    pub resources: ResourceRows,
    /// One table per kind of owner, indexed by [`Owner`].
    pub attributes: [AttributeRows; Owner::COUNT],
    /// Elements of arrays and key-value lists.
    pub nested: NestedRows,
}

/// Columns, frozen and shared. Cloning copies pointers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Columns {
    /// The arena that text references point into.
    pub text: Arc<String>,
    /// True if `text` is ASCII.
    pub text_is_ascii: bool,
    /// The arena for values of type bytes.
    pub bytes: Arc<Vec<u8>>,
    /// Ended or started spans.
    pub spans: SpanTable,
    /// Events inside spans.
    pub span_events: SpanEventTable,
    /// Links of spans.
    pub span_links: SpanLinkTable,
    /// The events signal.
    pub events: EventTable,
    /// Instrumentation scopes.
    pub scopes: ScopeTable,
    /// Resources.
    pub resources: ResourceTable,
    /// One table per kind of owner, indexed by [`Owner`].
    pub attributes: [AttributeTable; Owner::COUNT],
    /// Elements of arrays and key-value lists.
    pub nested: NestedTable,
}

impl ColumnsBuilder {
    /// Shares the columns; no row can be added afterwards.
    pub fn freeze(self) -> Columns {
        Columns {
            text_is_ascii: self.text.is_ascii(),
            text: Arc::new(self.text),
            bytes: Arc::new(self.bytes),
            spans: self.spans.freeze(),
            span_events: self.span_events.freeze(),
            span_links: self.span_links.freeze(),
            events: self.events.freeze(),
            scopes: self.scopes.freeze(),
            resources: self.resources.freeze(),
            attributes: self.attributes.map(AttributeRows::freeze),
            nested: self.nested.freeze(),
        }
    }

    /// Bytes in use by rows and arenas.
    pub fn size(&self) -> usize {
        self.text.len()
            + self.bytes.len()
            + self.spans.size()
            + self.span_events.size()
            + self.span_links.size()
            + self.events.size()
            + self.scopes.size()
            + self.resources.size()
            + self.attributes.iter().map(AttributeRows::size).sum::<usize>()
            + self.nested.size()
    }
}
