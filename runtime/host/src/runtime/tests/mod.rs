//! Runtimes at work, with native exporters and real threads.

mod contexts;
mod embedding;
mod environment;
mod flusher;
mod ports;
mod starting;
mod watch;
mod written;
