//! Runtimes at work, with native exporters and real threads.

mod embedding;
mod ports;
mod starting;
mod watch;
mod written;
