//! Where log and terminal go when the embedder says nothing: the log nowhere, the terminal to standard output.

use std::io::Write;

use crate::{
    sandbox::TerminalSink,
    telemetry::{LogRecord, LogSink},
};

/// Says nothing: a library does not write to somebody else's standard error.
pub(super) struct NoLog;

impl LogSink for NoLog {
    fn log(&self, _: &LogRecord<'_>) {}
}

/// Standard output without colours. An exporter gets there only if the configuration grants it the terminal.
pub(super) struct Stdout;

impl TerminalSink for Stdout {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, text: &str) {
        // A closed standard output concerns nobody but who closed it.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
    }
}
