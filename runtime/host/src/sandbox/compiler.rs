//! Where components are read or compiled: one at a time, on a thread of its own. Who reads one that was compiled before is
//! waited for, by a program that starts; the compiler has the lowest priority.
//!
//! Constraints: a compilation cannot be cancelled, so nobody waits for one that is no longer wanted. Who gives up waiting
//! leaves a thread behind that ends with its component, or with the process; it keeps its turn until then, so that there
//! is never more than one for each sandbox. What nobody wants any more when its turn comes is not begun, and what is found
//! out about it before the compiler sees it ends it.

use std::{io, sync::Arc, thread};

use rustix::process::setpriority_process;
use spangate_core::suppression::suppress_this_thread;
use tokio::sync::{Semaphore, oneshot};

use super::error::LoadError;

/// The least that there is: 0 is ordinary, and guests have 10.
const NICENESS: i32 = 19;
/// As much as the main thread of a program has, for what is nested as deep as `complexity` allows.
const STACK_BYTES: usize = 8 << 20;

/// Takes turns.
#[derive(Debug)]
pub(super) struct Compiler {
    turn: Arc<Semaphore>,
}

/// Who waits for a compilation.
#[derive(Debug)]
pub(super) struct Waiting<T>(oneshot::Sender<T>);

impl<T> Waiting<T> {
    /// From here on whatever else there is to do comes first: this takes long. Best effort.
    #[cfg_attr(not(feature = "compiler"), expect(dead_code, reason = "nothing takes long"))]
    pub(super) fn give_way(&self) {
        // On Linux a priority belongs to a thread; elsewhere this would slow the whole process.
        if cfg!(target_os = "linux") {
            let _ = setpriority_process(None, NICENESS);
        }
    }

    /// Whether nobody waits any more.
    #[cfg_attr(not(feature = "compiler"), expect(dead_code, reason = "there is no work that could be saved"))]
    pub(super) fn is_gone(&self) -> bool {
        self.0.is_closed()
    }
}

impl Compiler {
    /// One with nothing to do.
    pub(super) fn new() -> Self {
        Self { turn: Arc::new(Semaphore::new(1)) }
    }

    /// Waits for its turn, then for `work` on the thread of its own. Dropping the future gives the work up.
    ///
    /// # Errors
    /// What `work` answers, or that it panicked, or that there is no thread for it.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, LoadError>
    where
        T: Send + 'static,
        F: FnOnce(&Waiting<Result<T, LoadError>>) -> Result<T, LoadError> + Send + 'static,
    {
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(|_| LoadError::ShutDown)?;
        let (sender, answer) = oneshot::channel();
        let work = move || {
            // Kept by the work itself: who gives up waiting does not end it.
            let _turn = turn;
            suppress_this_thread();
            let waiting = Waiting(sender);
            let answer = work(&waiting);
            let _ = waiting.0.send(answer);
        };
        let thread = thread::Builder::new().name("spangate-compile".to_owned()).stack_size(STACK_BYTES).spawn(work);
        // Not joined: it ends by itself.
        drop(thread.map_err(no_thread)?);
        answer.await.unwrap_or_else(|_| Err(failed("it panicked; please report this")))
    }
}

fn no_thread(error: io::Error) -> LoadError {
    failed(&format!("no thread: {error}"))
}

fn failed(why: &str) -> LoadError {
    LoadError::Malformed { reason: format!("the compiler failed: {why}") }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Mutex, mpsc},
        time::Duration,
    };

    use super::*;

    #[tokio::test]
    async fn work_runs_on_a_thread_of_its_own_and_gives_way_when_it_says_so() {
        let compiler = Compiler::new();
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let ordinary = priority();
        let told = compiler.run(move |waiting| {
            let name = thread::current().name().map(str::to_owned);
            let before = priority();
            waiting.give_way();
            Ok((name, before, priority()))
        });
        let (name, before, after) = told.await.unwrap();
        assert_eq!(name.as_deref(), Some("spangate-compile"));
        assert_eq!(before, ordinary);
        if cfg!(target_os = "linux") {
            assert_eq!(after, NICENESS);
        }
    }

    #[tokio::test]
    async fn a_panic_is_told_and_the_next_has_its_turn() {
        let compiler = Compiler::new();
        let error = compiler.run::<(), _>(|_| panic!("the compiler's defect")).await.unwrap_err().to_string();
        assert!(error.ends_with("the compiler failed: it panicked; please report this"), "{error}");
        assert_eq!(compiler.run(|_| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn who_gives_up_waits_for_nothing_and_no_other_begins_before_the_thread_has_ended() {
        let compiler = Compiler::new();
        let (started, is_started) = oneshot::channel();
        let (end, may_end) = mpsc::sync_channel::<()>(0);
        let was_gone = Arc::new(Mutex::new(None));
        let told = Arc::clone(&was_gone);
        let mut first = Box::pin(compiler.run(move |waiting| {
            let _ = started.send(());
            let _ = may_end.recv();
            *told.lock().unwrap() = Some(waiting.is_gone());
            Ok(())
        }));
        tokio::select! {
            result = &mut first => panic!("{result:?}"),
            result = is_started => result.unwrap(),
        }
        drop(first);
        let seen = Arc::clone(&was_gone);
        let mut second = Box::pin(compiler.run(move |waiting| Ok((waiting.is_gone(), *seen.lock().unwrap()))));
        // Long enough to begin, if it could.
        let early = tokio::time::timeout(Duration::from_millis(50), &mut second).await;
        assert!(early.is_err(), "two at once: {early:?}");
        drop(end);
        let (is_gone, first_was_gone) = second.await.unwrap();
        assert_eq!((is_gone, first_was_gone), (false, Some(true)));
    }
}
