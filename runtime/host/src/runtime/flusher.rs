//! A runtime's flush, in the hands of front ends.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use spangate_core::flush::{Flush, FlushError};

use super::{closing::Closing, io::IoThreads};

/// Has a [`Runtime`](super::Runtime) deliver, without keeping it alive: when the runtime is gone there is nothing to
/// wait for. Cheap to clone.
#[derive(Clone)]
pub struct Flusher {
    io: Weak<IoThreads>,
    closing: Weak<Closing>,
}

impl Flusher {
    pub(super) fn new(io: &Arc<IoThreads>, closing: &Arc<Closing>) -> Self {
        Self { io: Arc::downgrade(io), closing: Arc::downgrade(closing) }
    }
}

impl Flush for Flusher {
    /// As [`Runtime::flush`](super::Runtime::flush), with two differences: exporters that hold something back for
    /// their own flush have no time beyond `timeout`, and what became of the rows is told as one word.
    fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        let begun = Instant::now();
        let (Some(io), Some(closing)) = (self.io.upgrade(), self.closing.upgrade()) else {
            return Err(FlushError::Stopped);
        };
        let home = closing.view.pipeline.home();
        if home.is_elsewhere() {
            return Err(FlushError::Undelivered(home.obstacle()));
        }
        if closing.report.initialized() {
            return Err(FlushError::Stopped);
        }
        if io.is_current() {
            let reason = "one of the runtime's own threads would wait for itself";
            return Err(FlushError::Undelivered(reason.to_owned()));
        }
        let pipeline = closing.view.pipeline.clone();
        let report = io.wait(timeout, async move { pipeline.flush(timeout).await });
        match report {
            Some(report) if report.is_complete => Ok(()),
            Some(report) if begun.elapsed() < timeout => {
                Err(FlushError::Undelivered(closing.view.clean(report).to_string().replace('\n', ";")))
            }
            None if closing.report.initialized() => Err(FlushError::Stopped),
            Some(_) | None => Err(FlushError::TimedOut),
        }
    }
}

impl fmt::Debug for Flusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flusher").field("is_alive", &(self.closing.strong_count() > 0)).finish()
    }
}
