//! OTLP requests as bytes.

/// stub
#[derive(Debug)]
pub struct Request;
