//! Attributes and values out of columns, owned.

use super::{AttributeRow, Columns, MAX_RECORDED_DEPTH, Owner, join_words, kind, owned};
use crate::attribute::{KeyValue, Value};

impl Columns {
    /// The attributes of one owner, by its row in its own table.
    pub fn key_values(&self, owner: Owner, row: usize) -> Vec<KeyValue> {
        let table = self.attributes_of(owner);
        owned(&table.end, row).map(|row| self.key_value(table.row(row), 0)).collect()
    }

    /// A value by its type and its two words. What is nested more than 64 deep, or of no known type, is empty.
    pub fn value(&self, kind: u8, words: [u32; 2]) -> Value {
        self.value_at(kind, words, 0)
    }

    fn value_at(&self, kind: u8, words: [u32; 2], depth: u32) -> Value {
        match kind {
            kind::STRING => Value::from(self.text_at(words).to_owned()),
            kind::BOOL => Value::Bool(words[0] != 0),
            kind::INT => Value::Int(join_words(words).cast_signed()),
            kind::DOUBLE => Value::Double(f64::from_bits(join_words(words))),
            kind::BYTES => Value::Bytes(self.bytes_at(words).to_vec()),
            kind::ARRAY if depth < MAX_RECORDED_DEPTH => {
                let rows = self.elements(words).map(|row| self.nested_row(row));
                Value::Array(rows.map(|row| self.value_at(row.kind, row.value, depth + 1)).collect())
            }
            kind::KEY_VALUE_LIST if depth < MAX_RECORDED_DEPTH => {
                let rows = self.elements(words).map(|row| self.nested_row(row));
                Value::KeyValueList(rows.map(|row| self.key_value(row, depth + 1)).collect())
            }
            _ => Value::Empty,
        }
    }

    fn key_value(&self, row: AttributeRow, depth: u32) -> KeyValue {
        KeyValue::new(self.text_at(row.key).to_owned(), self.value_at(row.kind, row.value, depth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::columns::ColumnsBuilder;

    #[test]
    fn every_kind_of_value_comes_out_as_it_went_in() {
        let list = Value::KeyValueList(vec![KeyValue::new("a", Value::Array(vec!["b".into(), Value::Empty]))]);
        let values = [
            Value::from("text"),
            Value::Bool(true),
            Value::Int(-1),
            Value::Double(0.5),
            Value::Bytes(vec![0, 255]),
            Value::Array(vec![list.clone(), Value::Int(i64::MIN)]),
            list,
            Value::Empty,
        ];
        let attributes = values.map(|value| KeyValue::new("key", value));
        let mut columns = ColumnsBuilder::default();
        columns.end_attributes(Owner::Span);
        attributes.iter().for_each(|attribute| columns.push_attribute(Owner::Span, attribute));
        columns.end_attributes(Owner::Span);
        let columns = columns.freeze();
        assert_eq!(columns.key_values(Owner::Span, 0), []);
        assert_eq!(columns.key_values(Owner::Span, 1), attributes);
        assert_eq!(columns.key_values(Owner::Span, 2), []);
    }

    #[test]
    fn references_into_nowhere_and_rows_that_hold_themselves_are_empty_and_end() {
        let mut columns = ColumnsBuilder::default();
        columns.nested.key.extend([9, 9]);
        columns.nested.kind.push(kind::ARRAY);
        columns.nested.value.extend([0, 1]);
        let columns = columns.freeze();
        assert_eq!(columns.value(kind::STRING, [7, 7]), Value::from(""));
        assert_eq!(columns.value(99, [7, 7]), Value::Empty);
        let mut value = columns.value(kind::ARRAY, [0, 1]);
        let mut depth = 0;
        while let Value::Array(elements) = value {
            depth += 1;
            value = elements.into_iter().next().unwrap_or_default();
        }
        assert_eq!(depth, MAX_RECORDED_DEPTH);
    }
}
