//! The seam through which a front end has delivered what it handed over, without knowing what delivers.

use std::time::Duration;

/// Delivers what was taken in. What implements it need not keep alive what delivers.
pub trait Flush: Send + Sync {
    /// Delivers what was taken in so far and waits for it, `timeout` at most; not a moment longer.
    ///
    /// # Errors
    /// If not all of it came to its end, why. What was not delivered goes on waiting.
    fn flush(&self, timeout: Duration) -> Result<(), FlushError>;
}

/// Where nothing waits, because everything is delivered when it is recorded: for tests with an exporter in memory.
impl Flush for () {
    fn flush(&self, _: Duration) -> Result<(), FlushError> {
        Ok(())
    }
}

/// Why not everything that was taken in came to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlushError {
    /// The time was over.
    #[error("the time was over before everything was delivered")]
    TimedOut,
    /// What delivers has stopped, with all that it had.
    #[error("the runtime has stopped")]
    Stopped,
    /// Nothing more would have been delivered in time, so that nobody waited; with what stands in the way.
    #[error("not delivered: {0}")]
    Undelivered(String),
}
