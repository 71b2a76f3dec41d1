//! The admin endpoint: `/livez`, `/readyz`, `/metrics`, `/status`, over HTTP on a loopback address.
//!
//! It only reads, and it answers only who asked for a loopback name: a page in the operator's browser whose name was
//! pointed at 127.0.0.1 (DNS rebinding) is refused by its `Host` header.

mod endpoint;
mod host_check;

pub use endpoint::{AdminSource, BoundAdmin, start_admin};
