//! Trace, span and batch ids: bytes, written as lower-case hex.

use std::fmt;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends `bytes` in lower-case hex.
#[inline]
pub fn push_hex(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks(16) {
        let mut hex = [0; 32];
        for (pair, byte) in hex.as_chunks_mut::<2>().0.iter_mut().zip(chunk) {
            *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        // Digits are ASCII.
        out.push_str(std::str::from_utf8(&hex[..2 * chunk.len()]).unwrap_or_default());
    }
}

/// The `row`-th id of a column; zero beyond its end.
#[inline]
pub(crate) fn id_at<const BYTES: usize>(column: &[u8], row: usize) -> [u8; BYTES] {
    column.as_chunks().0.get(row).copied().unwrap_or([0; BYTES])
}

macro_rules! id {
    ($(#[$meta:meta])* $Id:ident, $bytes:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $Id(pub [u8; $bytes]);

        impl $Id {
            /// Whether all bytes are zero, which is no valid id.
            #[inline]
            pub fn is_zero(self) -> bool {
                self.0 == [0; $bytes]
            }

            /// Appends the id in lower-case hex.
            #[inline]
            pub fn push_hex(self, out: &mut String) {
                push_hex(&self.0, out);
            }

            /// The id in lower-case hex.
            pub fn to_hex(self) -> String {
                let mut hex = String::with_capacity(2 * $bytes);
                self.push_hex(&mut hex);
                hex
            }
        }

        impl fmt::Display for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.to_hex())
            }
        }

        impl fmt::Debug for $Id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($Id), "({})"), self)
            }
        }
    };
}

id! {
    /// The id of a trace.
    TraceId, 16
}
id! {
    /// The id of a span within a trace.
    SpanId, 8
}
id! {
    /// The id of a batch: the same for every attempt to deliver it, also after a restart.
    BatchId, 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_in_lower_case_hex_with_leading_zeros() {
        let id = SpanId([0, 1, 0xab, 0xcd, 0xef, 0x10, 0, 0xff]);
        assert_eq!(id.to_hex(), "0001abcdef1000ff");
        assert_eq!(format!("{id:?}"), "SpanId(0001abcdef1000ff)");
    }

    #[test]
    fn a_row_beyond_the_column_has_the_zero_id() {
        let column = [1; 16];
        assert_eq!(id_at::<16>(&column, 0), [1; 16]);
        assert_eq!(id_at::<16>(&column, 1), [0; 16]);
    }
}
