//! JSON, appended to a buffer: for exporters that write a backend's format by hand and keep the buffer.

mod short;

pub(crate) use short::{push as push_short, push_ascii};

use crate::ValueView;

/// Appends `text` as a JSON string, quotes included (RFC 8259, section 7).
#[inline]
pub fn push_string(out: &mut String, text: &str) {
    if !short::push_plain_quoted(out, text) {
        push_long_string(out, text);
    }
}

/// One that is long or has to be escaped.
fn push_long_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    push_escaped(out, text);
    out.push('"');
}

/// `text` as a JSON string, quotes included.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

/// Appends `text` as it stands inside a JSON string.
#[inline]
pub fn push_escaped(out: &mut String, text: &str) {
    if is_plain(text.as_bytes()) {
        out.push_str(text);
    } else {
        short::push_with_escapes(out, text);
    }
}

/// Whether no byte needs an escape: in steps of eight, the last of which may look at some bytes again.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk() else { return is_short_plain(bytes) };
    let (words, _) = bytes.as_chunks();
    !has_escape(u64::from_ne_bytes(*last)) && !words.iter().any(|word| has_escape(u64::from_ne_bytes(*word)))
}

/// The same for fewer than eight bytes.
#[inline]
fn is_short_plain(bytes: &[u8]) -> bool {
    match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            let (first, last) = (u32::from_ne_bytes(*first), u32::from_ne_bytes(*last));
            !has_escape(u64::from(first) | u64::from(last) << 32)
        }
        _ => bytes.iter().all(is_plain_byte),
    }
}

#[inline]
fn is_plain_byte(byte: &u8) -> bool {
    *byte >= b' ' && *byte != b'"' && *byte != b'\\'
}

/// Whether one of eight bytes needs an escape.
#[inline]
fn has_escape(word: u64) -> bool {
    escapes(word) != 0
}

/// Of eight bytes, little endian, the high bits of those that need an escape: below a blank, a quote or a backslash. The
/// lowest bit that is set is right, a higher one may not be. A byte of `x` is below `n` if its high bit is set in
/// `(x - n) & !x`; a borrow from the byte before says so only if that one is below too. Of all ASCII, only what is below
/// a blank, or a quote, is below 0x21 once bit 1 is turned over.
#[inline]
fn escapes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let control_or_quote = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
    (control_or_quote | backslash) & !word & (ONES * 0x80)
}

/// Appends a byte of ASCII that cannot stand for itself.
fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        control => {
            let digit = |digit: u8| if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(control >> 4), digit(control & 15)]);
        }
    }
}

/// Appends a whole number.
#[inline]
pub fn push_u64(out: &mut String, number: u64) {
    push_short(out, itoa::Buffer::new().format(number));
}

/// Appends a whole number.
#[inline]
pub fn push_i64(out: &mut String, number: i64) {
    push_short(out, itoa::Buffer::new().format(number));
}

/// Appends a number; as a string `"NaN"`, `"Infinity"`, `"-Infinity"` what JSON has no number for, as OTLP does.
pub fn push_f64(out: &mut String, number: f64) {
    if number.is_finite() {
        push_plain_f64(out, number);
    } else {
        out.push('"');
        push_plain_f64(out, number);
        out.push('"');
    }
}

fn push_plain_f64(out: &mut String, number: f64) {
    match number {
        _ if number.is_nan() => out.push_str("NaN"),
        _ if number.is_infinite() => out.push_str(if number < 0.0 { "-Infinity" } else { "Infinity" }),
        _ => {
            let mut digits = zmij::Buffer::new();
            let digits = digits.format_finite(number);
            push_short(out, digits.strip_suffix(".0").unwrap_or(digits));
        }
    }
}

/// Appends a value: a list as an object, bytes as a base64 string, an empty value as `null`.
pub fn push_value(out: &mut String, value: ValueView<'_>) {
    match value {
        ValueView::Empty => out.push_str("null"),
        ValueView::String(text) => push_string(out, text),
        ValueView::Bool(truth) => out.push_str(if truth { "true" } else { "false" }),
        ValueView::Int(number) => push_i64(out, number),
        ValueView::Double(number) => push_f64(out, number),
        ValueView::Bytes(bytes) => {
            out.push('"');
            push_base64(out, bytes);
            out.push('"');
        }
        ValueView::Array(items) => {
            out.push('[');
            for (index, item) in items.values().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                push_value(out, item);
            }
            out.push(']');
        }
        ValueView::KeyValues(members) => push_object(out, members.iter()),
    }
}

/// Appends an object of keys and values.
pub fn push_object<'a>(out: &mut String, members: impl Iterator<Item = (&'a str, ValueView<'a>)>) {
    out.push('{');
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_string(out, key);
        out.push(':');
        push_value(out, value);
    }
    out.push('}');
}

/// Appends a value as plain text: strings as they are, everything else as in JSON but without quotes around it, nothing
/// for an empty value (OpenTelemetry, "Mapping to non-OTLP protocols").
pub fn push_plain(out: &mut String, value: ValueView<'_>) {
    match value {
        ValueView::Empty => {}
        ValueView::String(text) => push_short(out, text),
        ValueView::Double(number) => push_plain_f64(out, number),
        ValueView::Bytes(bytes) => push_base64(out, bytes),
        value => push_value(out, value),
    }
}

/// Appends a value as plain text inside a JSON string, quotes included.
#[inline]
pub fn push_plain_string(out: &mut String, value: ValueView<'_>) {
    match value {
        ValueView::String(text) => push_string(out, text),
        ValueView::Array(_) | ValueView::KeyValues(_) => {
            let mut text = String::new();
            push_value(&mut text, value);
            push_string(out, &text);
        }
        value => {
            out.push('"');
            push_plain(out, value);
            out.push('"');
        }
    }
}

/// Appends bytes in base64 with padding (RFC 4648, section 4).
pub fn push_base64(out: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().enumerate().fold(0u32, |group, (index, byte)| group | u32::from(*byte) << (16 - 8 * index));
        for digit in 0..4 {
            let index = (group >> (18 - 6 * digit)) & 63;
            out.push(if digit <= chunk.len() { char::from(DIGITS[index as usize]) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn what_json_cannot_hold_in_a_string_is_escaped() {
        let text = "a\"b\\c\nd\u{1}e\u{7f}é";
        let json = written(|out| push_string(out, text));
        assert_eq!(json, "\"a\\\"b\\\\c\\nd\\u0001e\u{7f}é\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn every_byte_is_escaped_or_not_wherever_it_stands() {
        for byte in 0..128u8 {
            for (length, position) in (2..20).flat_map(|length| (0..=length).map(move |position| (length, position))) {
                let mut text = "é234567890123456789"[..length].to_owned();
                text.insert(if position == 1 { 0 } else { position }, char::from(byte));
                let json = written(|out| push_string(out, &text));
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
                assert_eq!(json.len() > text.len() + 2, byte < 32 || byte == b'"' || byte == b'\\', "{json}");
            }
        }
        for byte in 0..128u8 {
            let text = char::from(byte).to_string();
            assert_eq!(serde_json::from_str::<String>(&written(|out| push_string(out, &text))).unwrap(), text);
        }
    }

    #[test]
    fn every_finite_number_reads_back_as_itself() {
        for number in [0.0, -0.0, 1.0, 0.1, -2.5e-9, 1e16, 1e17, 1.7976931348623157e308, 5e-324] {
            let json = written(|out| push_f64(out, number));
            assert_eq!(serde_json::from_str::<f64>(&json).unwrap(), number, "{json}");
            assert!(json.len() < 30, "{json}");
        }
        assert_eq!(written(|out| push_f64(out, f64::NEG_INFINITY)), "\"-Infinity\"");
        assert_eq!(written(|out| push_f64(out, f64::NAN)), "\"NaN\"");
    }

    #[test]
    fn base64_pads_to_groups_of_four() {
        // RFC 4648, section 10.
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(written(|out| push_base64(out, bytes.as_bytes())), text);
        }
    }
}
