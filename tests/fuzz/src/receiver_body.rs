//! The body of a request, compressed or not, framed or not: it is taken or refused for what is wrong with it, whatever it
//! would become.

use spangate::fuzzing::receiver::{Body, Limits, take};

const LIMITS: Limits =
    Limits { max_request_bytes: 64 << 10, max_decoded_bytes: 1 << 20, max_inflight_bytes: 256 << 10 };
/// What a sender's fault is called in gRPC: INVALID_ARGUMENT, RESOURCE_EXHAUSTED, UNIMPLEMENTED.
const FAULTS_OF_THE_SENDER: [u32; 3] = [3, 8, 12];

/// The first byte says where the body was sent and how it is packed.
pub fn check(data: &[u8]) {
    let Some((head, bytes)) = data.split_first() else { return };
    let endpoint = ["/v1/traces", "/v1/logs", "/v1/metrics"][usize::from(head % 3)];
    let encoding = ["", "gzip", "zstd"][usize::from(head / 3 % 3)];
    let (is_json, is_framed) = (head & 0x40 != 0, head & 0x80 != 0);
    match take(endpoint, encoding, is_json && !is_framed, is_framed, bytes, &LIMITS) {
        Body::Rows(scanned) => {
            let request = scanned.request;
            assert!(request.otlp().len() <= LIMITS.max_request_bytes + 64, "{} bytes", request.otlp().len());
            assert!(request.decode().size() <= LIMITS.max_decoded_bytes);
        }
        Body::DataPoints(count) => assert!(count <= LIMITS.max_request_bytes as u64),
        Body::Refused(code, message) => {
            assert!(FAULTS_OF_THE_SENDER.contains(&code), "{code}: {message}");
            assert!(message.len() <= 1024 && !message.contains(char::is_control), "{message:?}");
        }
    }
}
