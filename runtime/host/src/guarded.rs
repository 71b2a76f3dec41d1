//! A task that nobody waits for any more is over.

use tokio::task::{JoinError, JoinHandle};

/// A task that ends, at its next yield, when its handle is dropped.
#[derive(Debug)]
pub(crate) struct Guarded<T>(JoinHandle<T>);

impl<T> Guarded<T> {
    /// A task whose handle is given up for this.
    pub(crate) fn new(task: JoinHandle<T>) -> Self {
        Self(task)
    }

    /// Waits for the task.
    ///
    /// # Errors
    /// If it panicked, or the threads are gone.
    pub(crate) async fn join(mut self) -> Result<T, JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
