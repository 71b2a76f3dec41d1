//! The messages that are answered, in protobuf and in JSON.
//!
//! Sources: `collector/*/v1` of opentelemetry-proto (the three responses have the same field numbers), and
//! `google/rpc/status.proto` and `error_details.proto` for what went wrong.

use std::time::Duration;

use serde_json::json;

use super::{
    endpoint::Endpoint,
    failure::{Failure, one_line},
    intake::Taken,
    protobuf_writer::Writer,
};

/// An Export…ServiceResponse in protobuf; empty if everything was taken.
pub(super) fn taken_protobuf(taken: &Taken) -> Vec<u8> {
    let mut writer = Writer::default();
    if taken.rejected > 0 {
        let partial_success = writer.open(1);
        writer.varint_field(1, taken.rejected);
        writer.bytes_field(2, one_line(&taken.reason).as_bytes());
        writer.close(partial_success);
    }
    writer.finish()
}

/// An Export…ServiceResponse in JSON.
pub(super) fn taken_json(endpoint: Endpoint, taken: &Taken) -> Vec<u8> {
    if taken.rejected == 0 {
        return b"{}".to_vec();
    }
    // A 64-bit integer is a string in ProtoJSON.
    let rejected = taken.rejected.to_string();
    json!({"partialSuccess": {endpoint.rejected_key(): rejected, "errorMessage": one_line(&taken.reason)}})
        .to_string()
        .into_bytes()
}

/// A google.rpc.Status in protobuf, with RetryInfo if the sender may try again later.
pub(super) fn status_protobuf(failure: &Failure) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.varint_field(1, failure.code().into());
    writer.bytes_field(2, failure.message().as_bytes());
    if let Some(delay) = failure.retry_after() {
        let any = writer.open(3);
        writer.bytes_field(1, b"type.googleapis.com/google.rpc.RetryInfo");
        let retry_info = writer.open(2);
        let retry_delay = writer.open(1);
        let Seconds { seconds, nanos } = Seconds::of(delay);
        writer.varint_field(1, seconds);
        writer.varint_field(2, nanos.into());
        writer.close(retry_delay);
        writer.close(retry_info);
        writer.close(any);
    }
    writer.finish()
}

/// A google.rpc.Status in JSON.
pub(super) fn status_json(failure: &Failure) -> Vec<u8> {
    json!({"code": failure.code(), "message": failure.message()}).to_string().into_bytes()
}

/// A google.protobuf.Duration.
struct Seconds {
    seconds: u64,
    nanos: u32,
}

impl Seconds {
    fn of(duration: Duration) -> Self {
        // A century: more is an error in the eyes of most readers.
        Self { seconds: duration.as_secs().min(100 * 366 * 86_400), nanos: duration.subsec_nanos() }
    }
}

#[cfg(test)]
mod tests {
    use spangate_core::consumer::Refusal;

    use super::*;

    #[test]
    fn partial_success_names_the_count_and_the_reason() {
        let taken = Taken { rejected: 2, reason: "too old".to_owned() };
        assert_eq!(taken_protobuf(&taken), b"\x0a\x0b\x08\x02\x12\x07too old");
        let json = r#"{"partialSuccess":{"errorMessage":"too old","rejectedSpans":"2"}}"#;
        assert_eq!(taken_json(Endpoint::Traces, &taken), json.as_bytes());
        assert_eq!(taken_protobuf(&Taken::default()), b"");
        assert_eq!(taken_json(Endpoint::Logs, &Taken::default()), b"{}");
    }

    #[test]
    fn a_refusal_says_when_to_try_again_and_an_oversize_does_not() {
        let refusal = Refusal { retry_after: Duration::from_millis(2500), reason: "full".to_owned() };
        let status = status_protobuf(&Failure::Refused(refusal));
        let retry_info = b"\x08\x0e\x12\x04full\x1a\x36\x0a\x28type.googleapis.com/google.rpc.RetryInfo\
            \x12\x0a\x0a\x08\x08\x02\x10\x80\xca\xb5\xee\x01";
        assert_eq!(status, retry_info[..]);
        assert_eq!(status_protobuf(&Failure::TooLarge("big".to_owned())), b"\x08\x08\x12\x03big");
        assert_eq!(status_json(&Failure::TooLarge("big".to_owned())), br#"{"code":8,"message":"big"}"#);
    }
}
