//! Attributes whose texts lie somewhere else.

use std::borrow::Cow;

use super::{
    super::attribute_row::{ConstantKey, MAX_KEY_BYTES, Row, Slot, Text, TextRef, ValueRef, hash, packed},
    ATTRIBUTE_ROW_BYTES, AttributeSet, filter_bit, is_key, room,
};
use crate::limits::SpanLimits;

impl AttributeSet {
    /// Sets an attribute whose texts lie somewhere else: those that are no constants are copied, cut to the limits.
    #[inline(always)]
    pub(crate) fn copy(&mut self, key: TextRef<'_>, value: ValueRef<'_>, limits: &SpanLimits) {
        // What need not be copied goes the way of what is given, see `set`.
        let is_set = match (key, value) {
            (TextRef::Constant(key), ValueRef::Bool(bit)) => self.set_number(key, packed::BOOL, u64::from(bit), limits),
            (TextRef::Constant(key), ValueRef::Int(number)) => {
                self.set_number(key, packed::INT, number.cast_unsigned(), limits)
            }
            (TextRef::Constant(key), ValueRef::Double(number)) => {
                self.set_number(key, packed::DOUBLE, number.to_bits(), limits)
            }
            (TextRef::Constant(key), ValueRef::String(TextRef::Constant(text))) => self.set_constant(key, text, limits),
            (TextRef::Constant(key), ValueRef::String(TextRef::Own(text))) => {
                ConstantKey::new(key, packed::OWN).is_some_and(|key| self.copy_plain(key, text, limits))
            }
            (TextRef::Own(key), ValueRef::Bool(bit)) => self.copy_keyed(key, Slot::Bool(bit), "", limits),
            (TextRef::Own(key), ValueRef::Int(number)) => self.copy_keyed(key, Slot::Int(number), "", limits),
            (TextRef::Own(key), ValueRef::Double(number)) => self.copy_keyed(key, Slot::Double(number), "", limits),
            (TextRef::Own(key), ValueRef::String(TextRef::Own(text))) => {
                self.copy_keyed(key, Slot::Empty, text, limits)
            }
            _ => false,
        };
        if !is_set {
            self.copy_any(key, value, limits);
        }
    }

    /// Copies a text as value of a constant key. False, and nothing is set, if there is anything to consider.
    #[inline(never)]
    fn copy_plain(&mut self, key: ConstantKey, text: &str, limits: &SpanLimits) -> bool {
        let bytes = self.place(key, text.len(), limits).filter(|bytes| *bytes <= u32::MAX as usize);
        if let Some(bytes) = bytes {
            let start = self.text.len() as u32;
            self.text.push_str(text);
            self.push(key, key.with_own_text(start, text.len() as u32), bytes);
        }
        bytes.is_some()
    }

    /// Copies a key, and a value of its own: a text, or anything else if that is empty. False, and nothing is set, if there
    /// is anything to consider.
    #[inline(never)]
    fn copy_keyed(&mut self, key: &str, value: Slot, text: &str, limits: &SpanLimits) -> bool {
        let is_short = limits.attribute_value_length.is_none_or(|max| text.len() <= max);
        let bytes = self.bytes + ATTRIBUTE_ROW_BYTES + key.len() + text.len();
        let (word, bit) = filter_bit(hash(key));
        let is_plain = is_short
            && key.len().wrapping_sub(1) < limits.name_length.min(MAX_KEY_BYTES)
            && bytes <= room(limits)
            && self.filter[word] & bit == 0
            && self.rows.len() < limits.attribute_count as usize;
        if is_plain {
            let start = self.text.len();
            self.text.reserve(key.len() + text.len());
            self.text.push_str(key);
            self.text.push_str(text);
            let own = |start: usize, len: usize| Text::Own { start: start as u32, len: len as u32 };
            let value = match value {
                Slot::Empty => Slot::Text(own(start + key.len(), text.len())),
                other => other,
            };
            self.rows.push(Row::new(own(start, key.len()), value));
            self.filter[word] |= bit;
            self.bytes = bytes;
        }
        is_plain
    }

    #[inline(never)]
    fn copy_any(&mut self, key: TextRef<'_>, value: ValueRef<'_>, limits: &SpanLimits) {
        if let ValueRef::Nested(value) = value {
            let key = match key {
                TextRef::Constant(key) => Cow::Borrowed(key),
                TextRef::Own(key) => Cow::Owned(key.to_owned()),
            };
            return self.set_any(key, value.clone(), limits);
        }
        let text = match value {
            ValueRef::String(text) => text.cut(limits.attribute_value_length.unwrap_or(usize::MAX)),
            _ => TextRef::Constant(""),
        };
        let key = key.cut(limits.name_length);
        let name = key.as_str();
        let size = ATTRIBUTE_ROW_BYTES + name.len() + text.as_str().len();
        let room = room(limits);
        let (word, bit) = filter_bit(hash(name));
        let known = if self.filter[word] & bit == 0 { None } else { self.find(name) };
        let has_place = known.is_some() || self.rows.len() < limits.attribute_count as usize;
        if !is_key(name) || !has_place || self.bytes + size > room {
            return self.count_dropped();
        }
        let value = match value {
            ValueRef::Bool(value) => Slot::Bool(value),
            ValueRef::Int(value) => Slot::Int(value),
            ValueRef::Double(value) => Slot::Double(value),
            ValueRef::String(_) => Slot::Text(self.copy_text(text)),
            ValueRef::Empty | ValueRef::Nested(_) => Slot::Empty,
        };
        match known {
            Some(at) => {
                self.rows[at].set_value(value);
                self.has_replaced = true;
            }
            None => {
                self.filter[word] |= bit;
                let key = self.copy_text(key);
                self.rows.push(Row::new(key, value));
            }
        }
        self.bytes += size;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::attribute::{Key, KeyValue, Value};

    #[expect(clippy::ptr_arg, reason = "whether it is borrowed is the question")]
    pub(in super::super) fn text_ref<'a>(text: &'a Cow<'static, str>) -> TextRef<'a> {
        match text {
            Cow::Borrowed(text) => TextRef::Constant(text),
            Cow::Owned(text) => TextRef::Own(text),
        }
    }

    pub(in super::super) fn as_ref(value: &Value) -> ValueRef<'_> {
        match value {
            Value::Empty => ValueRef::Empty,
            Value::Bool(value) => ValueRef::Bool(*value),
            Value::Int(value) => ValueRef::Int(*value),
            Value::Double(value) => ValueRef::Double(*value),
            Value::String(text) => ValueRef::String(text_ref(text)),
            nested => ValueRef::Nested(nested),
        }
    }

    #[test]
    fn what_is_copied_is_held_to_the_same_limits_as_what_is_given() {
        let limits = SpanLimits {
            name_length: 3,
            attribute_value_length: Some(3),
            attribute_count: 2,
            span_bytes: 171,
            ..SpanLimits::default()
        };
        let nested = Value::from(vec![7u8; 9]);
        let writes: [(&'static str, Value); 10] = [
            ("ab\u{e9}d", "xy\u{e9}".into()),
            ("ab\u{e9}d", "xy\u{e9}".into()),
            ("key", "abc".into()),
            ("third", 1i64.into()),
            ("", 1i64.into()),
            ("key", nested),
            ("key", "abcd".into()),
            ("key", true.into()),
            ("key", "abc".into()),
            ("key", "abc".into()),
        ];
        let (mut copied, mut given) = (AttributeSet::default(), AttributeSet::default());
        for (number, (key, value)) in writes.into_iter().enumerate() {
            let key: Key = if number % 2 == 0 { key.into() } else { key.to_owned().into() };
            copied.copy(text_ref(&key), as_ref(&value), &limits);
            given.set(key, value, &limits);
            assert_eq!(copied.to_vec(), given.to_vec());
            assert_eq!((copied.dropped(), copied.bytes), (given.dropped(), given.bytes), "write {number}");
        }
        assert_eq!(copied.to_vec(), [KeyValue::new("ab", "xy"), KeyValue::new("key", "abc")]);
        // Two for their number, and what no longer fits into the bytes.
        assert_eq!(copied.dropped(), 3);
    }
}
