//! Trace, span and batch ids: bytes, written as lower-case hex.

use std::fmt;

use crate::json;

/// Appends `bytes` in lower-case hex.
#[inline]
pub fn push_hex(bytes: &[u8], out: &mut String) {
    let (chunks, rest) = bytes.as_chunks::<4>();
    chunks.iter().for_each(|chunk| json::push_ascii(out, &digits(*chunk)));
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    json::push_ascii(out, &digits(last)[..2 * rest.len()]);
}

/// All at once: each half of a byte in a byte of its own, and those above nine moved up to the letters.
#[inline]
fn digits(bytes: [u8; 4]) -> [u8; 8] {
    const ONES: u64 = u64::MAX / 255;
    let spread = u64::from(u32::from_le_bytes(bytes));
    let spread = (spread | spread << 16) & 0x0000_ffff_0000_ffff;
    let spread = (spread | spread << 8) & 0x00ff_00ff_00ff_00ff;
    let halves = (spread >> 4 & 0x000f_000f_000f_000f) | (spread & 0x000f_000f_000f_000f) << 8;
    let letters = (halves + ONES * 6) >> 4 & ONES;
    (halves + ONES * u64::from(b'0') + letters * u64::from(b'a' - b'0' - 10)).to_le_bytes()
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
    /// The id of a batch: the same for every attempt to deliver it.
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
