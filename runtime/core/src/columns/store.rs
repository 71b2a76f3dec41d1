//! All tables of a batch together, growing and frozen.

use std::sync::Arc;

use super::{owner::Owner, tables::*};

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
