//! Attributes and their values, read in place.

use std::fmt;

use crate::Batch;
use crate::batch::text_at;
use crate::columns::{Owner, at, owned, wide};
use crate::json;

/// The attributes of one span, span event, link, scope, resource or event.
#[derive(Clone, Copy)]
pub struct Attributes<'a> {
    batch: &'a Batch,
    text: &'a str,
    keys: &'a [u32],
    types: &'a [u8],
    values: &'a [u32],
}

impl<'a> Attributes<'a> {
    #[inline]
    pub(crate) fn new(batch: &'a Batch, owner: Owner, row: usize) -> Self {
        let columns = batch.attribute_columns(owner);
        let rows = owned(columns.ends(), row);
        if rows.is_empty() {
            return Self { batch, text: "", keys: &[], types: &[], values: &[] };
        }
        let pairs = 2 * rows.start..2 * rows.end;
        Self {
            batch,
            text: batch.text(),
            keys: columns.keys().get(pairs.clone()).unwrap_or_default(),
            types: columns.types().get(rows).unwrap_or_default(),
            values: columns.values().get(pairs).unwrap_or_default(),
        }
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.keys.len() / 2
    }

    /// Whether there is none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The value of the first attribute with this key.
    #[inline]
    pub fn get(&self, key: &str) -> Option<ValueView<'a>> {
        let row = self.keys.as_chunks().0.iter().position(|&[offset, length]| {
            length as usize == key.len()
                && self.text.as_bytes().get(offset as usize..).is_some_and(|text| text.starts_with(key.as_bytes()))
        })?;
        Some(self.value(row))
    }

    /// The text of the first attribute with this key, if it is a string.
    #[inline]
    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// All of them, in order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&'a str, ValueView<'a>)> + use<'a> {
        Rows { attributes: *self, rows: 0..self.len() }
    }

    #[inline]
    fn value(&self, row: usize) -> ValueView<'a> {
        ValueView::read(self.batch, at(self.types, row), self.values, row)
    }
}

struct Rows<'a> {
    attributes: Attributes<'a>,
    rows: std::ops::Range<usize>,
}

impl<'a> Iterator for Rows<'a> {
    type Item = (&'a str, ValueView<'a>);

    // A call for each attribute would cost as much as the attribute.
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        Some((text_at(self.attributes.text, self.attributes.keys, row), self.attributes.value(row)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl ExactSizeIterator for Rows<'_> {}

/// OpenTelemetry's `AnyValue`, read in place.
#[derive(Clone, Copy)]
pub enum ValueView<'a> {
    /// No value.
    Empty,
    /// UTF-8.
    String(&'a str),
    /// True or false.
    Bool(bool),
    /// Signed 64-bit.
    Int(i64),
    /// Also infinities and NaN.
    Double(f64),
    /// Values.
    Array(Nested<'a>),
    /// Keys and values.
    KeyValues(Nested<'a>),
    /// Arbitrary bytes.
    Bytes(&'a [u8]),
}

impl<'a> ValueView<'a> {
    #[inline]
    pub(crate) fn read(batch: &'a Batch, kind: u8, values: &[u32], row: usize) -> Self {
        let word = wide(values, row);
        let (first, count) = (word as u32 as usize, (word >> 32) as usize);
        match kind {
            1 => Self::String(batch.text_at(values, row)),
            2 => Self::Bool(word != 0),
            3 => Self::Int(word as i64),
            4 => Self::Double(f64::from_bits(word)),
            5 => Self::Array(Nested { batch, first, count }),
            6 => Self::KeyValues(Nested { batch, first, count }),
            7 => {
                Self::Bytes(batch.shared_columns().bytes().get(first..first.saturating_add(count)).unwrap_or_default())
            }
            _ => Self::Empty,
        }
    }

    /// The text, if it is a string.
    #[inline]
    pub fn as_str(self) -> Option<&'a str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is an integer.
    #[inline]
    pub fn as_int(self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(number),
            _ => None,
        }
    }
}

/// As OpenTelemetry writes values for protocols that have only text ("Mapping to non-OTLP protocols"): a string as it
/// is, bytes in base64, arrays and key-value lists as JSON, nothing for an empty value.
impl fmt::Display for ValueView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        json::push_plain(&mut out, *self);
        f.pad(&out)
    }
}

impl fmt::Debug for ValueView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        json::push_value(&mut out, *self);
        f.write_str(&out)
    }
}

/// The elements of an array or key-value list.
#[derive(Clone, Copy)]
pub struct Nested<'a> {
    batch: &'a Batch,
    first: usize,
    count: usize,
}

impl<'a> Nested<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The elements with their keys; the keys are empty in an array.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, ValueView<'a>)> + use<'a> {
        let batch = self.batch;
        let columns = batch.shared_columns();
        (self.first..self.first.saturating_add(self.count)).map(move |row| {
            let value = ValueView::read(batch, at(columns.nested_types(), row), columns.nested_values(), row);
            (batch.text_at(columns.nested_keys(), row), value)
        })
    }

    /// The elements without keys.
    pub fn values(&self) -> impl Iterator<Item = ValueView<'a>> + use<'a> {
        let batch = self.batch;
        let columns = batch.shared_columns();
        (self.first..self.first.saturating_add(self.count))
            .map(move |row| ValueView::read(batch, at(columns.nested_types(), row), columns.nested_values(), row))
    }
}
