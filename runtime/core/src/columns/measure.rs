//! What rows would take as columns of their own, measured without copying them: the mirror of `select`.

use super::{
    AttributeRow, Columns, EventRows, NestedRows, Owner, ResourceRows, ScopeRows, SpanEventRows, SpanLinkRows,
    SpanRows, kind, owned, pair, select::MAX_DEPTH,
};
use crate::signal::Signal;

/// A row that has attributes has a prefix sum among them.
const END: usize = size_of::<u32>();

impl Columns {
    /// The most that a row adds to the size of columns whose last row is `last`, or that have none. Exact as long as rows
    /// of one scope are neighbours.
    pub fn added_size(&self, signal: Signal, row: u32, last: Option<u32>) -> usize {
        let (scopes, size) = match signal {
            Signal::Spans | Signal::StartedSpans => (&self.spans.scope, self.span_size(row as usize)),
            Signal::Events => (&self.events.scope, self.event_size(row as usize)),
        };
        let scope = |row: u32| scopes.get(row as usize).copied();
        let resource = |row: u32| self.scopes.resource.get(scope(row)? as usize).copied();
        let mut size = size;
        if last.is_none_or(|last| scope(last) != scope(row)) {
            size += scope(row).map_or(0, |scope| self.scope_size(scope as usize));
        }
        if last.is_none_or(|last| resource(last) != resource(row)) {
            size += resource(row).map_or(0, |resource| self.resource_size(resource as usize));
        }
        size
    }

    /// The most bytes that a row's scope and resource take: columns that have the row have them too.
    pub fn most_surroundings(&self) -> usize {
        let scopes = self.scopes.resource.iter().enumerate();
        let sizes = scopes.map(|(scope, resource)| self.scope_size(scope) + self.resource_size(*resource as usize));
        sizes.max().unwrap_or(0)
    }

    fn span_size(&self, row: usize) -> usize {
        let from = &self.spans;
        let events = owned(&from.event_end, row).map(|event| {
            let name = text_size(&self.span_events.name, event);
            SpanEventRows::ROW_SIZE + name + self.attributes_size(Owner::SpanEvent, event)
        });
        let links = owned(&from.link_end, row).map(|link| {
            let trace_state = text_size(&self.span_links.trace_state, link);
            SpanLinkRows::ROW_SIZE + trace_state + self.attributes_size(Owner::SpanLink, link)
        });
        let texts = [&from.trace_state, &from.name, &from.status_message].map(|column| text_size(column, row));
        let nested = events.sum::<usize>() + links.sum::<usize>();
        SpanRows::ROW_SIZE + texts.iter().sum::<usize>() + nested + self.attributes_size(Owner::Span, row)
    }

    fn event_size(&self, row: usize) -> usize {
        let from = &self.events;
        let texts = text_size(&from.severity_text, row) + text_size(&from.name, row);
        let kind = from.body_type.get(row).copied().unwrap_or_default();
        let body = self.value_size(kind, pair(&from.body_value, row), 0);
        EventRows::ROW_SIZE + texts + body + self.attributes_size(Owner::Event, row)
    }

    fn scope_size(&self, row: usize) -> usize {
        let from = &self.scopes;
        let texts = [&from.name, &from.version, &from.schema_url].map(|column| text_size(column, row));
        ScopeRows::ROW_SIZE + texts.iter().sum::<usize>() + self.attributes_size(Owner::Scope, row)
    }

    fn resource_size(&self, row: usize) -> usize {
        let schema_url = text_size(&self.resources.schema_url, row);
        ResourceRows::ROW_SIZE + schema_url + self.attributes_size(Owner::Resource, row)
    }

    fn attributes_size(&self, owner: Owner, row: usize) -> usize {
        let table = self.attributes_of(owner);
        let sizes = owned(&table.end, row).map(|attribute| self.attribute_size(table.row(attribute), 0));
        END + sizes.sum::<usize>()
    }

    /// An attribute or a nested value: their tables have the same columns.
    fn attribute_size(&self, row: AttributeRow, depth: u32) -> usize {
        NestedRows::ROW_SIZE + row.key[1] as usize + self.value_size(row.kind, row.value, depth)
    }

    fn value_size(&self, kind: u8, value: [u32; 2], depth: u32) -> usize {
        match kind {
            kind::STRING | kind::BYTES => value[1] as usize,
            kind::ARRAY | kind::KEY_VALUE_LIST if depth < MAX_DEPTH => {
                self.elements(value).map(|row| self.attribute_size(self.nested_row(row), depth + 1)).sum()
            }
            _ => 0,
        }
    }
}

fn text_size(column: &[u32], row: usize) -> usize {
    pair(column, row)[1] as usize
}
