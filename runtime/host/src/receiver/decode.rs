//! From a body to rows: inflate, rewrite JSON as protobuf, scan. Pure, so that it can be done on any thread.

use bytes::Bytes;
use spangate_core::otlp::{ScanErrorKind, ScanLimits, Scanned, scan};

use super::{
    budget::Charge,
    data_points::count_data_points,
    encoding::Encoding,
    endpoint::Endpoint,
    failure::Failure,
    inflate::{gzip, zstd},
    otlp_json::to_protobuf,
};
use crate::config;

/// A body as it came over the wire.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) bytes: Bytes,
    pub(super) encoding: Encoding,
    pub(super) is_json: bool,
}

/// What was in it.
#[derive(Debug)]
pub(super) enum Decoded {
    /// Spans or events, checked.
    Rows(Scanned),
    /// How many data points of metrics.
    DataPoints(u64),
}

/// Decodes a body under the limits of its receiver, and charges what that takes.
///
/// # Errors
/// Malformed or too large, with what was found and where; over budget.
pub(super) fn decode(
    endpoint: Endpoint,
    payload: Payload,
    config: &config::Receiver,
    charge: &mut Charge,
) -> Result<Decoded, Failure> {
    let bytes = payload.bytes;
    let mut bytes = match payload.encoding {
        Encoding::Identity => bytes,
        Encoding::Gzip => gzip(&bytes, config.max_request_bytes, charge)?.into(),
        Encoding::Zstd => zstd(&bytes, config.max_request_bytes, charge)?.into(),
    };
    if payload.is_json {
        // About as long as what it is made from.
        charge.add(bytes.len())?;
        bytes = to_protobuf(&bytes, endpoint.message()).map_err(Failure::Malformed)?.into();
    }
    let Some(signal) = endpoint.signal() else {
        return count_data_points(&bytes).map(Decoded::DataPoints).map_err(Failure::Malformed);
    };
    let limits = ScanLimits {
        max_rows: u32::try_from(config.max_rows_per_request).unwrap_or(u32::MAX),
        max_decoded_bytes: config.max_decoded_bytes,
        ..ScanLimits::default()
    };
    scan(signal, bytes, &limits).map(Decoded::Rows).map_err(|error| {
        let message = match payload.is_json {
            // The offset would be one into the protobuf, which the sender has never seen.
            true => format!("not a valid OTLP request: {}", error.what),
            false => format!("not a valid OTLP request: {}, at byte {}", error.what, error.offset),
        };
        match error.kind {
            ScanErrorKind::TooLarge => Failure::TooLarge(message),
            ScanErrorKind::Malformed | ScanErrorKind::TooDeep => Failure::Malformed(message),
        }
    })
}
