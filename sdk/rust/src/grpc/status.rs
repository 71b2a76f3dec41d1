//! A status that is not OK, and what it means for a batch.

use std::fmt;
use std::time::Duration;

use super::Code;
use super::metadata::decode_base64;
use crate::Outcome;
use crate::protobuf::{Value, fields};

/// How a call ended that did not end well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Never OK.
    pub code: Code,
    /// What the server said, at most 256 bytes, or why there is no status.
    pub message: String,
    /// Whether and when the server wants to see the call again, if it says so.
    pub retry_info: Option<RetryInfo>,
}

/// google.rpc.RetryInfo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryInfo {
    /// How long to wait. Absent: the host's own back-off.
    pub delay: Option<Duration>,
}

impl Status {
    /// OTLP's table: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE and DATA_LOSS are tried again, after
    /// what the server asks for; RESOURCE_EXHAUSTED only if it asks. Anything else is rejected.
    pub fn outcome(&self) -> Outcome {
        let is_retryable = match self.code {
            Code::CANCELLED
            | Code::DEADLINE_EXCEEDED
            | Code::ABORTED
            | Code::OUT_OF_RANGE
            | Code::UNAVAILABLE
            | Code::DATA_LOSS => true,
            Code::RESOURCE_EXHAUSTED => self.retry_info.is_some(),
            _ => false,
        };
        if is_retryable {
            Outcome::retry_after(self.retry_info.and_then(|info| info.delay), self.to_string())
        } else {
            Outcome::rejected(self.to_string())
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gRPC {}", self.code)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

impl From<Status> for Outcome {
    fn from(status: Status) -> Self {
        status.outcome()
    }
}

impl RetryInfo {
    /// Out of `grpc-status-details-bin`: a google.rpc.Status whose field 3 is a list of google.protobuf.Any. What is
    /// malformed says nothing.
    pub(super) fn of_details(text: &str) -> Option<Self> {
        let status = decode_base64(text)?;
        let details = fields(&status).filter_map(|field| inner(field, 3));
        details.map(Self::of_any).find(Option::is_some).flatten()
    }

    fn of_any(any: &[u8]) -> Option<Self> {
        let name = fields(any).find_map(|field| inner(field, 1)).unwrap_or_default();
        let name = name.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        if name != b"google.rpc.RetryInfo" {
            return None;
        }
        let info = fields(any).find_map(|field| inner(field, 2)).unwrap_or_default();
        let delay = fields(info).find_map(|field| inner(field, 1));
        Some(Self { delay: delay.and_then(duration) })
    }
}

/// The bytes of the field, if it has this number.
fn inner<'a>((number, value): (u64, Value<'a>), wanted: u64) -> Option<&'a [u8]> {
    match value {
        Value::Bytes(bytes) if number == wanted => Some(bytes),
        _ => None,
    }
}

/// google.protobuf.Duration. Absent if it is negative.
fn duration(message: &[u8]) -> Option<Duration> {
    let (mut seconds, mut nanoseconds) = (0, 0);
    for field in fields(message) {
        match field {
            (1, Value::Number(number)) => seconds = number,
            (2, Value::Number(number)) => nanoseconds = number,
            _ => {}
        }
    }
    let seconds = i64::try_from(seconds).ok()?.unsigned_abs();
    Some(Duration::new(seconds, u32::try_from(nanoseconds).ok().filter(|number| *number < 1_000_000_000)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(number: u8, message: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, message.len() as u8][..], message].concat()
    }

    fn any(name: &str, value: &[u8]) -> Vec<u8> {
        nested(3, &[nested(1, name.as_bytes()), nested(2, value)].concat())
    }

    fn retry_info(details: &[u8]) -> Option<RetryInfo> {
        let mut text = String::new();
        crate::json::push_base64(&mut text, &[&[0x08, 0x0e, 0x12, 0x01, b'm'][..], details].concat());
        RetryInfo::of_details(&text)
    }

    #[test]
    fn a_delay_is_found_among_other_details() {
        let debug = any("type.googleapis.com/google.rpc.DebugInfo", b"\x0a\x01x");
        let info = |delay: &[u8]| any("type.googleapis.com/google.rpc.RetryInfo", delay);
        let delay = |message: &[u8]| retry_info(&[debug.clone(), info(&nested(1, message))].concat()).unwrap().delay;
        assert_eq!(delay(&[0x08, 0x07]), Some(Duration::from_secs(7)));
        assert_eq!(delay(&[0x10, 0x80, 0x94, 0xeb, 0xdc, 0x03]), None, "a whole second of nanoseconds");
        assert_eq!(delay(&[0x10, 0xff, 0x93, 0xeb, 0xdc, 0x03]), Some(Duration::from_nanos(999_999_999)));
        assert_eq!(delay(b""), Some(Duration::ZERO));
        let minus_one = [&[0x08][..], &[0xff; 9], &[0x01]].concat();
        assert_eq!(delay(&minus_one), None);
        assert_eq!(retry_info(&info(b"")), Some(RetryInfo { delay: None }));
        assert_eq!(retry_info(&debug), None);
        assert_eq!(retry_info(b"\x1a\x7f"), None);
        assert_eq!(RetryInfo::of_details("not base64"), None);
    }

    #[test]
    fn six_codes_are_tried_again_and_a_seventh_if_the_server_asks_for_it() {
        let asked = RetryInfo { delay: Some(Duration::from_secs(7)) };
        for number in 1..20 {
            let status = |retry_info| Status { code: Code(number), message: "no".to_owned(), retry_info };
            let reason = format!("gRPC {}: no", Code(number));
            let (plain, with_delay) = (status(None).outcome(), status(Some(asked)).outcome());
            match number {
                1 | 4 | 10 | 11 | 14 | 15 => {
                    assert_eq!(plain, Outcome::retry(&reason));
                    assert_eq!(with_delay, Outcome::retry_after(asked.delay, &reason));
                }
                8 => {
                    assert_eq!(plain, Outcome::rejected(&reason));
                    assert_eq!(with_delay, Outcome::retry_after(asked.delay, &reason));
                    assert_eq!(status(Some(RetryInfo::default())).outcome(), Outcome::retry(&reason));
                }
                _ => assert_eq!((plain, with_delay), (Outcome::rejected(&reason), Outcome::rejected(&reason))),
            }
        }
    }
}
