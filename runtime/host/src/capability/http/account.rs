//! What the requests of one exporter may use, and what they have used, all its instances together: a crash refills
//! nothing.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    error::HttpError,
    grant::HttpGrant,
    quota::{Exceeded, Quota},
};

/// What one exporter did through http since it was loaded.
#[derive(Debug, Default)]
struct Counters {
    requests: AtomicU64,
    denied: AtomicU64,
    over_quota: AtomicU64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
}

/// The same at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HttpUsage {
    /// Requests that were allowed and attempted.
    pub(crate) requests: u64,
    /// Requests that were refused for their address.
    pub(crate) denied: u64,
    /// Requests that were refused because a quota was used up.
    pub(crate) over_quota: u64,
    /// Requests that have not ended.
    pub(crate) in_flight: u64,
    /// Bytes of request bodies handed to the network.
    pub(crate) bytes_out: u64,
    /// Bytes of response bodies read.
    pub(crate) bytes_in: u64,
}

/// Places in flight, quotas and counts.
#[derive(Debug)]
pub(super) struct Account {
    places: Arc<Semaphore>,
    max_in_flight: usize,
    max_requests_per_second: u32,
    max_bytes_per_second: usize,
    quota: Mutex<Quota>,
    counters: Counters,
}

impl Account {
    /// Nothing is used yet. `now` is monotonic.
    pub(super) fn new(grant: &HttpGrant, instances: usize, now: Instant) -> Self {
        let max_in_flight = grant.max_in_flight.saturating_mul(instances).min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(max_in_flight)),
            max_in_flight,
            max_requests_per_second: grant.max_requests_per_second,
            max_bytes_per_second: grant.max_bytes_per_second,
            quota: Mutex::new(Quota::new(grant.quota(), now)),
            counters: Counters::default(),
        }
    }

    /// Requests at once, of all instances together.
    pub(super) fn max_in_flight(&self) -> usize {
        self.max_in_flight
    }

    /// What all instances did so far.
    pub(super) fn usage(&self) -> HttpUsage {
        let Counters { requests, denied, over_quota, bytes_out, bytes_in } = &self.counters;
        HttpUsage {
            requests: requests.load(Relaxed),
            denied: denied.load(Relaxed),
            over_quota: over_quota.load(Relaxed),
            in_flight: self.max_in_flight.saturating_sub(self.places.available_permits()) as u64,
            bytes_out: bytes_out.load(Relaxed),
            bytes_in: bytes_in.load(Relaxed),
        }
    }

    /// Counts a request that was refused for its address, or because a quota was used up.
    pub(super) fn count_refused(&self, error: &HttpError) {
        match error {
            HttpError::Denied(_) => self.counters.denied.fetch_add(1, Relaxed),
            HttpError::OverQuota(_) => self.counters.over_quota.fetch_add(1, Relaxed),
            _ => 0,
        };
    }

    /// A place in flight and a share of the second's quota for a request with a body of `bytes`. `now` is monotonic.
    ///
    /// # Errors
    /// `OverQuota`, with the key of the quota that is used up.
    pub(super) fn admit(&self, bytes: usize, now: Instant) -> Result<OwnedSemaphorePermit, HttpError> {
        let over = |limit: usize, what: &str| Err(HttpError::OverQuota(format!("{limit} {what}")));
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return over(self.max_in_flight, "requests in flight (max_in_flight)");
        };
        match self.quota().take(bytes, now) {
            Ok(()) => Ok(place),
            Err(Exceeded::Requests) => {
                over(self.max_requests_per_second as usize, "requests in one second (max_requests_per_second)")
            }
            Err(Exceeded::Bytes) => over(self.max_bytes_per_second, "bytes in one second (max_bytes_per_second)"),
        }
    }

    /// Waits until no request is in flight.
    #[cfg(test)]
    pub(super) async fn all_ended(&self) {
        drop(self.places.acquire_many(u32::try_from(self.max_in_flight).unwrap()).await.unwrap());
    }

    fn quota(&self) -> MutexGuard<'_, Quota> {
        self.quota.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of a response were read.
    pub(super) fn count_received(&self, bytes: usize) {
        self.counters.bytes_in.fetch_add(bytes as u64, Relaxed);
        self.quota().receive(bytes);
    }

    /// A request goes out with a body of so many bytes.
    pub(super) fn count_sent(&self, bytes: usize) {
        self.counters.requests.fetch_add(1, Relaxed);
        self.counters.bytes_out.fetch_add(bytes as u64, Relaxed);
    }
}
