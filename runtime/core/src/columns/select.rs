//! Some rows of columns as columns of their own.
//!
//! Everything the rows need is copied and nothing else: the arenas of a small part are small, so its size is what it
//! keeps in memory, and an exporter that fetches its text does not fetch that of the whole. Text that rows share is
//! copied once per use.

use super::{AttributeRow, Columns, ColumnsBuilder, Owner, id_at, kind, owned, pair};
use crate::signal::Signal;

/// No value is nested more deeply.
pub(super) const MAX_DEPTH: u32 = 256;

/// Not copied yet.
const NONE: u32 = u32::MAX;

impl Columns {
    /// The rows of a signal in the order given. Rows that do not exist are ignored.
    pub fn select(&self, signal: Signal, rows: impl IntoIterator<Item = u32>) -> Columns {
        let mut selection = Selection {
            from: self,
            to: ColumnsBuilder::default(),
            scopes: vec![NONE; self.scopes.resource.len()],
            resources: vec![NONE; self.resources.dropped_attributes.len()],
        };
        for row in rows {
            match signal {
                Signal::Spans | Signal::StartedSpans => selection.span(row as usize),
                Signal::Events => selection.event(row as usize),
            }
        }
        selection.to.freeze()
    }
}

struct Selection<'a> {
    from: &'a Columns,
    to: ColumnsBuilder,
    /// The new row of each scope, or [`NONE`].
    scopes: Vec<u32>,
    /// The new row of each resource, or [`NONE`].
    resources: Vec<u32>,
}

impl Selection<'_> {
    fn span(&mut self, row: usize) {
        let from = &self.from.spans;
        let Some(scope) = from.scope.get(row) else { return };
        let scope = self.scope(*scope);
        for event in owned(&from.event_end, row) {
            self.span_event(event);
        }
        for link in owned(&from.link_end, row) {
            self.span_link(link);
        }
        let texts = [&from.trace_state, &from.name, &from.status_message].map(|column| self.text(column, row));
        let to = &mut self.to.spans;
        to.trace_id.extend_from_slice(&id_at::<16>(&from.trace_id, row));
        to.span_id.extend_from_slice(&id_at::<8>(&from.span_id, row));
        to.parent_span_id.extend_from_slice(&id_at::<8>(&from.parent_span_id, row));
        to.trace_state.extend_from_slice(&texts[0]);
        to.flags.push(word(&from.flags, row));
        to.name.extend_from_slice(&texts[1]);
        to.kind.push(word(&from.kind, row));
        to.start_time.extend_from_slice(&pair(&from.start_time, row));
        to.end_time.extend_from_slice(&pair(&from.end_time, row));
        to.status_code.push(word(&from.status_code, row));
        to.status_message.extend_from_slice(&texts[2]);
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        to.dropped_events.push(word(&from.dropped_events, row));
        to.dropped_links.push(word(&from.dropped_links, row));
        to.scope.push(scope);
        to.event_end.push(self.to.span_events.dropped_attributes.len() as u32);
        to.link_end.push(self.to.span_links.flags.len() as u32);
        self.attributes(Owner::Span, row);
    }

    fn span_event(&mut self, row: usize) {
        let from = &self.from.span_events;
        let name = self.text(&from.name, row);
        let to = &mut self.to.span_events;
        to.time.extend_from_slice(&pair(&from.time, row));
        to.name.extend_from_slice(&name);
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        self.attributes(Owner::SpanEvent, row);
    }

    fn span_link(&mut self, row: usize) {
        let from = &self.from.span_links;
        let trace_state = self.text(&from.trace_state, row);
        let to = &mut self.to.span_links;
        to.trace_id.extend_from_slice(&id_at::<16>(&from.trace_id, row));
        to.span_id.extend_from_slice(&id_at::<8>(&from.span_id, row));
        to.trace_state.extend_from_slice(&trace_state);
        to.flags.push(word(&from.flags, row));
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        self.attributes(Owner::SpanLink, row);
    }

    fn event(&mut self, row: usize) {
        let from = &self.from.events;
        let Some(scope) = from.scope.get(row) else { return };
        let scope = self.scope(*scope);
        let texts = [&from.severity_text, &from.name].map(|column| self.text(column, row));
        let body = self.value(word(&from.body_type, row), pair(&from.body_value, row), 0);
        let to = &mut self.to.events;
        to.time.extend_from_slice(&pair(&from.time, row));
        to.observed_time.extend_from_slice(&pair(&from.observed_time, row));
        to.severity_number.push(word(&from.severity_number, row));
        to.severity_text.extend_from_slice(&texts[0]);
        to.name.extend_from_slice(&texts[1]);
        to.body_type.push(word(&from.body_type, row));
        to.body_value.extend_from_slice(&body);
        to.trace_id.extend_from_slice(&id_at::<16>(&from.trace_id, row));
        to.span_id.extend_from_slice(&id_at::<8>(&from.span_id, row));
        to.flags.push(word(&from.flags, row));
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        to.scope.push(scope);
        self.attributes(Owner::Event, row);
    }

    /// The new row of a scope, copied when it is first met.
    fn scope(&mut self, row: u32) -> u32 {
        let from = &self.from.scopes;
        match self.scopes.get(row as usize) {
            None => return row,
            Some(&NONE) => {}
            Some(new) => return *new,
        }
        let resource = self.resource(word(&from.resource, row as usize));
        let row = row as usize;
        let texts = [&from.name, &from.version, &from.schema_url].map(|column| self.text(column, row));
        let to = &mut self.to.scopes;
        self.scopes[row] = to.resource.len() as u32;
        to.name.extend_from_slice(&texts[0]);
        to.version.extend_from_slice(&texts[1]);
        to.schema_url.extend_from_slice(&texts[2]);
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        to.resource.push(resource);
        self.attributes(Owner::Scope, row);
        self.scopes[row]
    }

    /// The new row of a resource, copied when it is first met.
    fn resource(&mut self, row: u32) -> u32 {
        let from = &self.from.resources;
        match self.resources.get(row as usize) {
            None => return row,
            Some(&NONE) => {}
            Some(new) => return *new,
        }
        let row = row as usize;
        let schema_url = self.text(&from.schema_url, row);
        let to = &mut self.to.resources;
        self.resources[row] = to.dropped_attributes.len() as u32;
        to.schema_url.extend_from_slice(&schema_url);
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        self.attributes(Owner::Resource, row);
        self.resources[row]
    }

    fn attributes(&mut self, owner: Owner, row: usize) {
        let table = self.from.attributes_of(owner);
        for attribute in owned(&table.end, row) {
            let AttributeRow { key, kind, value } = table.row(attribute);
            let key = self.to.push_text(self.from.text_at(key));
            let value = self.value(kind, value, 0);
            self.to.push_attribute_words(owner, key, kind, value);
        }
        self.to.end_attributes(owner);
    }

    fn text(&mut self, column: &[u32], row: usize) -> [u32; 2] {
        self.to.push_text(self.from.text_at(pair(column, row)))
    }

    fn value(&mut self, kind: u8, value: [u32; 2], depth: u32) -> [u32; 2] {
        match kind {
            kind::STRING => self.to.push_text(self.from.text_at(value)),
            kind::BYTES => self.to.push_bytes(self.from.bytes_at(value)),
            kind::ARRAY | kind::KEY_VALUE_LIST if depth < MAX_DEPTH => {
                let rows = self.from.elements(value);
                let count = rows.len();
                let first = self.to.reserve_nested(count);
                for (row, old) in rows.enumerate() {
                    let AttributeRow { key, kind, value } = self.from.nested_row(old);
                    let key = self.to.push_text(self.from.text_at(key));
                    let value = self.value(kind, value, depth + 1);
                    self.to.set_nested(first as usize + row, key, kind, value);
                }
                [first, count as u32]
            }
            kind::ARRAY | kind::KEY_VALUE_LIST => [0, 0],
            _ => value,
        }
    }
}

fn word<T: Copy + Default>(column: &[T], row: usize) -> T {
    column.get(row).copied().unwrap_or_default()
}
