//! OTLP in JSON: what is written for it is protobuf, hardly longer than the text, and survives a second way around.

use bytes::Bytes;
use spangate::fuzzing::receiver::json_to_protobuf;
use spangate_core::{
    otlp::{self, ScanErrorKind, ScanLimits},
    signal::Signal,
};

/// The first byte says which signal it is.
pub fn check(data: &[u8]) {
    let Some((head, json)) = data.split_first() else { return };
    let (endpoint, signal) = match head % 3 {
        0 => ("/v1/traces", Some(Signal::Spans)),
        1 => ("/v1/logs", Some(Signal::Events)),
        _ => ("/v1/metrics", None),
    };
    let protobuf = match json_to_protobuf(endpoint, json) {
        Ok(protobuf) => protobuf,
        Err(message) => {
            assert!(!message.is_empty() && message.len() < 4096, "{} bytes of error", message.len());
            return;
        }
    };
    assert!(protobuf.len() <= json.len() + 64, "{} bytes of {}", protobuf.len(), json.len());
    let Some(signal) = signal else { return };
    let scanned = match otlp::scan(signal, Bytes::from(protobuf), &ScanLimits::default()) {
        Ok(scanned) => scanned,
        Err(error) => {
            let is_a_rule = error.kind != ScanErrorKind::Malformed || error.what.contains("occurs twice");
            assert!(is_a_rule, "what was written is no protobuf: {error}");
            return;
        }
    };
    let columns = scanned.request.decode();
    let text = otlp::encode_json(signal, &columns);
    let again = json_to_protobuf(endpoint, text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let again =
        otlp::scan(signal, Bytes::from(again), &ScanLimits { max_decoded_bytes: usize::MAX, ..Default::default() });
    let again = again.unwrap_or_else(|error| panic!("{error}: {text}")).request.decode();
    assert_eq!(otlp::encode(signal, &again), otlp::encode(signal, &columns), "{text}");
}
