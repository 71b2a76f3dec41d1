//! The lookups of one exporter, all its connections together.
//!
//! A lookup that blocks cannot be cancelled and keeps a thread until the system gives it up. So there are two at a time,
//! given-up ones included, nobody waits for one longer than a few seconds, and a name that failed is not asked again at
//! once.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::{misses::Misses, resolve_error::ResolveError};

/// Lookups of one exporter that may be under way at once.
const MAX_LOOKUPS: usize = 2;

/// Addresses of one name that are looked at.
pub(super) const MAX_ADDRESSES: usize = 64;

/// The answer of a lookup.
pub(crate) type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Turns a name into addresses, unjudged.
pub(crate) trait Lookup: Send + Sync {
    /// Looks `name` up. May block a thread of the runtime's blocking pool.
    fn look_up(&self, name: &str) -> LookingUp;
}

/// The system's resolver (`getaddrinfo`).
#[derive(Debug)]
pub(crate) struct SystemLookup;

impl Lookup for SystemLookup {
    fn look_up(&self, name: &str) -> LookingUp {
        let name = name.to_owned();
        Box::pin(async move {
            // The connector puts the URL's port in place of 0.
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place: bounded by `Lookups`, judged by `PermittedResolver`"
            )]
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.take(MAX_ADDRESSES).collect())
        })
    }
}

/// The lookups of one exporter.
pub(crate) struct Lookups {
    lookup: Arc<dyn Lookup>,
    slots: Arc<Semaphore>,
    misses: Mutex<Misses>,
    timeout: Duration,
}

impl Lookups {
    /// Asks `lookup`, and waits for no answer longer than `timeout`.
    pub(crate) fn new(lookup: Arc<dyn Lookup>, timeout: Duration) -> Arc<Self> {
        Arc::new(Self { lookup, slots: Arc::new(Semaphore::new(MAX_LOOKUPS)), misses: Mutex::default(), timeout })
    }

    /// The addresses of `name`, of which there is one at least, unjudged.
    pub(super) async fn find(&self, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        if let Some(error) = self.misses().find(name, Instant::now()) {
            return Err(error);
        }
        let found = self.ask(name).await;
        if let Err(error) = &found {
            self.misses().add(name, error.clone(), Instant::now());
        }
        found
    }

    /// The slot stays with the lookup itself until it really ends, so that lookups which were given up cannot pile up
    /// threads.
    async fn ask(&self, name: &str) -> Result<Vec<SocketAddr>, ResolveError> {
        let (owned, lookup, slots) = (name.to_owned(), Arc::clone(&self.lookup), Arc::clone(&self.slots));
        let answer = async move {
            let slot = slots.acquire_owned().await.map_err(io::Error::other)?;
            let task = tokio::spawn(async move {
                let found = lookup.look_up(&owned).await;
                drop(slot);
                found
            });
            task.await.map_err(io::Error::other)?
        };
        let name = || name.to_owned();
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(Ok(found)) if found.is_empty() => Err(ResolveError::Empty(name())),
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(ResolveError::Failed { name: name(), why: error.to_string() }),
            Err(_) => Err(ResolveError::TimedOut { name: name(), after: self.timeout }),
        }
    }

    fn misses(&self) -> MutexGuard<'_, Misses> {
        self.misses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    /// Answers what it is told to, counts how often it is asked, and blocks a thread of the pool meanwhile as the
    /// system's resolver does.
    struct Blocking {
        asked: AtomicUsize,
        gate: Arc<tokio::sync::RwLock<()>>,
    }

    impl Lookup for Blocking {
        fn look_up(&self, _: &str) -> LookingUp {
            self.asked.fetch_add(1, SeqCst);
            let gate = Arc::clone(&self.gate);
            Box::pin(async move {
                #[expect(clippy::disallowed_methods, reason = "it has to block as the system's resolver does")]
                let waiting = tokio::task::spawn_blocking(move || drop(gate.blocking_read()));
                waiting.await.map_err(io::Error::other)?;
                Err(io::Error::other("no such host"))
            })
        }
    }

    /// Never answers.
    #[derive(Default)]
    struct Blackhole(AtomicUsize);

    impl Lookup for Blackhole {
        fn look_up(&self, _: &str) -> LookingUp {
            self.0.fetch_add(1, SeqCst);
            Box::pin(std::future::pending())
        }
    }

    /// Fails in its own words and counts how often it is asked.
    struct Failing(&'static str, AtomicUsize);

    impl Lookup for Failing {
        fn look_up(&self, _: &str) -> LookingUp {
            self.1.fetch_add(1, SeqCst);
            let words = self.0;
            Box::pin(async move { Err(io::Error::other(words)) })
        }
    }

    const SOON: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn lookups_that_never_end_time_out_and_do_not_pile_up() {
        let blackhole = Arc::new(Blackhole::default());
        let lookups = Lookups::new(blackhole.clone(), SOON);
        for number in 0..10 {
            let name = format!("{number}.example");
            assert_eq!(lookups.find(&name).await, Err(ResolveError::TimedOut { name, after: SOON }));
        }
        assert_eq!(blackhole.0.load(SeqCst), 2);
    }

    #[tokio::test]
    async fn lookups_that_were_given_up_keep_their_threads_and_no_more_and_give_them_back() {
        let gate = Arc::new(tokio::sync::RwLock::new(()));
        let closed = gate.write().await;
        let blocking = Arc::new(Blocking { asked: AtomicUsize::new(0), gate: Arc::clone(&gate) });
        let lookups = Lookups::new(blocking.clone(), SOON);
        for number in 0..10 {
            let timed_out = lookups.find(&format!("{number}.example")).await;
            assert!(matches!(timed_out, Err(ResolveError::TimedOut { .. })), "{timed_out:?}");
        }
        assert_eq!(blocking.asked.load(SeqCst), 2);
        drop(closed);
        let _all = lookups.slots.acquire_many(MAX_LOOKUPS as u32).await.unwrap();
    }

    #[tokio::test]
    async fn a_name_that_failed_is_not_asked_again_at_once_and_another_is() {
        for words in ["NXDOMAIN: no such name", "SERVFAIL: the server failed"] {
            let failing = Arc::new(Failing(words, AtomicUsize::new(0)));
            let lookups = Lookups::new(failing.clone(), Duration::from_secs(60));
            for _ in 0..100 {
                let expected = ResolveError::Failed { name: "a.example".to_owned(), why: words.to_owned() };
                assert_eq!(lookups.find("a.example").await, Err(expected));
            }
            assert_eq!(failing.1.load(SeqCst), 1);
            assert!(lookups.find("b.example").await.is_err());
            assert_eq!(failing.1.load(SeqCst), 2);
        }
    }
}
