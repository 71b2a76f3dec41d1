//! Looks names up and lets only permitted addresses through.
//!
//! The connector connects to what this returns and to nothing else, so an answer that changes between the check and
//! the connection (DNS rebinding) changes nothing. The connector does not ask for literal addresses: the policy has
//! judged those with the URL.

use std::{future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::policy::EgressPolicy;

/// Lookups of one exporter that may be under way at once. A blocked lookup cannot be cancelled and keeps a thread.
const MAX_LOOKUPS: usize = 2;

/// Addresses of one name that are looked at.
const MAX_ADDRESSES: usize = 64;

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
            #[expect(clippy::disallowed_methods, reason = "the one place: bounded and judged by `PermittedResolver`")]
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.take(MAX_ADDRESSES).collect())
        })
    }
}

/// Why a name gave no address to connect to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResolveError {
    /// Addresses were found, and none is permitted.
    #[error("{0}")]
    Denied(String),
    /// The name has no address, or the resolver failed.
    #[error("`{name}` could not be resolved: {source}")]
    Failed {
        /// What was looked up.
        name: String,
        /// The resolver's word.
        source: io::Error,
    },
    /// The name exists and has no address.
    #[error("`{0}` has no address")]
    Empty(String),
    /// No answer in time.
    #[error("`{name}` was not resolved within {} ms", .after.as_millis())]
    TimedOut {
        /// What was looked up.
        name: String,
        /// How long was waited.
        after: Duration,
    },
}

/// The resolver of one exporter.
pub(crate) struct PermittedResolver {
    policy: Arc<EgressPolicy>,
    lookup: Arc<dyn Lookup>,
    lookups: Arc<Semaphore>,
    timeout: Duration,
}

impl PermittedResolver {
    /// Judges by `policy` what `lookup` finds within `timeout`.
    pub(crate) fn new(policy: Arc<EgressPolicy>, lookup: Arc<dyn Lookup>, timeout: Duration) -> Self {
        Self { policy, lookup, lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)), timeout }
    }
}

impl Resolve for PermittedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let (policy, lookup) = (Arc::clone(&self.policy), Arc::clone(&self.lookup));
        let (lookups, timeout) = (Arc::clone(&self.lookups), self.timeout);
        Box::pin(async move {
            let found = look_up_within(&name, lookup, lookups, timeout).await?;
            let permitted = permit(&policy, &name, found)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Waits for an answer no longer than `after`. The permit stays with the lookup itself until it really ends, so
/// that lookups which were given up cannot pile up threads.
async fn look_up_within(
    name: &str,
    lookup: Arc<dyn Lookup>,
    lookups: Arc<Semaphore>,
    after: Duration,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let owned = name.to_owned();
    let answer = async move {
        let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
        let task = tokio::spawn(async move {
            let found = lookup.look_up(&owned).await;
            drop(permit);
            found
        });
        task.await.map_err(io::Error::other)?
    };
    match tokio::time::timeout(after, answer).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(source)) => Err(ResolveError::Failed { name: name.to_owned(), source }),
        Err(_) => Err(ResolveError::TimedOut { name: name.to_owned(), after }),
    }
}

/// Keeps what the policy permits; says why if that is nothing.
fn permit(policy: &EgressPolicy, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, ResolveError> {
    let mut permitted = Vec::new();
    let mut reason = None;
    for address in found.into_iter().take(MAX_ADDRESSES) {
        match policy.judge_address(name, address.ip()) {
            Ok(()) => permitted.push(address),
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    match reason {
        _ if !permitted.is_empty() => Ok(permitted),
        Some(why) => Err(ResolveError::Denied(why)),
        None => Err(ResolveError::Empty(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Answers what it was told and counts how often it was asked.
    struct Scripted {
        answers: Vec<&'static str>,
        asked: AtomicUsize,
    }

    impl Lookup for Scripted {
        fn look_up(&self, _: &str) -> LookingUp {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let found = self.answers.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
            Box::pin(async move { Ok(found) })
        }
    }

    /// Never answers.
    struct Blackhole(AtomicUsize);

    impl Lookup for Blackhole {
        fn look_up(&self, _: &str) -> LookingUp {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(std::future::pending())
        }
    }

    fn resolver(lookup: Arc<dyn Lookup>) -> PermittedResolver {
        let policy = EgressPolicy::new(&["http://c.example".parse().unwrap()], &[]).unwrap();
        PermittedResolver::new(Arc::new(policy), lookup, Duration::from_millis(20))
    }

    async fn resolve(resolver: &PermittedResolver) -> Result<Vec<String>, ResolveError> {
        match resolver.resolve("c.example".parse().unwrap()).await {
            Ok(found) => Ok(found.map(|address| address.ip().to_string()).collect()),
            Err(error) => Err(*error.downcast::<ResolveError>().unwrap()),
        }
    }

    #[tokio::test]
    async fn only_permitted_addresses_come_through() {
        let answers = vec!["10.0.0.1", "8.8.8.8", "169.254.169.254", "::ffff:7f00:1"];
        let resolver = resolver(Arc::new(Scripted { answers, asked: AtomicUsize::new(0) }));
        assert_eq!(resolve(&resolver).await.unwrap(), ["8.8.8.8"]);
    }

    #[tokio::test]
    async fn a_name_that_rebinds_to_a_private_address_is_denied_with_the_reason() {
        let resolver = resolver(Arc::new(Scripted { answers: vec!["10.0.0.1"], asked: AtomicUsize::new(0) }));
        match resolve(&resolver).await {
            Err(ResolveError::Denied(why)) => assert!(why.contains("10.0.0.1, a private address"), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_without_addresses_says_so() {
        let resolver = resolver(Arc::new(Scripted { answers: vec![], asked: AtomicUsize::new(0) }));
        assert!(matches!(resolve(&resolver).await, Err(ResolveError::Empty(name)) if name == "c.example"));
    }

    #[tokio::test]
    async fn lookups_that_never_end_time_out_and_do_not_pile_up() {
        let blackhole = Arc::new(Blackhole(AtomicUsize::new(0)));
        let resolver = resolver(blackhole.clone());
        for _ in 0..10 {
            assert!(matches!(resolve(&resolver).await, Err(ResolveError::TimedOut { .. })));
        }
        assert_eq!(blackhole.0.load(Ordering::Relaxed), MAX_LOOKUPS);
    }
}
