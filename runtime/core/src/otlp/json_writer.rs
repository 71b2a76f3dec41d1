//! Writing JSON text. A comma is put wherever the text so far does not end in an opening bracket.

use std::fmt::Write;

/// JSON text that grows.
pub(super) struct JsonWriter {
    out: String,
}

impl JsonWriter {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { out: String::with_capacity(capacity) }
    }

    /// What was written, in exactly the memory it needs.
    pub(super) fn finish(mut self) -> String {
        self.out.shrink_to_fit();
        self.out
    }

    #[inline]
    fn comma(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.out.push(',');
        }
    }

    /// Opens an object or array: `{` or `[`. As a value it follows a key.
    #[inline]
    pub(super) fn open(&mut self, bracket: char) {
        self.comma();
        self.out.push(bracket);
    }

    #[inline]
    pub(super) fn close(&mut self, bracket: char) {
        self.out.push(bracket);
    }

    /// A key that needs no escaping. What is written next is its value.
    #[inline]
    pub(super) fn key(&mut self, key: &str) {
        self.comma();
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
    }

    /// Any text, escaped.
    pub(super) fn text(&mut self, text: &str) {
        self.out.push('"');
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
            self.out.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                b'"' => self.out.push_str("\\\""),
                b'\\' => self.out.push_str("\\\\"),
                b'\n' => self.out.push_str("\\n"),
                b'\r' => self.out.push_str("\\r"),
                b'\t' => self.out.push_str("\\t"),
                control => self.display(format_args!("\\u{control:04x}")),
            }
            rest = &rest[at + 1..];
        }
        self.out.push_str(rest);
        self.out.push('"');
    }

    /// A number or word, as it is displayed.
    #[inline]
    pub(super) fn display(&mut self, value: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.out, "{value}");
    }

    /// A 64-bit integer, which JSON carries as text.
    #[inline]
    pub(super) fn quoted(&mut self, value: impl std::fmt::Display) {
        self.out.push('"');
        self.display(value);
        self.out.push('"');
    }

    /// A double; what JSON has no number for is text, as proto3's JSON mapping says.
    pub(super) fn double(&mut self, value: f64) {
        if value.is_nan() {
            self.out.push_str("\"NaN\"");
        } else if value.is_infinite() {
            self.out.push_str(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
        } else {
            let _ = write!(self.out, "{value:?}");
        }
    }

    /// Bytes as lower-case hexadecimal text.
    pub(super) fn hex(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.out.push('"');
        for byte in bytes {
            self.out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            self.out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        self.out.push('"');
    }

    /// Bytes as base64 text with padding, RFC 4648 section 4.
    pub(super) fn base64(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        self.out.push('"');
        for chunk in bytes.chunks(3) {
            let mut group = [0; 3];
            group[..chunk.len()].copy_from_slice(chunk);
            let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
                self.out.push(if place <= chunk.len() { char::from(digit) } else { '=' });
            }
        }
        self.out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut JsonWriter)) -> String {
        let mut out = JsonWriter::with_capacity(0);
        write(&mut out);
        out.finish()
    }

    #[test]
    fn control_characters_quotes_and_backslashes_are_escaped() {
        let text = "a\"b\\c\n\r\t\u{1}\u{7f}é\u{2028}";
        let json = written(|out| out.text(text));
        assert_eq!(json, "\"a\\\"b\\\\c\\n\\r\\t\\u0001\u{7f}é\u{2028}\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn bytes_are_base64_with_padding() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(written(|out| out.base64(bytes.as_bytes())), format!("\"{text}\""));
        }
        assert_eq!(written(|out| out.base64(&[0xfb, 0xff, 0xfe])), "\"+//+\"");
    }

    #[test]
    fn doubles_without_a_json_number_are_text() {
        let written = |value| written(|out| out.double(value));
        assert_eq!(written(f64::NAN), "\"NaN\"");
        assert_eq!(written(f64::NEG_INFINITY), "\"-Infinity\"");
        assert_eq!(written(1e300), "1e300");
        assert_eq!(written(-0.0), "-0.0");
    }

    #[test]
    fn commas_stand_between_members_only() {
        let json = written(|out| {
            out.open('{');
            out.key("a");
            out.open('[');
            out.open('{');
            out.close('}');
            out.open('{');
            out.close('}');
            out.close(']');
            out.key("b");
            out.text(":");
            out.key("c");
            out.display(1);
            out.close('}');
        });
        assert_eq!(json, r#"{"a":[{},{}],"b":":","c":1}"#);
    }
}
