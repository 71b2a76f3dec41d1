//! How much one span may carry. What is beyond is left out and counted on the span.

use std::borrow::Cow;

use crate::attribute::{Key, Value};

/// How deep arrays and key-value lists may be nested. An attribute with a deeper value is dropped and counted.
const MAX_DEPTH: u32 = 32;

/// Limits of one span. Defaults: OpenTelemetry specification, "Span limits", where it has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanLimits {
    /// Attributes of a span. Default 128.
    pub attribute_count: u32,
    /// Events of a span. Default 128.
    pub event_count: u32,
    /// Links of a span. Default 128.
    pub link_count: u32,
    /// Attributes of one event. Default 128.
    pub attribute_count_per_event: u32,
    /// Attributes of one link. Default 128.
    pub attribute_count_per_link: u32,
    /// Bytes of a text or byte value, nested ones included; what is longer is cut at a character's boundary.
    /// Default 16 KiB; none means no limit.
    pub attribute_value_length: Option<usize>,
    /// Bytes of a name (of a span, an event), a key or a status message; what is longer is cut. Default 1,024.
    pub name_length: usize,
    /// Estimated bytes of all attributes, events and links of a span together. Default 4 MiB.
    pub span_bytes: usize,
}

impl Default for SpanLimits {
    fn default() -> Self {
        Self {
            attribute_count: 128,
            event_count: 128,
            link_count: 128,
            attribute_count_per_event: 128,
            attribute_count_per_link: 128,
            attribute_value_length: Some(16 * 1024),
            name_length: 1024,
            span_bytes: 4 * 1024 * 1024,
        }
    }
}

impl SpanLimits {
    /// Cuts a name, key or status message.
    #[inline]
    pub(crate) fn cut_name(&self, name: &mut Key) {
        if name.len() > self.name_length {
            cut(name, self.name_length);
        }
    }

    /// Cuts the texts and bytes in a value; returns the estimated size of the value in columns. None if it is nested
    /// too deeply.
    #[inline]
    pub(crate) fn cut_value(&self, value: &mut Value) -> Option<usize> {
        match value {
            Value::Empty | Value::Bool(_) | Value::Int(_) | Value::Double(_) => Some(0),
            Value::String(text) if text.len() <= self.attribute_value_length.unwrap_or(usize::MAX) => Some(text.len()),
            other => self.cut_value_at(other, 0),
        }
    }

    fn cut_value_at(&self, value: &mut Value, depth: u32) -> Option<usize> {
        let max = self.attribute_value_length.unwrap_or(usize::MAX);
        match value {
            Value::Empty | Value::Bool(_) | Value::Int(_) | Value::Double(_) => Some(0),
            Value::String(text) => {
                if text.len() > max {
                    cut(text, max);
                }
                Some(text.len())
            }
            Value::Bytes(bytes) => {
                bytes.truncate(max);
                Some(bytes.len())
            }
            Value::Array(_) | Value::KeyValueList(_) if depth >= MAX_DEPTH => None,
            Value::Array(elements) => elements
                .iter_mut()
                .try_fold(0, |sum, element| Some(sum + NESTED_ROW_BYTES + self.cut_value_at(element, depth + 1)?)),
            Value::KeyValueList(elements) => elements.iter_mut().try_fold(0, |sum, element| {
                let value = self.cut_value_at(&mut element.value, depth + 1)?;
                Some(sum + NESTED_ROW_BYTES + element.key.len() + value)
            }),
        }
    }
}

/// What one nested value takes in columns, without its texts: key, type and value.
const NESTED_ROW_BYTES: usize = 8 + 1 + 8;

#[cold]
fn cut(text: &mut Cow<'static, str>, max: usize) {
    let end = text.floor_char_boundary(max);
    match text {
        Cow::Borrowed(text) => *text = &text[..end],
        Cow::Owned(text) => text.truncate(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::KeyValue;

    #[test]
    fn texts_and_bytes_are_cut_wherever_they_are_nested_and_never_inside_a_character() {
        let limits = SpanLimits { attribute_value_length: Some(4), ..SpanLimits::default() };
        let mut value = Value::Array(vec![
            "abc\u{e9}".into(),
            Value::KeyValueList(vec![KeyValue::new("key", String::from("abcdef"))]),
            Value::Bytes(vec![7; 9]),
            Value::Int(1),
        ]);
        let size = limits.cut_value(&mut value);
        let list = Value::KeyValueList(vec![KeyValue::new("key", "abcd")]);
        assert_eq!(value, Value::Array(vec!["abc".into(), list, Value::Bytes(vec![7; 4]), Value::Int(1)]));
        assert_eq!(size, Some(5 * NESTED_ROW_BYTES + 3 + 4 + 3 + 4));
    }

    #[test]
    fn a_value_that_is_nested_too_deeply_is_told_from_one_that_is_not() {
        let nest = |depth| (0..depth).fold(Value::Int(1), |value, _| Value::Array(vec![value]));
        let limits = SpanLimits::default();
        assert!(limits.cut_value(&mut nest(MAX_DEPTH)).is_some());
        assert_eq!(limits.cut_value(&mut nest(MAX_DEPTH + 1)), None);
    }
}
