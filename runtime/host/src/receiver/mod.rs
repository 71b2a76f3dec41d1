//! OTLP receivers: HTTP (protobuf and JSON) and gRPC, both with gzip and zstd, both under TLS if that
//! is configured.
//!
//! What they must hold, whatever is sent to them:
//!
//! 1. Memory is bounded by the configuration: connections, requests at once, bytes of a body before and after
//!    decompression, bytes of all requests together, rows, estimated memory of a request in columns. A limit cuts while reading, never afterwards.
//! 2. Refusing is cheap: path, headers, free slots and the consumer's word are asked before a body is read.
//! 3. A sender learns what was wrong and where, by the status the specification gives it. What must not be sent again
//!    never gets a retryable status: in gRPC an oversized message is `RESOURCE_EXHAUSTED` without `RetryInfo`, and not
//!    the retryable `OUT_OF_RANGE` that common gRPC stacks answer.
//! 4. Every wait has a deadline; one bad sender disturbs nobody else, not even its own next request.
//!
//! Hence one path for all: listener and connection carry HTTP/1.1 and HTTP/2, a body is read under its caps,
//! inflated, turned into protobuf if it was JSON, and scanned once; HTTP and gRPC differ only in framing and in how
//! they spell the answer. Unary gRPC framing is small, so it is done here on hyper: a gRPC stack would bring its own
//! caps, its own decompression and its own statuses.

mod activity;
pub(crate) mod answer;
mod answers;
pub(crate) mod bind;
mod body;
mod budget;
mod connection;
mod cors;
mod data_points;
mod decode;
mod encoding;
mod endpoint;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzing;
mod grpc_frame;
mod http2;
mod inflate;
mod intake;
pub(crate) mod listener;
pub(crate) mod listener_limits;
mod metadata;
mod opening;
mod otlp_grpc;
mod otlp_http;
mod otlp_json;
mod protobuf_writer;
pub(crate) mod reply;
mod room;
mod security;
mod slots;
mod start;
mod stats;
mod stopping;

pub use bind::BindError;
pub use security::{Examined, FileError, examine};
pub use start::{BoundReceiver, ReceiverAccess, start_otlp_grpc, start_otlp_http};
pub use stats::{ConnectionStats, Counter, Outcome, ReceiverStats};
