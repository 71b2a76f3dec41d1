//! OTLP requests as bytes: checked and counted by a scan before anything is materialised, indexed, cut and joined by
//! copying byte ranges, decoded straight into columns and encoded straight from them.
//!
//! Bytes to columns to bytes is the identity but for what columns do not carry: unknown fields, `Resource.entity_refs`,
//! messages without rows, the difference between a missing and an empty message.

mod arena;
mod assemble;
mod back_writer;
mod decode;
mod encode;
mod encode_records;
mod fields;
mod ids;
mod index;
mod json;
mod json_writer;
mod request;
mod scan;
mod simple;
mod tally;
mod visit;
mod walk;
mod walk_attribute;
mod wire;

pub use encode::encode;
pub(crate) use encode_records::encode_records;
pub use json::encode_json;
pub use request::Request;
pub use scan::{MAX_SURROUNDINGS_BYTES, ScanError, ScanErrorKind, ScanLimits, Scanned, scan};
