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
use crate::sandbox::MAX_BLOCKING_THREADS;

/// The most that receive, one for two processors: a second one beside guests, the collector and whoever sends would only be
/// woken to find nothing to do.
const MOST_THREADS: usize = 2;
/// Threads that may wait for a disk, started when there is something to write: an exporter's dead letters never take more
/// than one.
const DISK_THREADS: usize = 8;

/// The I/O threads. Dropping it stops them without waiting, which is allowed anywhere, inside a runtime too.
#[derive(Debug)]
pub(super) struct IoThreads {
    handle: Handle,
    /// Woken by threads that record, and therefore apart: whom they wake must not push them aside, and whom backends wake
    /// must not wait behind guests.
    collector: Handle,
    has_receiver: bool,
    runtimes: Mutex<Option<[Runtime; 2]>>,
}

impl IoThreads {
    /// Starts the threads; one for I/O if there is no receiver.
    ///
    /// # Errors
    /// If the operating system gives no threads or no event queue.
    pub(super) fn start(has_receiver: bool) -> io::Result<Self> {
        // Large requests are scanned by threads that may block: there must not be many of them. Connections wait for names and
        // files, and compute nothing.
        let (threads, blocking) =
            if has_receiver { (threads_that_receive(), MOST_THREADS) } else { (1, MAX_BLOCKING_THREADS) };
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .max_blocking_threads(blocking + DISK_THREADS)
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
        Ok(Self { handle, collector: collecting, has_receiver, runtimes: Mutex::new(Some([runtime, collector])) })
    }

    /// Where tasks are spawned.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Where what is recorded is collected.
    pub(super) fn collector(&self) -> &Handle {
        &self.collector
    }

    /// Where connections to backends may live, if they need no thread of their own. Beside receivers they do: an answer that
    /// is dear to read would keep requests waiting.
    pub(super) fn for_connections(&self) -> Option<&Handle> {
        (!self.has_receiver).then_some(&self.handle)
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

fn threads_that_receive() -> usize {
    available_parallelism().map_or(1, |processors| (processors.get() / 2).clamp(1, MOST_THREADS))
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
