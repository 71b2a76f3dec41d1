//! OTLP requests in JSON, rewritten as protobuf so that one scan, one set of limits and one form of batch serve both.
//!
//! Rules (OTLP specification, "JSON Protobuf Encoding"; Protocol Buffers, "ProtoJSON Format"): ids are hex in either
//! case; enums are integers; 64-bit integers are strings or numbers; keys are lowerCamelCase and unknown ones are
//! ignored; bytes are base64; null means absent. Nothing is kept but the protobuf, which is hardly ever longer than the
//! JSON: the text is read once and each field is written as it is met. Nesting is bounded by the parser.

mod scalar;
mod schema;
mod transcode;

pub(super) use schema::{LOGS_REQUEST, METRICS_REQUEST, Message, TRACES_REQUEST};
pub(super) use transcode::to_protobuf;

#[cfg(test)]
mod tests;
