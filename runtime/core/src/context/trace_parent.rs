//! The `traceparent` header. Source: W3C Trace Context, section 3.2.

use std::fmt;

use super::{SpanId, TraceFlags, TraceId, ids::hex_byte};

/// Length of version 00.
const LEN: usize = 55;

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TraceParent {
    pub(super) trace_id: TraceId,
    pub(super) span_id: SpanId,
    pub(super) trace_flags: TraceFlags,
}

impl TraceParent {
    /// Reads a header's value. Versions above 00 are read as far as they agree with 00; of the flags only `sampled` is.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let bytes = value.as_bytes();
        let version = hex_byte(bytes.get(..2)?)?;
        let has_right_length = match version {
            0xff => false,
            0 => bytes.len() == LEN,
            _ => bytes.len() == LEN || bytes.get(LEN) == Some(&b'-'),
        };
        let has_dashes = [2, 35, 52].iter().all(|at| bytes.get(*at) == Some(&b'-'));
        if !has_right_length || !has_dashes {
            return None;
        }
        let flags = hex_byte(bytes.get(53..LEN)?)?;
        Some(Self {
            trace_id: TraceId::from_hex(bytes.get(3..35)?)?,
            span_id: SpanId::from_hex(bytes.get(36..52)?)?,
            trace_flags: TraceFlags(flags & TraceFlags::SAMPLED.0),
        })
    }
}

impl fmt::Display for TraceParent {
    /// Version 00, with no flag but `sampled`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id, self.span_id, u8::from(self.trace_flags.is_sampled()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALID: &str = "00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01";

    fn with_flags(flags: &str) -> String {
        format!("{}{flags}", &VALID[..53])
    }

    #[test]
    fn a_valid_header_is_read_in_full() {
        let context = TraceParent::parse(VALID).expect("valid");
        assert_eq!(context.trace_id.0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        assert_eq!(context.span_id.0, [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8]);
        assert!(context.trace_flags.is_sampled());
        assert_eq!(context.to_string(), VALID);
    }

    #[test]
    fn sampled_is_tested_by_mask_and_unknown_flags_are_not_sent_on() {
        let sampled = TraceParent::parse(&with_flags("09")).expect("valid");
        assert!(sampled.trace_flags.is_sampled());
        assert_eq!(sampled.to_string(), VALID);
        assert!(!TraceParent::parse(&with_flags("08")).expect("valid").trace_flags.is_sampled());
        assert!(TraceParent::parse(&with_flags("ff")).expect("valid").trace_flags.is_sampled());
    }

    #[test]
    fn a_later_version_is_read_as_00_and_may_be_longer() {
        let context = TraceParent::parse(&format!("01{}-extra", &VALID[2..])).expect("valid");
        assert_eq!(context.to_string(), VALID);
        assert!(TraceParent::parse(&format!("01{}", &VALID[2..])).is_some());
        assert!(TraceParent::parse(&format!("01{}.extra", &VALID[2..])).is_none());
    }

    #[test]
    fn invalid_headers_are_refused() {
        let upper = VALID.replacen("0a", "0A", 1);
        let long = format!("{VALID}-extra");
        let forbidden = format!("ff{}", &VALID[2..]);
        let upper_version = format!("0A{}", &VALID[2..]);
        let no_trace = format!("00-{}-a1a2a3a4a5a6a7a8-01", "0".repeat(32));
        let no_span = format!("00-0102030405060708090a0b0c0d0e0f10-{}-01", "0".repeat(16));
        let underscores = VALID.replace('-', "_");
        let padded = format!(" {VALID}");
        let bad_flags = with_flags("0g");
        for value in [
            &upper,
            &long,
            &forbidden,
            &upper_version,
            &no_trace,
            &no_span,
            &underscores,
            &padded,
            &bad_flags,
            "",
            "00",
        ] {
            assert_eq!(TraceParent::parse(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_can_make_parsing_panic(value in ".{0,70}") {
            let _ = TraceParent::parse(&value);
        }

        #[test]
        fn one_changed_byte_is_refused_or_read_as_another_context(at in 0usize..LEN, byte in 32u8..127) {
            let mut bytes = VALID.as_bytes().to_vec();
            bytes[at] = byte;
            let value = String::from_utf8(bytes).expect("ascii");
            if let Some(context) = TraceParent::parse(&value) {
                prop_assert_eq!(&context.to_string()[3..53], &value[3..53]);
            }
        }
    }
}
