//! Appending columns to columns: one copy per column, then references, rows and prefix sums are moved up.

use super::{AttributeRows, ColumnsBuilder, NestedRows, kind};

/// Where the appended rows and texts begin.
struct Base {
    text: u32,
    bytes: u32,
    nested: u32,
    scopes: u32,
    resources: u32,
}

impl ColumnsBuilder {
    /// Appends every row of `other`. If `other` has no scopes of its own, the scope numbers of its rows mean scopes of
    /// `self` and stay as they are; likewise for resources. The arenas together must be below 4 GiB, which the limits
    /// on queues and batches see to.
    pub fn append(&mut self, other: &Self) {
        debug_assert!(self.text.len() + other.text.len() <= u32::MAX as usize, "the text arena exceeds 4 GiB");
        debug_assert!(self.bytes.len() + other.bytes.len() <= u32::MAX as usize, "the byte arena exceeds 4 GiB");
        let base = Base {
            text: self.text.len() as u32,
            bytes: self.bytes.len() as u32,
            nested: self.nested.kind.len() as u32,
            scopes: if other.scopes.resource.is_empty() { 0 } else { self.scopes.resource.len() as u32 },
            resources: if other.resources.schema_url.is_empty() {
                0
            } else {
                self.resources.dropped_attributes.len() as u32
            },
        };
        self.text.push_str(&other.text);
        self.bytes.extend_from_slice(&other.bytes);
        self.append_spans(other, &base);
        self.append_events(other, &base);
        self.append_groups(other, &base);
        for (rows, more) in self.attributes.iter_mut().zip(&other.attributes) {
            append_attributes(rows, more, &base);
        }
        append_nested(&mut self.nested, &other.nested, &base);
    }

    fn append_spans(&mut self, other: &Self, base: &Base) {
        let (rows, more) = (&mut self.spans, &other.spans);
        let (events, links) = (self.span_events.dropped_attributes.len(), self.span_links.flags.len());
        rows.trace_id.extend_from_slice(&more.trace_id);
        rows.span_id.extend_from_slice(&more.span_id);
        rows.parent_span_id.extend_from_slice(&more.parent_span_id);
        extend_texts(&mut rows.trace_state, &more.trace_state, base.text);
        rows.flags.extend_from_slice(&more.flags);
        extend_texts(&mut rows.name, &more.name, base.text);
        rows.kind.extend_from_slice(&more.kind);
        rows.start_time.extend_from_slice(&more.start_time);
        rows.end_time.extend_from_slice(&more.end_time);
        rows.status_code.extend_from_slice(&more.status_code);
        extend_texts(&mut rows.status_message, &more.status_message, base.text);
        rows.dropped_attributes.extend_from_slice(&more.dropped_attributes);
        rows.dropped_events.extend_from_slice(&more.dropped_events);
        rows.dropped_links.extend_from_slice(&more.dropped_links);
        extend_rows(&mut rows.scope, &more.scope, base.scopes);
        extend_rows(&mut rows.event_end, &more.event_end, events as u32);
        extend_rows(&mut rows.link_end, &more.link_end, links as u32);

        let (rows, more) = (&mut self.span_events, &other.span_events);
        rows.time.extend_from_slice(&more.time);
        extend_texts(&mut rows.name, &more.name, base.text);
        rows.dropped_attributes.extend_from_slice(&more.dropped_attributes);

        let (rows, more) = (&mut self.span_links, &other.span_links);
        rows.trace_id.extend_from_slice(&more.trace_id);
        rows.span_id.extend_from_slice(&more.span_id);
        extend_texts(&mut rows.trace_state, &more.trace_state, base.text);
        rows.flags.extend_from_slice(&more.flags);
        rows.dropped_attributes.extend_from_slice(&more.dropped_attributes);
    }

    fn append_events(&mut self, other: &Self, base: &Base) {
        let (rows, more) = (&mut self.events, &other.events);
        rows.time.extend_from_slice(&more.time);
        rows.observed_time.extend_from_slice(&more.observed_time);
        rows.severity_number.extend_from_slice(&more.severity_number);
        extend_texts(&mut rows.severity_text, &more.severity_text, base.text);
        extend_texts(&mut rows.name, &more.name, base.text);
        rows.body_type.extend_from_slice(&more.body_type);
        extend_values(&mut rows.body_value, &more.body_value, &more.body_type, base);
        rows.trace_id.extend_from_slice(&more.trace_id);
        rows.span_id.extend_from_slice(&more.span_id);
        rows.flags.extend_from_slice(&more.flags);
        rows.dropped_attributes.extend_from_slice(&more.dropped_attributes);
        extend_rows(&mut rows.scope, &more.scope, base.scopes);
    }

    fn append_groups(&mut self, other: &Self, base: &Base) {
        let (rows, more) = (&mut self.scopes, &other.scopes);
        extend_texts(&mut rows.name, &more.name, base.text);
        extend_texts(&mut rows.version, &more.version, base.text);
        extend_texts(&mut rows.schema_url, &more.schema_url, base.text);
        rows.dropped_attributes.extend_from_slice(&more.dropped_attributes);
        extend_rows(&mut rows.resource, &more.resource, base.resources);

        let (rows, more) = (&mut self.resources, &other.resources);
        extend_texts(&mut rows.schema_url, &more.schema_url, base.text);
        rows.dropped_attributes.extend_from_slice(&more.dropped_attributes);
    }
}

fn append_attributes(rows: &mut AttributeRows, more: &AttributeRows, base: &Base) {
    let first = rows.kind.len() as u32;
    extend_rows(&mut rows.end, &more.end, first);
    extend_texts(&mut rows.key, &more.key, base.text);
    rows.kind.extend_from_slice(&more.kind);
    extend_values(&mut rows.value, &more.value, &more.kind, base);
}

fn append_nested(rows: &mut NestedRows, more: &NestedRows, base: &Base) {
    extend_texts(&mut rows.key, &more.key, base.text);
    rows.kind.extend_from_slice(&more.kind);
    extend_values(&mut rows.value, &more.value, &more.kind, base);
}

/// Row numbers and prefix sums: every word moves up.
fn extend_rows(column: &mut Vec<u32>, more: &[u32], base: u32) {
    column.extend(more.iter().map(|row| row.wrapping_add(base)));
}

/// References: the first word of two moves up, unless the reference is empty.
fn extend_texts(column: &mut Vec<u32>, more: &[u32], base: u32) {
    column.extend(more.chunks_exact(2).flat_map(|words| moved([words[0], words[1]], base)));
}

/// Values: what the two words mean depends on the type.
fn extend_values(column: &mut Vec<u32>, more: &[u32], kinds: &[u8], base: &Base) {
    column.extend(more.chunks_exact(2).zip(kinds).flat_map(|(words, kind)| {
        let words = [words[0], words[1]];
        match *kind {
            kind::STRING => moved(words, base.text),
            kind::BYTES => moved(words, base.bytes),
            kind::ARRAY | kind::KEY_VALUE_LIST => moved(words, base.nested),
            _ => words,
        }
    }));
}

fn moved(words: [u32; 2], base: u32) -> [u32; 2] {
    if words[1] == 0 { [0, 0] } else { [words[0].wrapping_add(base), words[1]] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attribute::{KeyValue, Value},
        columns::Owner,
    };

    fn write(columns: &mut ColumnsBuilder, word: &'static str) {
        let value =
            Value::Array(vec![Value::Bytes(word.into()), Value::Array(vec![word.into()]), Value::Array(vec![])]);
        columns.push_attribute(Owner::Span, &KeyValue::new(word, value));
        columns.end_attributes(Owner::Span);
        let name = columns.push_text(word);
        columns.spans.name.extend_from_slice(&name);
        columns.spans.scope.push(columns.scopes.resource.len() as u32);
        columns.scopes.name.extend_from_slice(&name);
        columns.scopes.resource.push(columns.resources.dropped_attributes.len() as u32);
        columns.resources.schema_url.extend_from_slice(&[0, 0]);
        columns.resources.dropped_attributes.push(0);
    }

    #[test]
    fn appending_equals_writing_on() {
        let (mut first, mut second, mut both) = Default::default();
        write(&mut first, "one");
        write(&mut second, "three");
        write(&mut both, "one");
        write(&mut both, "three");
        first.append(&second);
        assert_eq!(first, both);
    }

    #[test]
    fn rows_without_scopes_of_their_own_keep_their_scope_numbers() {
        let mut columns = ColumnsBuilder::default();
        write(&mut columns, "one");
        let mut more = ColumnsBuilder::default();
        more.spans.scope.push(0);
        columns.append(&more);
        assert_eq!(columns.spans.scope, [0, 0]);
    }
}
