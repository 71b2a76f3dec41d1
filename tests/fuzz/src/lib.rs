//! What the fuzz targets check, one module each. A check panics if it found something.
//!
//! Constraints: whatever the bytes are, a check ends soon; an oracle shares no code with what it judges.

#![cfg(fuzzing)]

pub mod answer;
pub mod component;
pub mod config;
pub mod context;
#[path = "../../../runtime/core/tests/otlp/differential.rs"]
mod differential;
pub mod egress;
#[path = "../../../runtime/core/tests/otlp/normal.rs"]
mod normal;
pub mod otlp_json;
pub mod otlp_protobuf;
mod reachable;
pub mod receiver_body;
