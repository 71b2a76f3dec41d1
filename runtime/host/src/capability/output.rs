//! A guest's standard output and error: cut into lines, told to the capped log, the last ones kept for a fault's detail.
//!
//! Constraints: bounded memory whatever is written; a write never fails and never waits, because runtimes answer a
//! failed write to standard error with a trap. What is too much is dropped and counted by the log.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use super::log::LogCtx;
use crate::telemetry::Level;

/// Bytes kept of one line; the rest of it is dropped.
const MAX_LINE_BYTES: usize = 1024;
/// Lines kept for a fault's detail.
const KEPT_LINES: usize = 8;
/// Bytes a guest may write at once.
pub(crate) const MAX_WRITE_BYTES: usize = 4096;

/// One of a guest's output streams. Clones write to the same stream.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    level: Level,
    log: Arc<LogCtx>,
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    open: Vec<u8>,
    last: VecDeque<String>,
}

impl Output {
    /// A stream whose lines are told at `level`.
    pub(crate) fn new(level: Level, log: Arc<LogCtx>) -> Self {
        Self { level, log, lines: Arc::default() }
    }

    /// Takes bytes as a guest writes them.
    pub(crate) fn take(&self, bytes: &[u8]) {
        let mut lines = self.lock();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            lines.extend(line);
            self.close(&mut lines);
            rest = after.get(1..).unwrap_or_default();
        }
        lines.extend(rest);
    }

    /// Ends the call: an open line is told, and the kept lines are handed out and forgotten.
    pub(crate) fn finish(&self) -> Vec<String> {
        let mut lines = self.lock();
        if !lines.open.is_empty() {
            self.close(&mut lines);
        }
        lines.last.drain(..).collect()
    }

    fn close(&self, lines: &mut Lines) {
        let line = String::from_utf8_lossy(&lines.open).into_owned();
        lines.open.clear();
        self.log.tell(self.level, &line);
        if lines.last.len() == KEPT_LINES {
            lines.last.pop_front();
        }
        lines.last.push_back(line);
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn extend(&mut self, bytes: &[u8]) {
        let room = MAX_LINE_BYTES.saturating_sub(self.open.len());
        self.open.extend(bytes.iter().take(room));
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.take(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(MAX_WRITE_BYTES)
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capability::log::LogGrant,
        telemetry::{Log, LogRecord, LogSink},
    };

    struct Deaf;

    impl LogSink for Deaf {
        fn log(&self, _: &LogRecord<'_>) {}
    }

    fn output() -> Output {
        let grant = LogGrant::per_second(10, 1024);
        Output::new(Level::Warn, Arc::new(LogCtx::new("billing", grant, Log::new(Arc::new(Deaf)))))
    }

    #[test]
    fn a_line_may_come_in_pieces_and_an_open_line_ends_with_the_call() {
        let output = output();
        output.take(b"one\ntw");
        output.take(b"o\nthree");
        assert_eq!(output.finish(), ["one", "two", "three"]);
        assert!(output.finish().is_empty());
    }

    #[test]
    fn memory_stays_bounded_whatever_is_written() {
        let output = output();
        for _ in 0..10_000 {
            output.take(&[b'x'; 4096]);
        }
        assert_eq!(output.finish(), ["x".repeat(MAX_LINE_BYTES)]);
        output.take(&vec![b'\n'; 100_000]);
        assert_eq!(output.finish().len(), KEPT_LINES);
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let output = output();
        output.take(b"\xff\xfe\n");
        assert_eq!(output.finish(), ["\u{fffd}\u{fffd}"]);
    }
}
