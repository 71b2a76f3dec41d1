//! What the end-to-end tests share: backends, processes, a collector, requests with every field set.

mod backend;
mod collector;
mod http;
mod process;
pub mod samples;
mod spangate;

pub use backend::backend;
pub use collector::{Collector, Received};
pub use http::{get, post};
pub use process::{Server, free_port, wait_until};
pub use spangate::{Spangate, binary};
