//! Threads of the sandbox's own, so that no exporter runs on the application's: a few at low priority that run guests,
//! which the kernel keeps behind the application's, and one for their connections. Dropping them never waits.

use std::{future::Future, io};

use rustix::process::setpriority_process;
use spangate_core::suppression::suppress_this_thread;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::guarded::Guarded;

/// How nice guest threads are to others: 0 is ordinary, 19 the most.
const NICENESS: i32 = 10;

/// Threads for what blocks beside connections: each exporter may keep two with names that are not resolved, and two with
/// files that are not read. There are always more, so that no exporter waits for another's. An idle one ends by itself.
const MAX_BLOCKING_THREADS: usize = 512;

/// A small runtime.
#[derive(Debug)]
pub(super) struct Threads {
    /// Taken on drop, never before.
    runtime: Option<Runtime>,
}

impl Threads {
    /// Starts `threads` threads for guests. Every task is followed by a look at timers and sockets.
    ///
    /// # Errors
    /// If the system gives no threads.
    pub(super) fn for_guests(threads: usize) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(threads.max(1)).event_interval(1).thread_name("spangate-guest");
        Ok(Self { runtime: Some(builder.on_thread_start(begin_guest_thread).enable_all().build()?) })
    }

    /// Starts a thread for connections.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn for_connections() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).max_blocking_threads(MAX_BLOCKING_THREADS).thread_name("spangate-io");
        Ok(Self { runtime: Some(builder.on_thread_start(suppress_this_thread).enable_all().build()?) })
    }

    /// A handle for those who spawn by themselves; none if the threads are gone.
    pub(super) fn handle(&self) -> Option<Handle> {
        self.runtime.as_ref().map(|runtime| runtime.handle().clone())
    }

    /// Runs `task`; none if the threads are gone.
    pub(super) fn spawn<F>(&self, task: F) -> Option<Guarded<F::Output>>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.runtime.as_ref().map(|runtime| Guarded::new(runtime.spawn(task)))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn begin_guest_thread() {
    suppress_this_thread();
    lower_priority();
}

/// Best effort: where the system refuses, guests run at ordinary priority.
fn lower_priority() {
    // On Linux a priority belongs to a thread; elsewhere this would slow the whole process.
    if cfg!(target_os = "linux") {
        let _ = setpriority_process(None, NICENESS);
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::sync::RwLock;

    use super::*;

    #[tokio::test]
    async fn guests_run_on_threads_of_their_own_at_low_priority() {
        let threads = Threads::for_guests(1).unwrap();
        let task = threads.spawn(async {
            let name = std::thread::current().name().map(str::to_owned);
            (name, rustix::process::getpriority_process(None).unwrap())
        });
        let (name, priority) = task.unwrap().join().await.unwrap();
        assert_eq!(name.as_deref(), Some("spangate-guest"));
        if cfg!(target_os = "linux") {
            assert!(priority >= NICENESS, "{priority}");
        }
    }

    #[tokio::test]
    async fn dropping_the_handle_ends_the_task() {
        let threads = Threads::for_guests(1).unwrap();
        let (alive, ended) = tokio::sync::oneshot::channel::<()>();
        let task = threads.spawn(async move {
            let _alive = alive;
            tokio::time::sleep(Duration::from_secs(3600)).await;
        });
        drop(task);
        assert!(ended.await.is_err());
    }

    #[tokio::test]
    async fn what_forty_exporters_block_with_names_and_files_stops_no_other() {
        let threads = Threads::for_connections().unwrap();
        let handle = threads.handle().unwrap();
        let block = |work: Box<dyn FnOnce() -> u8 + Send>| handle.spawn_blocking(work);
        let (blocked, mut is_blocked) = tokio::sync::mpsc::channel(4 * 40);
        let gate = Arc::new(RwLock::new(()));
        let closed = gate.write().await;
        for _ in 0..4 * 40 {
            let (gate, blocked) = (Arc::clone(&gate), blocked.clone());
            block(Box::new(move || {
                let _ = blocked.blocking_send(());
                drop(gate.blocking_read());
                0
            }));
        }
        let all_and_one_more = async {
            for _ in 0..4 * 40 {
                is_blocked.recv().await.unwrap();
            }
            block(Box::new(|| 7)).await.unwrap()
        };
        assert_eq!(tokio::time::timeout(Duration::from_secs(60), all_and_one_more).await, Ok(7));
        drop(closed);
    }

    #[tokio::test]
    async fn dropping_the_threads_waits_for_nobody() {
        let threads = Threads::for_guests(1).unwrap();
        let (started, is_started) = tokio::sync::oneshot::channel();
        let task = threads.spawn(async move {
            let _ = started.send(());
            std::future::pending::<()>().await;
        });
        is_started.await.unwrap();
        drop(threads);
        assert!(task.unwrap().join().await.unwrap_err().is_cancelled());
    }
}
