//! Writing into columns: texts, words, attributes and their nested values.

use super::{ColumnsBuilder, Owner};
use crate::attribute::{KeyValue, Value};

/// How deep arrays and key-value lists may be nested in a recorded value. What lies deeper is recorded as empty.
pub const MAX_RECORDED_DEPTH: u32 = 64;

/// The numbers of an attribute's type: OTLP's field numbers in `AnyValue`, `opentelemetry/proto/common/v1/common.proto`.
pub mod kind {
    /// No value.
    pub const EMPTY: u8 = 0;
    /// A text reference.
    pub const STRING: u8 = 1;
    /// 0 or 1.
    pub const BOOL: u8 = 2;
    /// A signed 64-bit integer.
    pub const INT: u8 = 3;
    /// The bits of an IEEE 754 double.
    pub const DOUBLE: u8 = 4;
    /// First row and number of rows in the nested table, keys empty.
    pub const ARRAY: u8 = 5;
    /// First row and number of rows in the nested table.
    pub const KEY_VALUE_LIST: u8 = 6;
    /// A reference into the byte arena.
    pub const BYTES: u8 = 7;
}

/// A 64-bit value as two words, low word first.
#[inline]
pub const fn words(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// Two words, low word first, as a 64-bit value.
#[inline]
pub const fn join_words(words: [u32; 2]) -> u64 {
    words[0] as u64 | (words[1] as u64) << 32
}

/// Appends a 64-bit value to a column of words.
#[inline]
pub fn push_u64(column: &mut Vec<u32>, value: u64) {
    column.extend_from_slice(&words(value));
}

/// The two words of a row, zero if the row does not exist.
#[inline]
pub fn pair(column: &[u32], row: usize) -> [u32; 2] {
    match column.get(row * 2..row * 2 + 2) {
        Some(words) => [words[0], words[1]],
        None => [0, 0],
    }
}

/// The 64-bit value of a row, zero if the row does not exist.
#[inline]
pub fn u64_at(column: &[u32], row: usize) -> u64 {
    join_words(pair(column, row))
}

/// As [`ColumnsBuilder::push_text`], where other columns are borrowed.
#[inline]
pub(crate) fn push_text(arena: &mut String, text: &str) -> [u32; 2] {
    let start = arena.len();
    if text.is_empty() || start + text.len() > u32::MAX as usize {
        return [0, 0];
    }
    arena.push_str(text);
    [start as u32, text.len() as u32]
}

impl ColumnsBuilder {
    /// Copies a text into the arena and returns its reference. The empty text is `[0, 0]`.
    /// A text that would take the arena over 4 GiB is recorded as empty: limits on queues and batches are far below.
    #[inline]
    pub fn push_text(&mut self, text: &str) -> [u32; 2] {
        push_text(&mut self.text, text)
    }

    /// Copies bytes into the byte arena and returns their reference; bounds as for [`Self::push_text`].
    #[inline]
    pub fn push_bytes(&mut self, bytes: &[u8]) -> [u32; 2] {
        let start = self.bytes.len();
        if bytes.is_empty() || start + bytes.len() > u32::MAX as usize {
            return [0, 0];
        }
        self.bytes.extend_from_slice(bytes);
        [start as u32, bytes.len() as u32]
    }

    /// Adds an attribute to the owner that [`Self::end_attributes`] ends next.
    #[inline]
    pub fn push_attribute(&mut self, owner: Owner, attribute: &KeyValue) {
        let key = self.push_text(&attribute.key);
        let (kind, value) = self.push_value(&attribute.value);
        self.push_attribute_words(owner, key, kind, value);
    }

    /// Adds an attribute whose texts and nested values are in the arenas already.
    #[inline]
    pub fn push_attribute_words(&mut self, owner: Owner, key: [u32; 2], kind: u8, value: [u32; 2]) {
        let table = &mut self.attributes[owner as usize];
        table.key.extend_from_slice(&key);
        table.kind.push(kind);
        table.value.extend_from_slice(&value);
    }

    /// Ends the attributes of one owner: those pushed since the last call are its own. Call it once for every row.
    #[inline]
    pub fn end_attributes(&mut self, owner: Owner) {
        let table = &mut self.attributes[owner as usize];
        table.end.push(table.kind.len() as u32);
    }

    /// Copies a value into the arenas and the nested table; returns its type and its two words.
    #[inline]
    pub fn push_value(&mut self, value: &Value) -> (u8, [u32; 2]) {
        self.push_value_at(value, 0)
    }

    fn push_value_at(&mut self, value: &Value, depth: u32) -> (u8, [u32; 2]) {
        match value {
            Value::Empty => (kind::EMPTY, [0, 0]),
            Value::String(text) => (kind::STRING, self.push_text(text)),
            Value::Bool(value) => (kind::BOOL, [u32::from(*value), 0]),
            Value::Int(value) => (kind::INT, words(*value as u64)),
            Value::Double(value) => (kind::DOUBLE, words(value.to_bits())),
            Value::Bytes(bytes) => (kind::BYTES, self.push_bytes(bytes)),
            Value::Array(_) | Value::KeyValueList(_) if depth >= MAX_RECORDED_DEPTH => (kind::EMPTY, [0, 0]),
            Value::Array(elements) => {
                let first = self.reserve_nested(elements.len());
                for (row, element) in elements.iter().enumerate() {
                    let (kind, value) = self.push_value_at(element, depth + 1);
                    self.set_nested(first as usize + row, [0, 0], kind, value);
                }
                (kind::ARRAY, [first, elements.len() as u32])
            }
            Value::KeyValueList(elements) => {
                let first = self.reserve_nested(elements.len());
                for (row, element) in elements.iter().enumerate() {
                    let key = self.push_text(&element.key);
                    let (kind, value) = self.push_value_at(&element.value, depth + 1);
                    self.set_nested(first as usize + row, key, kind, value);
                }
                (kind::KEY_VALUE_LIST, [first, elements.len() as u32])
            }
        }
    }

    /// Adds empty nested rows that will be neighbours whatever is nested inside them; returns the first.
    /// No rows are at row 0.
    pub fn reserve_nested(&mut self, rows: usize) -> u32 {
        if rows == 0 {
            return 0;
        }
        let first = self.nested.kind.len();
        self.nested.key.resize((first + rows) * 2, 0);
        self.nested.kind.resize(first + rows, kind::EMPTY);
        self.nested.value.resize((first + rows) * 2, 0);
        first as u32
    }

    /// Fills a reserved nested row. A row that was not reserved is ignored.
    pub fn set_nested(&mut self, row: usize, key: [u32; 2], kind: u8, value: [u32; 2]) {
        if row < self.nested.kind.len() {
            self.nested.key[row * 2..row * 2 + 2].copy_from_slice(&key);
            self.nested.kind[row] = kind;
            self.nested.value[row * 2..row * 2 + 2].copy_from_slice(&value);
        }
    }

    /// No rows and texts, and memory for as many as there are here.
    pub fn same_capacity(&self) -> Self {
        Self {
            text: String::with_capacity(self.text.len()),
            bytes: Vec::with_capacity(self.bytes.len()),
            spans: self.spans.same_capacity(),
            span_events: self.span_events.same_capacity(),
            span_links: self.span_links.same_capacity(),
            events: self.events.same_capacity(),
            scopes: self.scopes.same_capacity(),
            resources: self.resources.same_capacity(),
            attributes: self.attributes.each_ref().map(super::AttributeRows::same_capacity),
            nested: self.nested.same_capacity(),
        }
    }

    /// Forgets every row and text and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.bytes.clear();
        self.spans.clear();
        self.span_events.clear();
        self.span_links.clear();
        self.events.clear();
        self.scopes.clear();
        self.resources.clear();
        self.attributes.iter_mut().for_each(super::AttributeRows::clear);
        self.nested.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_of_a_nested_value_are_neighbours() {
        let mut columns = ColumnsBuilder::default();
        let inner = Value::Array(vec![Value::Int(-1), Value::Bool(true)]);
        let list = Value::KeyValueList(vec![KeyValue::new("a", inner), KeyValue::new("b", "c")]);
        columns.push_attribute(Owner::Span, &KeyValue::new("key", list));
        columns.end_attributes(Owner::Span);
        assert_eq!(columns.text, "keyabc");
        assert_eq!(columns.attributes[0].value, [0, 2]);
        assert_eq!(columns.attributes[0].end, [1]);
        assert_eq!(columns.nested.kind, [kind::ARRAY, kind::STRING, kind::INT, kind::BOOL]);
        assert_eq!(columns.nested.key, [3, 1, 4, 1, 0, 0, 0, 0]);
        assert_eq!(columns.nested.value, [2, 2, 5, 1, u32::MAX, u32::MAX, 1, 0]);
    }

    #[test]
    fn a_value_nested_too_deeply_is_recorded_as_empty() {
        let mut value = Value::Int(1);
        for _ in 0..200 {
            value = Value::Array(vec![value]);
        }
        let mut columns = ColumnsBuilder::default();
        columns.push_value(&value);
        assert_eq!(columns.nested.kind.len() as u32, MAX_RECORDED_DEPTH);
        assert_eq!(columns.nested.kind.last(), Some(&kind::EMPTY));
    }

    #[test]
    fn a_64_bit_value_survives_its_two_words() {
        let mut column = Vec::new();
        push_u64(&mut column, 0x0123_4567_89ab_cdef);
        assert_eq!(column, [0x89ab_cdef, 0x0123_4567]);
        assert_eq!(u64_at(&column, 0), 0x0123_4567_89ab_cdef);
        assert_eq!(u64_at(&column, 1), 0);
    }
}
