//! What the end-to-end tests share: backends, processes, a collector, requests with every field set.

mod authority;
mod backend;
mod collector;
mod guest;
mod http;
mod otel_client;
mod process;
pub mod samples;
mod spangate;
mod status;
mod wat;

pub use authority::Authority;
pub use backend::backend;
pub use collector::{Collector, Received};
pub use guest::guest;
pub use http::{get, post};
pub use otel_client::{OtelClient, Tree, tree, tree_in};
pub use process::{Server, free_port, wait_until};
pub use spangate::{Spangate, binary, example};
pub use status::Status;
pub use wat::wat;
