//! OTLP in protobuf: the scan against a generated library, and the parts, columns and encodings that are built on it.

use bytes::Bytes;
use spangate_core::signal::Signal;

use crate::differential::compare_with_prost;

/// The first byte says which signal it is and which rows are selected.
pub fn check(data: &[u8]) {
    let Some((head, request)) = data.split_first() else { return };
    let signal = if head & 1 == 0 { Signal::Spans } else { Signal::Events };
    compare_with_prost(
        signal,
        Bytes::copy_from_slice(request),
        u64::from(head >> 1).wrapping_mul(0x0204_0810_2040_8103),
    );
}
