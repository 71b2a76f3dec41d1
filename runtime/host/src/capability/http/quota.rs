//! What one exporter may send and get in a second, all its instances together. `now` is handed in.

use std::time::Instant;

use crate::bucket::{Bucket, Rate};

/// Requests and bytes of one second, as granted.
#[derive(Clone, Copy, Debug)]
pub(super) struct QuotaGrant {
    /// Requests, on average and at once.
    pub(super) requests_per_second: u32,
    /// Bytes of bodies both ways, on average.
    pub(super) bytes_per_second: usize,
    /// The largest request, which has to fit in any case.
    pub(super) max_request_bytes: usize,
}

/// What is left of a [`QuotaGrant`].
#[derive(Debug)]
pub(super) struct Quota {
    requests: Bucket,
    bytes: Bucket,
}

/// Which quota is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    Requests,
    Bytes,
}

impl Quota {
    /// All of it is left.
    pub(super) fn new(grant: QuotaGrant, now: Instant) -> Self {
        let requests = f64::from(grant.requests_per_second);
        let bytes = grant.bytes_per_second as f64;
        let largest = bytes.max(grant.max_request_bytes as f64);
        Self {
            requests: Bucket::new(Rate { per_second: requests, burst: requests }, now),
            bytes: Bucket::new(Rate { per_second: bytes, burst: largest }, now),
        }
    }

    /// Takes a request with a body of `bytes`, or nothing.
    pub(super) fn take(&mut self, bytes: usize, now: Instant) -> Result<(), Exceeded> {
        if !self.bytes.has(bytes as f64, now) {
            return Err(Exceeded::Bytes);
        }
        if !self.requests.take(1.0, now) {
            return Err(Exceeded::Requests);
        }
        self.bytes.spend(bytes as f64);
        Ok(())
    }

    /// Counts bytes of a response. Nobody knew before how many there would be; what is too much is owed.
    pub(super) fn receive(&mut self, bytes: usize) {
        self.bytes.spend(bytes as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn quota(requests_per_second: u32, bytes_per_second: usize, max_request_bytes: usize) -> (Quota, Instant) {
        let now = Instant::now();
        (Quota::new(QuotaGrant { requests_per_second, bytes_per_second, max_request_bytes }, now), now)
    }

    #[test]
    fn requests_of_a_second_are_taken_and_not_one_more() {
        let (mut quota, now) = quota(10, 1_000, 1_000);
        for _ in 0..10 {
            assert_eq!(quota.take(0, now), Ok(()));
        }
        assert_eq!(quota.take(0, now), Err(Exceeded::Requests));
        assert_eq!(quota.take(0, now + Duration::from_millis(99)), Err(Exceeded::Requests));
        assert_eq!(quota.take(0, now + Duration::from_millis(100)), Ok(()));
        assert_eq!(quota.take(0, now + Duration::from_millis(100)), Err(Exceeded::Requests));
    }

    #[test]
    fn bytes_of_a_second_are_taken_and_not_one_more() {
        for (bytes, taken) in [(999, Ok(())), (1_000, Ok(())), (1_001, Err(Exceeded::Bytes))] {
            let (mut quota, now) = quota(10, 1_000, 100);
            assert_eq!(quota.take(bytes, now), taken, "{bytes}");
        }
        let (mut quota, now) = quota(10, 1_000, 100);
        assert_eq!(quota.take(600, now), Ok(()));
        assert_eq!(quota.take(401, now), Err(Exceeded::Bytes));
        assert_eq!(quota.take(400, now), Ok(()));
        assert_eq!(quota.take(1, now), Err(Exceeded::Bytes));
        assert_eq!(quota.take(100, now + Duration::from_millis(100)), Ok(()));
    }

    #[test]
    fn the_largest_request_passes_however_small_the_rate() {
        let (mut quota, now) = quota(10, 1, 5_000);
        assert_eq!(quota.take(5_000, now), Ok(()));
        assert_eq!(quota.take(1, now), Err(Exceeded::Bytes));
        assert_eq!(quota.take(1, now + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn a_response_is_paid_before_the_next_request_goes_out() {
        let (mut quota, now) = quota(10, 1_000, 100);
        assert_eq!(quota.take(0, now), Ok(()));
        quota.receive(3_000);
        assert_eq!(quota.take(0, now), Err(Exceeded::Bytes));
        assert_eq!(quota.take(0, now + Duration::from_millis(1_999)), Err(Exceeded::Bytes));
        assert_eq!(quota.take(0, now + Duration::from_secs(2)), Ok(()));
    }

    #[test]
    fn what_is_refused_costs_nothing() {
        let (mut quota, now) = quota(2, 1_000, 100);
        for _ in 0..5 {
            assert_eq!(quota.take(1_001, now), Err(Exceeded::Bytes));
        }
        assert_eq!(quota.take(500, now), Ok(()));
        assert_eq!(quota.take(500, now), Ok(()));
        assert_eq!(quota.take(0, now), Err(Exceeded::Requests));
    }
}
