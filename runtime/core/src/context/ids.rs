//! The ids of traces and spans: bytes that print as lower-case hex. All zero is not an id.

use std::{fmt, fmt::Write};

macro_rules! id {
    ($(#[$meta:meta])* $Id:ident, $bytes:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $Id(pub [u8; $bytes]);

        impl $Id {
            /// Bytes of the id.
            pub const LEN: usize = $bytes;

            /// All zero: no id.
            pub const INVALID: Self = Self([0; $bytes]);

            /// Whether any bit is set.
            pub fn is_valid(self) -> bool {
                self != Self::INVALID
            }

            /// Reads lower-case hex of exactly the right length. All zero is not an id.
            pub fn from_hex(hex: &[u8]) -> Option<Self> {
                if hex.len() != 2 * $bytes {
                    return None;
                }
                let mut bytes = [0; $bytes];
                for (byte, digits) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
                    *byte = hex_byte(digits)?;
                }
                Some(Self(bytes)).filter(|id| id.is_valid())
            }
        }

        impl fmt::Display for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write_hex(f, *byte))
            }
        }

        impl fmt::Debug for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

id! {
    /// The id of a trace.
    TraceId, 16
}

id! {
    /// The id of a span, unique in its trace.
    SpanId, 8
}

/// The value of two lower-case hex digits.
pub(super) fn hex_byte(digits: &[u8]) -> Option<u8> {
    match digits {
        [high, low] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, byte: u8) -> fmt::Result {
    const DIGITS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    f.write_char(DIGITS[usize::from(byte >> 4)])?;
    f.write_char(DIGITS[usize::from(byte & 15)])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_survives_its_hex(bytes: [u8; 16]) {
            prop_assume!(bytes != [0; 16]);
            let id = TraceId(bytes);
            prop_assert_eq!(TraceId::from_hex(id.to_string().as_bytes()), Some(id));
        }
    }

    #[test]
    fn zero_capitals_and_wrong_lengths_are_no_ids() {
        for hex in
            ["0000000000000000", "A1a2a3a4a5a6a7a8", "a1a2a3a4a5a6a7", "a1a2a3a4a5a6a7a8a9", "g1a2a3a4a5a6a7a8", ""]
        {
            assert_eq!(SpanId::from_hex(hex.as_bytes()), None, "{hex}");
        }
    }
}
