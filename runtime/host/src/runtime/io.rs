//! The threads that receive, hand on and deliver: a small tokio runtime of our own.
//!
//! Never blocked on from inside another runtime: who must wait synchronously waits on a channel with a deadline.

use std::{
    future::Future,
    io,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use spangate_core::suppression::suppress_this_thread;
use tokio::runtime::{Builder, Handle, Runtime};

const THREADS: usize = 2;
/// Threads that may wait for a disk, started when there is something to write: an exporter's dead letters never take more
/// than one.
const DISK_THREADS: usize = 8;

/// The I/O threads. Dropping it stops them without waiting, which is allowed anywhere, inside a runtime too.
#[derive(Debug)]
pub(super) struct IoThreads {
    handle: Handle,
    runtime: Mutex<Option<Runtime>>,
}

impl IoThreads {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the operating system gives no threads or no event queue.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(THREADS + DISK_THREADS)
            .thread_name("spangate-io")
            .on_thread_start(suppress_this_thread)
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Mutex::new(Some(runtime)) })
    }

    /// Where tasks are spawned.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs a future on the I/O threads and waits for its result, `limit` at most. None if it takes longer, if the
    /// threads are gone, or if this is one of them: it would wait for itself.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        limit: Duration,
        future: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        if self.is_current() {
            return None;
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        self.handle.spawn(async move { sender.send(future.await) });
        receiver.recv_timeout(limit).ok()
    }

    /// Whether this is one of the threads.
    pub(super) fn is_current(&self) -> bool {
        Handle::try_current().is_ok_and(|current| current.id() == self.handle.id())
    }

    /// Ends the threads without waiting for them. What was spawned is dropped where it stands.
    pub(super) fn stop(&self) {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

impl Drop for IoThreads {
    fn drop(&mut self) {
        self.stop();
    }
}
