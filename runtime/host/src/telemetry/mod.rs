//! What spangate says about itself: log records for a sink, metrics for a scrape. Never traced, never exported.

mod exposition;
mod guest_series;
mod log;
mod log_record;
mod log_writer;
mod metrics;
mod sparing;
#[cfg(test)]
pub(crate) mod test_sink;

pub use log::Log;
pub use log_record::{Level, LogRecord, LogSink};
pub use metrics::render_metrics;
pub(crate) use sparing::{SparingLog, Sparingly};
