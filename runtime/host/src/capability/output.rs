//! A guest's standard output and error: cut into lines, which are what the guest says.
//!
//! Constraints: bounded memory whatever is written; a write never fails and never waits, because runtimes answer a
//! failed write to standard error with a trap. What is too much is dropped and counted by the log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::{
    async_trait,
    cli::{IsTerminal, StdoutStream},
    p2::{OutputStream, Pollable, StreamResult},
};

use super::log::speech::Speech;
use crate::telemetry::Level;

/// Bytes kept of one line; the rest of it is dropped.
const MAX_LINE_BYTES: usize = 1024;
/// Bytes a guest may write at once.
pub(crate) const MAX_WRITE_BYTES: usize = 4096;

/// One of a guest's output streams. Clones write to the same stream.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    level: Level,
    speech: Arc<Speech>,
    /// The line that has not ended.
    open: Arc<Mutex<Vec<u8>>>,
}

impl Output {
    /// A stream whose lines are said at `level`.
    pub(crate) fn new(level: Level, speech: Arc<Speech>) -> Self {
        Self { level, speech, open: Arc::default() }
    }

    /// Takes bytes as a guest writes them.
    pub(crate) fn take(&self, bytes: &[u8]) {
        let mut open = self.lock();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            extend(&mut open, line);
            self.close(&mut open);
            rest = after.get(1..).unwrap_or_default();
        }
        extend(&mut open, rest);
    }

    /// Ends the call, and with it an open line.
    pub(crate) fn finish(&self) {
        let mut open = self.lock();
        if !open.is_empty() {
            self.close(&mut open);
        }
    }

    fn close(&self, open: &mut Vec<u8>) {
        self.speech.say(self.level, &String::from_utf8_lossy(open));
        open.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As much as there is room for.
fn extend(open: &mut Vec<u8>, bytes: &[u8]) {
    let room = MAX_LINE_BYTES.saturating_sub(open.len());
    open.extend(bytes.iter().take(room));
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
    use crate::capability::log::speech::tests::speech;

    fn output() -> (Output, Arc<Speech>) {
        let speech = Arc::new(speech(10).0);
        (Output::new(Level::Warn, speech.clone()), speech)
    }

    #[test]
    fn a_line_may_come_in_pieces_and_an_open_line_ends_with_the_call() {
        let (output, speech) = output();
        output.take(b"one\ntw");
        output.take(b"o\nthree");
        output.finish();
        assert_eq!(speech.quote().lines, ["one", "two", "three"]);
        output.finish();
        assert!(speech.quote().lines.is_empty());
    }

    #[test]
    fn memory_stays_bounded_whatever_is_written() {
        let (output, speech) = output();
        for _ in 0..10_000 {
            output.take(&[b'x'; 4096]);
        }
        assert_eq!(*output.lock(), [b'x'; MAX_LINE_BYTES]);
        output.take(&vec![b'\n'; 100_000]);
        let words = speech.quote();
        assert_eq!((words.lines.len(), words.lines_before), (8, 99_992));
    }

    #[test]
    fn bytes_that_are_no_text_do_no_harm() {
        let (output, speech) = output();
        output.take(b"\xff\xfe\n");
        assert_eq!(speech.quote().lines, ["\u{fffd}\u{fffd}"]);
    }
}
