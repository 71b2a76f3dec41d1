//! What a hash is made of, and how it is written.

use std::fmt::{Debug, Write};

use crate::columns::{Columns, MAX_DEPTH, join_words, kind};

/// Makes 32 bytes of a value that nobody can turn back. The same value gives the same bytes, always.
pub trait AttributeHash: Debug + Send + Sync {
    /// The bytes of a value.
    fn hash(&self, value: &[u8]) -> [u8; 32];
}

/// Stands where a type does, before a key: no type has this number.
const KEY: u8 = 255;

/// The hash of a value in 64 lower-case hexadecimal digits.
///
/// What is hashed is the text or the bytes themselves, one byte for a bool, and eight bytes, low byte first, for an integer
/// and for the bits of a double: as the processor `attributes` of the OpenTelemetry Collector does it
/// (`coreinternal/attraction`). Of a list every element is hashed with its type and its length, and with its key if it has
/// one.
pub(super) fn hash_value(hash: &dyn AttributeHash, columns: &Columns, kind: u8, value: [u32; 2]) -> String {
    let mut bytes = Vec::new();
    write_value(&mut bytes, columns, kind, value, 0);
    let mut digits = String::with_capacity(64);
    for byte in hash.hash(&bytes) {
        // Writing into a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

fn write_value(out: &mut Vec<u8>, columns: &Columns, kind: u8, value: [u32; 2], depth: u32) {
    match kind {
        kind::STRING => out.extend_from_slice(columns.text_at(value).as_bytes()),
        kind::BYTES => out.extend_from_slice(columns.bytes_at(value)),
        kind::BOOL => out.push(u8::from(value[0] != 0)),
        kind::INT | kind::DOUBLE => out.extend_from_slice(&join_words(value).to_le_bytes()),
        kind::ARRAY | kind::KEY_VALUE_LIST if depth < MAX_DEPTH => {
            for row in columns.elements(value) {
                let element = columns.nested_row(row);
                if kind == kind::KEY_VALUE_LIST {
                    write_part(out, KEY, columns.text_at(element.key).as_bytes());
                }
                let mut part = Vec::new();
                write_value(&mut part, columns, element.kind, element.value, depth + 1);
                write_part(out, element.kind, &part);
            }
        }
        _ => {}
    }
}

fn write_part(out: &mut Vec<u8>, kind: u8, part: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&(part.len() as u64).to_le_bytes());
    out.extend_from_slice(part);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attribute::{KeyValue, Value},
        columns::ColumnsBuilder,
    };

    /// Shows what is hashed: its length and its first 31 bytes.
    #[derive(Debug)]
    struct Glass;

    impl AttributeHash for Glass {
        fn hash(&self, value: &[u8]) -> [u8; 32] {
            let mut shown = [0; 32];
            shown[0] = value.len() as u8;
            shown[1..].iter_mut().zip(value).for_each(|(to, from)| *to = *from);
            shown
        }
    }

    fn hashed(value: &Value) -> String {
        let mut columns = ColumnsBuilder::default();
        let (kind, value) = columns.push_value(value);
        hash_value(&Glass, &columns.freeze(), kind, value)
    }

    #[test]
    fn a_scalar_is_hashed_as_its_bytes_and_written_in_digits() {
        for (value, digits) in [
            (Value::from("ab"), "026162"),
            (Value::Bytes(vec![0xff]), "01ff"),
            (Value::Bool(true), "0101"),
            (Value::Bool(false), "0100"),
            (Value::Int(-2), "08feffffffffffffff"),
            (Value::Double(1.0), "08000000000000f03f"),
            (Value::Empty, "00"),
        ] {
            assert_eq!(hashed(&value), format!("{digits:0<64}"), "{value:?}");
        }
    }

    #[test]
    fn lists_that_differ_are_hashed_from_bytes_that_differ() {
        let list = |key: &str, value| Value::KeyValueList(vec![KeyValue::new(key.to_owned(), value)]);
        let values = [
            Value::Array(vec![]),
            Value::Array(vec![Value::from("ab")]),
            Value::Array(vec![Value::from("a"), Value::from("b")]),
            Value::Array(vec![Value::Bytes(b"ab".to_vec())]),
            Value::Array(vec![Value::Array(vec![Value::from("ab")])]),
            list("a", Value::from("b")),
            list("ab", Value::from("")),
            list("b", Value::from("a")),
        ];
        let written = |value: &Value| {
            let (mut columns, mut bytes) = (ColumnsBuilder::default(), Vec::new());
            let (kind, value) = columns.push_value(value);
            write_value(&mut bytes, &columns.freeze(), kind, value, 0);
            bytes
        };
        let different: std::collections::BTreeSet<_> = values.iter().map(written).collect();
        assert_eq!(different.len(), values.len());
    }
}
