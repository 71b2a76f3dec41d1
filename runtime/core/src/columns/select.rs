//! Some rows of columns as columns of their own, whole or as far as a sieve lets them through.
//!
//! Everything the rows need is copied and nothing else: the arenas of a small part are small, so its size is what it
//! keeps in memory, and an exporter that fetches its text does not fetch that of the whole. Text that rows share is
//! copied once per use.

use super::{AttributeRow, Column, Columns, ColumnsBuilder, Owner, id_at, kind, owned, pair};
use crate::signal::Signal;

/// No value is nested more deeply.
pub(crate) const MAX_DEPTH: u32 = 256;

/// Not copied yet.
const NONE: u32 = u32::MAX;

/// What becomes of an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is copied.
    Kept,
    /// Its value is replaced by [`Sieve::hash`].
    Hashed,
    /// It is left out.
    LeftOut,
}

/// Decides what is copied. Rows stay rows: what is not let through is zero or empty there, and tables inside rows have no
/// rows.
pub(crate) trait Sieve {
    /// Whether a column is let through.
    fn lets(&self, column: Column) -> bool;

    /// What becomes of an attribute with this key. Asked once for each that is in a column that is let through.
    fn fate(&mut self, key: &str) -> Fate;

    /// The text in place of a value.
    fn hash(&self, columns: &Columns, kind: u8, value: [u32; 2]) -> String;
}

/// Everything is let through.
struct Open;

impl Sieve for Open {
    #[inline]
    fn lets(&self, _: Column) -> bool {
        true
    }

    #[inline]
    fn fate(&mut self, _: &str) -> Fate {
        Fate::Kept
    }

    fn hash(&self, _: &Columns, _: u8, _: [u32; 2]) -> String {
        String::new()
    }
}

impl Columns {
    /// The rows of a signal in the order given. Rows that do not exist are ignored.
    pub fn select(&self, signal: Signal, rows: impl IntoIterator<Item = u32>) -> Columns {
        self.sift(signal, rows, &mut Open)
    }

    /// As [`Self::select`], with what the sieve lets through.
    pub(crate) fn sift(&self, signal: Signal, rows: impl IntoIterator<Item = u32>, sieve: &mut impl Sieve) -> Columns {
        let mut selection = Selection {
            from: self,
            to: ColumnsBuilder::default(),
            sieve,
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

struct Selection<'a, S> {
    from: &'a Columns,
    to: ColumnsBuilder,
    sieve: &'a mut S,
    /// The new row of each scope, or [`NONE`].
    scopes: Vec<u32>,
    /// The new row of each resource, or [`NONE`].
    resources: Vec<u32>,
}

impl<S: Sieve> Selection<'_, S> {
    fn span(&mut self, row: usize) {
        let from = &self.from.spans;
        let Some(scope) = from.scope.get(row) else { return };
        let scope = self.scope(*scope);
        if self.sieve.lets(Column::SpanEvents) {
            owned(&from.event_end, row).for_each(|event| self.span_event(event));
        }
        if self.sieve.lets(Column::SpanLinks) {
            owned(&from.link_end, row).for_each(|link| self.span_link(link));
        }
        let texts = [
            (Column::TraceState, &from.trace_state),
            (Column::Name, &from.name),
            (Column::StatusMessage, &from.status_message),
        ];
        let texts = texts.map(|(name, column)| self.text(name, column, row));
        let (to, sieve) = (&mut self.to.spans, &*self.sieve);
        to.trace_id.extend_from_slice(&let_through(sieve, Column::TraceId, id_at::<16>(&from.trace_id, row)));
        to.span_id.extend_from_slice(&let_through(sieve, Column::SpanId, id_at::<8>(&from.span_id, row)));
        let parent = id_at::<8>(&from.parent_span_id, row);
        to.parent_span_id.extend_from_slice(&let_through(sieve, Column::ParentSpanId, parent));
        to.trace_state.extend_from_slice(&texts[0]);
        to.flags.push(let_through(sieve, Column::Flags, word(&from.flags, row)));
        to.name.extend_from_slice(&texts[1]);
        to.kind.push(let_through(sieve, Column::Kind, word(&from.kind, row)));
        to.start_time.extend_from_slice(&let_through(sieve, Column::Time, pair(&from.start_time, row)));
        to.end_time.extend_from_slice(&let_through(sieve, Column::Time, pair(&from.end_time, row)));
        to.status_code.push(let_through(sieve, Column::StatusCode, word(&from.status_code, row)));
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
        let name = self.text(Column::Name, &from.name, row);
        let (to, sieve) = (&mut self.to.span_events, &*self.sieve);
        to.time.extend_from_slice(&let_through(sieve, Column::Time, pair(&from.time, row)));
        to.name.extend_from_slice(&name);
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        self.attributes(Owner::SpanEvent, row);
    }

    fn span_link(&mut self, row: usize) {
        let from = &self.from.span_links;
        let trace_state = self.text(Column::TraceState, &from.trace_state, row);
        let (to, sieve) = (&mut self.to.span_links, &*self.sieve);
        to.trace_id.extend_from_slice(&let_through(sieve, Column::TraceId, id_at::<16>(&from.trace_id, row)));
        to.span_id.extend_from_slice(&let_through(sieve, Column::SpanId, id_at::<8>(&from.span_id, row)));
        to.trace_state.extend_from_slice(&trace_state);
        to.flags.push(let_through(sieve, Column::Flags, word(&from.flags, row)));
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        self.attributes(Owner::SpanLink, row);
    }

    fn event(&mut self, row: usize) {
        let from = &self.from.events;
        let Some(scope) = from.scope.get(row) else { return };
        let scope = self.scope(*scope);
        let texts = [(Column::Severity, &from.severity_text), (Column::Name, &from.name)];
        let texts = texts.map(|(name, column)| self.text(name, column, row));
        let body_type = let_through(self.sieve, Column::Body, word(&from.body_type, row));
        let body = let_through(self.sieve, Column::Body, pair(&from.body_value, row));
        let body = self.value(body_type, body, 0);
        let (to, sieve) = (&mut self.to.events, &*self.sieve);
        to.time.extend_from_slice(&let_through(sieve, Column::Time, pair(&from.time, row)));
        to.observed_time.extend_from_slice(&let_through(sieve, Column::Time, pair(&from.observed_time, row)));
        to.severity_number.push(let_through(sieve, Column::Severity, word(&from.severity_number, row)));
        to.severity_text.extend_from_slice(&texts[0]);
        to.name.extend_from_slice(&texts[1]);
        to.body_type.push(body_type);
        to.body_value.extend_from_slice(&body);
        to.trace_id.extend_from_slice(&let_through(sieve, Column::TraceId, id_at::<16>(&from.trace_id, row)));
        to.span_id.extend_from_slice(&let_through(sieve, Column::SpanId, id_at::<8>(&from.span_id, row)));
        to.flags.push(let_through(sieve, Column::Flags, word(&from.flags, row)));
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
        let texts = [&from.name, &from.version, &from.schema_url];
        let texts = texts.map(|column| self.text(Column::Scope, column, row));
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
        let schema_url = self.text(Column::Resource, &from.schema_url, row);
        let to = &mut self.to.resources;
        self.resources[row] = to.dropped_attributes.len() as u32;
        to.schema_url.extend_from_slice(&schema_url);
        to.dropped_attributes.push(word(&from.dropped_attributes, row));
        self.attributes(Owner::Resource, row);
        self.resources[row]
    }

    fn attributes(&mut self, owner: Owner, row: usize) {
        let table = self.from.attributes_of(owner);
        let column = match owner {
            Owner::Span | Owner::SpanEvent | Owner::SpanLink | Owner::Event => Column::Attributes,
            Owner::Scope => Column::Scope,
            Owner::Resource => Column::Resource,
        };
        let attributes = if self.sieve.lets(column) { owned(&table.end, row) } else { 0..0 };
        for attribute in attributes {
            self.attribute(owner, table.row(attribute));
        }
        self.to.end_attributes(owner);
    }

    fn attribute(&mut self, owner: Owner, AttributeRow { key, kind, value }: AttributeRow) {
        let key = self.from.text_at(key);
        match self.sieve.fate(key) {
            Fate::Kept => {
                let key = self.to.push_text(key);
                let value = self.value(kind, value, 0);
                self.to.push_attribute_words(owner, key, kind, value);
            }
            Fate::Hashed => {
                let key = self.to.push_text(key);
                let hash = self.sieve.hash(self.from, kind, value);
                let value = self.to.push_text(&hash);
                self.to.push_attribute_words(owner, key, kind::STRING, value);
            }
            Fate::LeftOut => {}
        }
    }

    fn text(&mut self, name: Column, column: &[u32], row: usize) -> [u32; 2] {
        if !self.sieve.lets(name) {
            return [0, 0];
        }
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

/// The value, or nothing of it.
#[inline]
fn let_through<T: Default>(sieve: &impl Sieve, column: Column, value: T) -> T {
    if sieve.lets(column) { value } else { T::default() }
}

fn word<T: Copy + Default>(column: &[T], row: usize) -> T {
    column.get(row).copied().unwrap_or_default()
}
