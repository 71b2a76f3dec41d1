//! How metadata is written into headers and trailers.

/// The bytes of a value whose name ends with `-bin`: base64, padded or not. None if it is something else.
pub(super) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim().trim_end_matches('=').as_bytes();
    if digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for chunk in digits.chunks(4) {
        let mut group = 0u32;
        for (index, digit) in chunk.iter().enumerate() {
            group |= u32::from(sextet(*digit)?) << (18 - 6 * index);
        }
        bytes.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

fn sextet(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// A percent-encoded text, as `grpc-message` is, at most `max_bytes` of it. What is not legible is kept as it is or
/// replaced, never an error; a character cut in two at the end is left out.
pub(super) fn decode_percent(text: &str, max_bytes: usize) -> String {
    let mut rest = text.as_bytes();
    let mut bytes = Vec::new();
    // A character has at most four bytes.
    while bytes.len() < max_bytes + 4 {
        let (byte, after) = match rest {
            [b'%', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hex(*high) << 4 | hex(*low), after)
            }
            [byte, after @ ..] => (*byte, after),
            [] => break,
        };
        bytes.push(byte);
        rest = after;
    }
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    let end = (0..=max_bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    if end < text.len() {
        text.truncate(end);
    }
    text
}

/// Of a hexadecimal digit.
fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_with_and_without_padding() {
        for text in ["", "f", "fo", "foo", "foob", "fooba", "foobar"] {
            let mut padded = String::new();
            crate::json::push_base64(&mut padded, text.as_bytes());
            assert_eq!(decode_base64(&padded).unwrap(), text.as_bytes());
            assert_eq!(decode_base64(padded.trim_end_matches('=')).unwrap(), text.as_bytes());
        }
        assert_eq!(decode_base64("+/+/").unwrap(), [0xfb, 0xff, 0xbf]);
        for text in ["A", "AAAAA", "AA-A", "A A=", "é"] {
            assert_eq!(decode_base64(text), None, "{text}");
        }
    }

    #[test]
    fn a_message_is_decoded_and_what_is_not_encoded_well_stays() {
        assert_eq!(decode_percent("100%25 of %C3%a9%0A", 99), "100% of é\n");
        assert_eq!(decode_percent("100% of %zz %4", 99), "100% of %zz %4");
        assert_eq!(decode_percent("%FF", 99), "\u{fffd}");
    }

    #[test]
    fn a_message_is_cut_at_a_whole_character() {
        let long = "%C3%A9".repeat(1000);
        assert_eq!(decode_percent(&long, 256), "é".repeat(128));
        assert_eq!(decode_percent(&format!("x{long}"), 256), format!("x{}", "é".repeat(127)));
        assert_eq!(decode_percent(&"a".repeat(256), 256).len(), 256);
        assert_eq!(decode_percent(&"a".repeat(257), 256).len(), 256);
    }
}
