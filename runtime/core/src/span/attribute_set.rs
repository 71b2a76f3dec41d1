//! Attributes with unique keys, while their span or event is open.
//!
//! Constraints: setting an attribute neither allocates in the steady state nor moves a large value about; forgetting them
//! costs nothing per attribute.
//!
//! Design: rows that can be copied. Texts that are constants of the program are kept as they are; others are copied into
//! one text of the set's own; what is nested is kept aside.

mod copying;

use std::{borrow::Cow, mem::forget};

use super::attribute_row::{
    ConstantKey, ConstantText, HASH_BITS, MAX_KEY_BYTES, Row, Slot, Text, TextRef, ValueRef, hash, packed,
};
use crate::{
    attribute::{Key, KeyValue, Value},
    limits::SpanLimits,
};

/// What one attribute takes in columns, without its texts: key, type and value.
pub(super) const ATTRIBUTE_ROW_BYTES: usize = 8 + 1 + 8;

/// As many as a key's hash has values, 64 to the word.
const FILTER_WORDS: usize = 1 << (HASH_BITS - 6);

/// Attributes in the order their keys were first set. Keys are unique, as OpenTelemetry's specification demands: a later
/// value replaces an earlier one.
///
/// A filter of 512 bits tells most new keys from those that are there without a search.
#[derive(Debug, Default)]
pub struct AttributeSet {
    rows: Vec<Row>,
    text: String,
    nested: Vec<Value>,
    filter: [u64; FILTER_WORDS],
    dropped: u32,
    /// Whether a value was replaced, so that the text may hold what no row has any more.
    has_replaced: bool,
    /// What is in use of `limits.span_bytes`. The owner charges here too what it carries besides attributes.
    pub(crate) bytes: usize,
}

impl AttributeSet {
    /// No attributes.
    pub const EMPTY: &'static Self = &Self {
        rows: Vec::new(),
        text: String::new(),
        nested: Vec::new(),
        filter: [0; FILTER_WORDS],
        dropped: 0,
        has_replaced: false,
        bytes: 0,
    };

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Attributes left out: beyond the limits, nested too deeply, or without a key.
    pub fn dropped(&self) -> u32 {
        self.dropped
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<ValueRef<'_>> {
        self.find(key).map(|at| self.value(self.rows[at].value()))
    }

    /// Keys and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.rows().map(|(key, value)| (key.as_str(), value))
    }

    /// A copy of them all.
    pub fn to_vec(&self) -> Vec<KeyValue> {
        self.iter().map(|(key, value)| KeyValue::new(key.to_owned(), value.to_value())).collect()
    }

    /// Keys and values, and which texts are constants.
    #[inline]
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = (TextRef<'_>, ValueRef<'_>)> {
        self.rows.iter().map(|row| (self.text(row.key()), self.value(row.value())))
    }

    /// The rows as they are kept, and the text that they refer to.
    #[inline]
    pub(crate) fn kept(&self) -> (&[Row], &str) {
        (&self.rows, &self.text)
    }

    /// Whether rows and text can be copied as they are: nothing is nested, and the text holds what rows have and no more.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.nested.is_empty() && !self.has_replaced
    }

    /// Sets an attribute.
    ///
    /// Where the types of key and value are known this comes down to one call, and all of it in registers: a value that is
    /// written to memory and read back at once in another width costs more than all the rest.
    #[inline(always)]
    #[expect(clippy::disallowed_methods, reason = "what is forgotten is known to hold no memory")]
    pub(crate) fn set(&mut self, key: Key, value: Value, limits: &SpanLimits) {
        let Cow::Borrowed(name) = key else { return self.set_any(key, value, limits) };
        let is_set = match value {
            Value::Bool(bit) => self.set_number(name, packed::BOOL, u64::from(bit), limits),
            Value::Int(number) => self.set_number(name, packed::INT, number.cast_unsigned(), limits),
            Value::Double(number) => self.set_number(name, packed::DOUBLE, number.to_bits(), limits),
            Value::String(Cow::Borrowed(text)) => self.set_constant(name, text, limits),
            _ => false,
        };
        if !is_set {
            return self.set_any(key, value, limits);
        }
        // There is nothing to drop in them, but the call that would find that out forces both into memory.
        forget(value);
        forget(key);
    }

    /// Sets an attribute whose value is no text. False, and nothing is set, if the key is too long for a row.
    #[inline(always)]
    fn set_number(&mut self, key: &'static str, kind: u64, word: u64, limits: &SpanLimits) -> bool {
        // Here, where the compiler knows the key: then all of this is one constant.
        ConstantKey::new(key, kind).map(|key| self.put_number(key, word, limits)).is_some()
    }

    /// Sets an attribute whose value is a constant. False, and nothing is set, if one of them is too long for a row.
    #[inline(always)]
    fn set_constant(&mut self, key: &'static str, text: &'static str, limits: &SpanLimits) -> bool {
        let parts = ConstantKey::new(key, packed::CONSTANT).zip(ConstantText::new(text));
        parts.map(|(key, text)| self.put_constant(key, text, limits)).is_some()
    }

    /// These two call others only where they are done, and with what they were called with: they need no stack.
    #[inline(never)]
    fn put_number(&mut self, key: ConstantKey, word: u64, limits: &SpanLimits) {
        match self.place(key, 0, limits) {
            Some(bytes) => self.push(key, key.with_number(word), bytes),
            None => self.put_number_with_care(key, word, limits),
        }
    }

    #[inline(never)]
    fn put_constant(&mut self, key: ConstantKey, text: ConstantText, limits: &SpanLimits) {
        match self.place(key, text.len(), limits) {
            Some(bytes) => self.push(key, key.with_constant(text), bytes),
            None => self.put_constant_with_care(key, text, limits),
        }
    }

    #[cold]
    #[inline(never)]
    fn put_number_with_care(&mut self, key: ConstantKey, word: u64, limits: &SpanLimits) {
        let value = self.value(key.with_number(word).value()).to_value();
        self.set_any(Cow::Borrowed(key.name()), value, limits);
    }

    #[cold]
    #[inline(never)]
    fn put_constant_with_care(&mut self, key: ConstantKey, text: ConstantText, limits: &SpanLimits) {
        let value = self.value(key.with_constant(text).value()).to_value();
        self.set_any(Cow::Borrowed(key.name()), value, limits);
    }

    /// Whether there is nothing to consider: the bytes that will be in use then.
    #[inline(always)]
    fn place(&self, key: ConstantKey, value_len: usize, limits: &SpanLimits) -> Option<usize> {
        let bytes = self.bytes + ATTRIBUTE_ROW_BYTES + key.len() + value_len;
        let (word, bit) = filter_bit(key.hash());
        let is_plain = key.len().wrapping_sub(1) < limits.name_length
            && value_len <= limits.attribute_value_length.unwrap_or(usize::MAX)
            && bytes <= limits.span_bytes
            && self.filter[word] & bit == 0
            && self.rows.len() < limits.attribute_count as usize
            && self.rows.len() < self.rows.capacity();
        is_plain.then_some(bytes)
    }

    #[inline(always)]
    fn push(&mut self, key: ConstantKey, row: Row, bytes: usize) {
        let (word, bit) = filter_bit(key.hash());
        self.filter[word] |= bit;
        self.bytes = bytes;
        self.rows.push(row);
    }

    /// Any attribute, cut to the limits.
    #[inline(never)]
    fn set_any(&mut self, mut key: Key, mut value: Value, limits: &SpanLimits) {
        limits.cut_name(&mut key);
        let size = limits.cut_value(&mut value).map(|size| ATTRIBUTE_ROW_BYTES + key.len() + size);
        let room = room(limits);
        let Some(size) = size.filter(|size| is_key(&key) && self.bytes + size <= room) else {
            return self.count_dropped();
        };
        let (word, bit) = filter_bit(hash(&key));
        if self.filter[word] & bit != 0
            && let Some(at) = self.find(&key)
        {
            let value = self.keep_value(value);
            self.rows[at].set_value(value);
            self.has_replaced = true;
        } else if self.rows.len() < limits.attribute_count as usize {
            self.filter[word] |= bit;
            let row = Row::new(self.keep_text(key), self.keep_value(value));
            self.rows.push(row);
        } else {
            return self.count_dropped();
        }
        self.bytes += size;
    }

    fn keep_value(&mut self, value: Value) -> Slot {
        match value {
            Value::Empty => Slot::Empty,
            Value::Bool(value) => Slot::Bool(value),
            Value::Int(value) => Slot::Int(value),
            Value::Double(value) => Slot::Double(value),
            Value::String(text) => Slot::Text(self.keep_text(text)),
            nested => {
                self.nested.push(nested);
                Slot::Nested(self.nested.len() as u32 - 1)
            }
        }
    }

    fn keep_text(&mut self, text: Cow<'static, str>) -> Text {
        match text {
            Cow::Borrowed(text) => Text::Constant(text),
            Cow::Owned(text) => self.copy_text(TextRef::Own(&text)),
        }
    }

    fn copy_text(&mut self, text: TextRef<'_>) -> Text {
        match text {
            TextRef::Constant(text) => Text::Constant(text),
            TextRef::Own(text) => {
                let start = self.text.len() as u32;
                self.text.push_str(text);
                Text::Own { start, len: text.len() as u32 }
            }
        }
    }

    #[inline(never)]
    fn find(&self, key: &str) -> Option<usize> {
        self.rows.iter().position(|row| self.text(row.key()).as_str() == key)
    }

    /// A text of a row.
    #[inline]
    pub(crate) fn text(&self, text: Text) -> TextRef<'_> {
        match text {
            Text::Constant(text) => TextRef::Constant(text),
            Text::Own { start, len } => {
                let (start, len) = (start as usize, len as usize);
                TextRef::Own(self.text.get(start..start + len).unwrap_or_default())
            }
        }
    }

    /// A value of a row.
    #[inline]
    pub(crate) fn value(&self, slot: Slot) -> ValueRef<'_> {
        match slot {
            Slot::Empty => ValueRef::Empty,
            Slot::Bool(value) => ValueRef::Bool(value),
            Slot::Int(value) => ValueRef::Int(value),
            Slot::Double(value) => ValueRef::Double(value),
            Slot::Text(text) => ValueRef::String(self.text(text)),
            Slot::Nested(at) => self.nested.get(at as usize).map_or(ValueRef::Empty, ValueRef::Nested),
        }
    }

    #[cold]
    pub(crate) fn count_dropped(&mut self) {
        self.add_dropped(1);
    }

    pub(crate) fn add_dropped(&mut self, count: u32) {
        self.dropped = self.dropped.saturating_add(count);
    }

    /// Forgets everything and keeps a reasonable amount of memory.
    #[inline]
    pub(crate) fn reset(&mut self) {
        clear_and_keep(&mut self.rows, 128);
        if self.text.capacity() > 4 << 10 {
            self.text = String::new();
        }
        self.text.clear();
        if !self.nested.is_empty() {
            clear_and_keep(&mut self.nested, 32);
        }
        self.filter = [0; FILTER_WORDS];
        self.dropped = 0;
        self.has_replaced = false;
        self.bytes = 0;
    }
}

/// Empties a list; gives its memory back if it grew beyond what most spans need.
#[inline]
pub(super) fn clear_and_keep<T>(list: &mut Vec<T>, max_capacity: usize) {
    if list.capacity() > max_capacity {
        *list = Vec::new();
    } else {
        list.clear();
    }
}

/// Which bit of the filter that is.
#[inline(always)]
fn filter_bit(hash: u32) -> (usize, u64) {
    ((hash as usize >> 6) % FILTER_WORDS, 1 << (hash & 63))
}

/// Bytes that a set may take: references into its text have 32 bits.
fn room(limits: &SpanLimits) -> usize {
    limits.span_bytes.min(u32::MAX as usize)
}

/// Whether this may be a key.
fn is_key(name: &str) -> bool {
    (1..=MAX_KEY_BYTES).contains(&name.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        copying::tests::{as_ref, text_ref},
        *,
    };

    #[test]
    fn attributes_beyond_a_limit_are_left_out_and_counted_but_replacing_still_works() {
        let mut set = AttributeSet::default();
        let mut write = |key: &'static str, value: Value, attribute_count| {
            set.set(key.into(), value, &SpanLimits { span_bytes: 100, attribute_count, ..SpanLimits::default() });
        };
        write("a", 1i64.into(), 2);
        write("b", 1i64.into(), 2);
        write("c", 1i64.into(), 2);
        write("c", String::from("own").into(), 2);
        write("", 1i64.into(), 9);
        write("d", "x".repeat(100).into(), 9);
        write("a", 2i64.into(), 2);
        assert_eq!(set.to_vec(), [KeyValue::new("a", 2i64), KeyValue::new("b", 1i64)]);
        assert_eq!(set.dropped(), 4);
    }

    #[test]
    fn texts_are_cut_to_the_limits_whether_they_are_constants_or_not() {
        let limits = SpanLimits { name_length: 2, attribute_value_length: Some(3), ..SpanLimits::default() };
        let mut set = AttributeSet::default();
        for (key, value) in
            [("key", Value::from("value")), ("k", String::from("value").into()), ("b", vec![0u8; 9].into())]
        {
            set.set(key.into(), value, &limits);
        }
        let expected = [KeyValue::new("ke", "val"), KeyValue::new("k", "val"), KeyValue::new("b", vec![0u8; 3])];
        assert_eq!(set.to_vec(), expected);
        assert_eq!(set.get("ke").map(ValueRef::to_value), Some("val".into()));
    }

    /// One of every kind of value, told apart by a number.
    fn value(number: i64) -> Value {
        match number.rem_euclid(8) {
            0 => Value::Empty,
            1 => Value::Bool(number > 8),
            2 => number.into(),
            3 => (number as f64).into(),
            4 => "constant".into(),
            5 => number.to_string().into(),
            6 => vec![number as u8].into(),
            _ => vec![Value::from(number)].into(),
        }
    }

    proptest! {
        #[test]
        fn a_set_holds_the_last_value_of_every_key_in_the_order_of_the_first(
            writes in prop::collection::vec((0usize..9, any::<bool>(), any::<i64>()), 0..60),
        ) {
            const KEYS: [&str; 9] = ["a", "b", "c", "aa", "ab", "ba", "abc", "bbc", "cbc"];
            let mut set = AttributeSet::default();
            let mut expected: Vec<KeyValue> = Vec::new();
            for (key, is_constant, number) in writes {
                let key: Key = if is_constant { KEYS[key].into() } else { KEYS[key].to_owned().into() };
                let new = KeyValue { key, value: value(number) };
                match expected.iter_mut().find(|known| known.key == new.key) {
                    Some(known) => known.value = new.value.clone(),
                    None => expected.push(new.clone()),
                }
                if number % 3 == 0 {
                    set.copy(text_ref(&new.key), as_ref(&new.value), &SpanLimits::default());
                } else {
                    set.set(new.key, new.value, &SpanLimits::default());
                }
            }
            prop_assert_eq!(set.to_vec(), expected);
            set.reset();
            prop_assert!(set.is_empty());
        }
    }
}
