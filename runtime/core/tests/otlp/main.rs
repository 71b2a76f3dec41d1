//! OTLP in bytes, in columns and in JSON, compared with requests written by hand and with a generated protobuf library.

mod arbitrary;
mod differential;
mod json;
mod narrowing;
mod normal;
mod properties;
mod vectors;
