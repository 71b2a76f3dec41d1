//! The threads that receive, hand on and deliver, and one that collects what this process records: small tokio runtimes of
//! our own.
//!
//! Never blocked on from inside another runtime: who must wait synchronously waits on a channel with a deadline.

use std::{
    future::Future,
    io,
    sync::{Mutex, PoisonError, mpsc},
    thread::available_parallelism,
    time::Duration,
};

use spangate_core::suppression::suppress_this_thread;
use tokio::runtime::{Builder, Handle, Runtime};

use super::scheduling::push_nobody_aside;

/// The most that receive and deliver.
const MOST_THREADS: usize = 2;
/// Threads that may wait for a disk, started when there is something to write: an exporter's dead letters never take more
/// than one.
const DISK_THREADS: usize = 8;

/// What the I/O threads are there for, beside delivering.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    /// Requests are received and scanned.
    pub(super) receives: bool,
    /// Exporters of the embedder's own run here, and may block a thread.
    pub(super) has_natives: bool,
}

/// The I/O threads. Dropping it stops them without waiting, which is allowed anywhere, inside a runtime too.
#[derive(Debug)]
pub(super) struct IoThreads {
    handle: Handle,
    /// Woken by threads that record, and therefore apart: whom they wake must not push them aside, and whom backends wake
    /// must not wait behind guests.
    collector: Handle,
    runtimes: Mutex<Option<[Runtime; 2]>>,
}

impl IoThreads {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the operating system gives no threads or no event queue.
    pub(super) fn start(work: Work) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(work.threads())
            .max_blocking_threads(MOST_THREADS + DISK_THREADS)
            .thread_name("spangate-io")
            .on_thread_start(suppress_this_thread)
            .enable_all()
            .build()?;
        let collector = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .thread_name("spangate-collect")
            .on_thread_start(begin_collector)
            .enable_time()
            .build()?;
        let (handle, collecting) = (runtime.handle().clone(), collector.handle().clone());
        Ok(Self { handle, collector: collecting, runtimes: Mutex::new(Some([runtime, collector])) })
    }

    /// Where tasks are spawned.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Where what is recorded is collected.
    pub(super) fn collector(&self) -> &Handle {
        &self.collector
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
        let is_ours = |current: Handle| [&self.handle, &self.collector].iter().any(|ours| ours.id() == current.id());
        Handle::try_current().is_ok_and(is_ours)
    }

    /// Ends the threads without waiting for them. What was spawned is dropped where it stands.
    pub(super) fn stop(&self) {
        let runtimes = self.runtimes.lock().unwrap_or_else(PoisonError::into_inner).take();
        runtimes.into_iter().flatten().for_each(Runtime::shutdown_background);
    }
}

impl Work {
    /// A thread that is not needed is woken all the same, with cold caches: to deliver takes one, and to receive one for two
    /// processors, beside guests, the collector and whoever sends.
    fn threads(self) -> usize {
        match self {
            // Whoever waits for the end, or for the others, does not wait for one that blocks.
            Self { has_natives: true, .. } => MOST_THREADS,
            Self { receives: true, .. } => {
                available_parallelism().map_or(1, |processors| processors.get().div_ceil(2).min(MOST_THREADS))
            }
            Self { .. } => 1,
        }
    }
}

fn begin_collector() {
    suppress_this_thread();
    push_nobody_aside();
}

impl Drop for IoThreads {
    fn drop(&mut self) {
        self.stop();
    }
}
