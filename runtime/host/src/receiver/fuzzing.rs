//! What a fuzz target reaches of the receivers.

use bytes::Bytes;
use spangate_core::otlp::Scanned;

use super::{
    budget::Budget,
    decode::{Decoded, Payload, decode},
    encoding::Encoding,
    endpoint::Endpoint,
    grpc_frame,
};
use crate::config;

/// A request in JSON, rewritten as protobuf. `endpoint` is a path of OTLP/HTTP.
///
/// # Errors
/// The message that a sender gets.
pub fn json_to_protobuf(endpoint: &str, json: &[u8]) -> Result<Vec<u8>, String> {
    super::otlp_json::to_protobuf(json, endpoint_of(endpoint).message())
}

/// What became of a body.
#[derive(Debug)]
pub enum Body {
    /// Spans or events.
    Rows(Scanned),
    /// Data points of metrics.
    DataPoints(u64),
    /// The code and the message that a sender gets.
    Refused(u32, String),
}

/// A body as it came over the wire, through all that is done with one. `is_framed` says that it is one of gRPC. Of what is
/// charged, no more than `max_inflight_bytes` is allowed.
pub fn take(endpoint: &str, encoding: &str, is_json: bool, is_framed: bool, bytes: &[u8], limits: &Limits) -> Body {
    let config = config::Receiver {
        max_request_bytes: limits.max_request_bytes,
        max_decoded_bytes: limits.max_decoded_bytes,
        ..config::Receiver::otlp_http()
    };
    let mut charge = Budget::new(limits.max_inflight_bytes).open();
    let encoding = Encoding::of(encoding).unwrap_or(Encoding::Identity);
    let payload = match is_framed {
        true => grpc_frame::unframe(bytes.to_vec(), encoding, config.max_request_bytes),
        false => Ok(Payload::new(Bytes::copy_from_slice(bytes), encoding, is_json)),
    };
    match payload.and_then(|payload| decode(endpoint_of(endpoint), payload, &config, &mut charge)) {
        Ok(Decoded::Rows(scanned)) => Body::Rows(scanned),
        Ok(Decoded::DataPoints(count)) => Body::DataPoints(count),
        Err(failure) => Body::Refused(failure.code(), failure.message()),
    }
}

/// Limits of one body, bytes.
#[derive(Debug)]
pub struct Limits {
    /// Before and after decompression.
    pub max_request_bytes: usize,
    /// In columns.
    pub max_decoded_bytes: usize,
    /// All that is held at once.
    pub max_inflight_bytes: usize,
}

fn endpoint_of(path: &str) -> Endpoint {
    Endpoint::of_http_path(path).unwrap_or(Endpoint::Traces)
}
