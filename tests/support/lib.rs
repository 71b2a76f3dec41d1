//! What the end-to-end tests share: backends, processes, a collector, requests with every field set.

mod authority;
mod backend;
mod collector;
mod configuration;
mod dear_component;
mod faulty_backend;
mod grpc_backend;
mod guest;
mod http;
mod latencies;
mod one_core;
mod otel_client;
mod process;
pub mod samples;
mod spangate;
mod status;
mod thread_cpu;
mod wat;

pub use authority::Authority;
pub use backend::backend;
pub use collector::{Collector, Received};
pub use configuration::{Ports, exporter_to};
pub use dear_component::dear_component;
pub use faulty_backend::{BackendFault, FaultyBackend, Taken};
pub use grpc_backend::{GrpcAnswer, GrpcBackend};
pub use guest::guest;
pub use http::{get, post};
pub use latencies::{Latencies, latencies_at_pace};
pub use one_core::on_one_core;
pub use otel_client::{OtelClient, Tree, tree, tree_in};
pub use process::{Server, free_port, wait_until};
pub use spangate::{Spangate, binary, example};
pub use status::Status;
pub use thread_cpu::cpu_of_threads;
pub use wat::wat;
