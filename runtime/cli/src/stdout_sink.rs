//! Standard output, for commands and for exporters that were granted the terminal.

use std::io::{IsTerminal, Write};

use spangate::sandbox::TerminalSink;

use crate::paint;

/// Writes to standard output. What cannot be written (a closed pipe) is nobody's fault and ignored.
#[derive(Debug)]
pub(crate) struct StdoutSink;

impl TerminalSink for StdoutSink {
    fn colors(&self) -> bool {
        paint::stdout().is_on()
    }

    fn width(&self) -> Option<u32> {
        width().and_then(|width| u32::try_from(width).ok())
    }

    fn write(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout.write_all(text.as_bytes());
        let _ = stdout.flush();
    }
}

/// For commands that print a document of their own: what an exporter writes meanwhile is not shown.
#[derive(Debug)]
pub(crate) struct SilentSink;

impl TerminalSink for SilentSink {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, _: &str) {}
}

/// Prints what a command has to say. Who has closed the pipe has read enough.
pub(crate) fn print(text: &str) {
    StdoutSink.write(text);
}

/// Columns of standard output, if it is a terminal.
pub(crate) fn width() -> Option<usize> {
    let is_terminal = std::io::stdout().is_terminal();
    is_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0))
}
