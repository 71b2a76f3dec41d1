//! One unary gRPC call: a framed message each way over HTTP/2, and a status behind the answer.
//!
//! A call goes out as any request does, under the same grant. The host tells the server the time that is left
//! (`grpc-timeout`), unpacks an answer that comes compressed by gzip, and pauses an exporter whose backend answers
//! UNAUTHENTICATED or PERMISSION_DENIED.
//!
//! Sources: "gRPC over HTTP2" and "HTTP to gRPC Status Code Mapping" of grpc; OpenTelemetry protocol specification 1.x,
//! "OTLP/gRPC", for which status may be sent again.

mod call;
mod code;
mod metadata;
mod reply;
mod status;

pub use call::{Call, Failure, call};
pub use code::Code;
pub use status::{RetryInfo, Status};
