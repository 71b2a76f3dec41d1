//! What a receiver counts about itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How a request ended. One spelling everywhere: metrics, log and this enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// All rows were taken, or there were none.
    Accepted,
    /// Some rows were taken, the others named in `partial_success`.
    Partial,
    /// The body is not what it says it is: 400, INVALID_ARGUMENT.
    Malformed,
    /// A limit was exceeded: 413, RESOURCE_EXHAUSTED.
    TooLarge,
    /// No bearer token, or one that is not let in: 401, UNAUTHENTICATED.
    Unauthenticated,
    /// A path, method, content type or encoding that is not served: 404, 405, 415, UNIMPLEMENTED.
    Unsupported,
    /// A required exporter has no room, or the process stops: 429, UNAVAILABLE. The sender tries again.
    Refused,
    /// Too many requests at once, 503, UNAVAILABLE; or too many bytes in all of them, 429, RESOURCE_EXHAUSTED. The sender
    /// tries again.
    Busy,
    /// The body came too slowly, or the sender's own deadline passed: 408, DEADLINE_EXCEEDED.
    TimedOut,
    /// The sender went away before its body was complete.
    Disconnected,
    /// A defect of spangate: 500, INTERNAL.
    Failed,
}

impl Outcome {
    /// Every outcome, in the order of their declaration.
    pub const ALL: [Self; 11] = [
        Self::Accepted,
        Self::Partial,
        Self::Malformed,
        Self::TooLarge,
        Self::Unauthenticated,
        Self::Unsupported,
        Self::Refused,
        Self::Busy,
        Self::TimedOut,
        Self::Disconnected,
        Self::Failed,
    ];

    /// The outcome's name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Partial => "partial",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Unauthenticated => "unauthenticated",
            Self::Unsupported => "unsupported",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::TimedOut => "timed_out",
            Self::Disconnected => "disconnected",
            Self::Failed => "failed",
        }
    }
}

/// A count that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds `count`.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// The count at this moment.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts of one receiver since it was started.
#[derive(Debug, Default)]
pub struct ReceiverStats {
    requests: [Counter; Outcome::ALL.len()],
    /// Bytes of bodies as they came over the wire.
    pub bytes_received: Counter,
    /// Spans that were handed to the consumer.
    pub spans_received: Counter,
    /// Events that were handed to the consumer.
    pub events_received: Counter,
    /// Spans and events that are not valid, told to the sender in `partial_success`.
    pub rows_rejected: Counter,
    /// Plain log records, which no exporter takes.
    pub plain_logs_dropped: Counter,
    /// Metric data points, which no exporter takes.
    pub metric_points_dropped: Counter,
    /// Browsers that asked whether a page may send, and were told that it may. They are no requests.
    pub preflights: Counter,
    /// Browsers that were told that it may not.
    pub preflights_refused: Counter,
    /// What became of connections.
    pub connections: Arc<ConnectionStats>,
}

impl ReceiverStats {
    /// Requests that ended so.
    pub fn requests(&self, outcome: Outcome) -> u64 {
        self.requests[outcome as usize].get()
    }

    pub(super) fn count_request(&self, outcome: Outcome) {
        self.requests[outcome as usize].add(1);
    }
}

/// Counts of one listener since it was started.
#[derive(Debug, Default)]
pub struct ConnectionStats {
    /// Connections that were accepted.
    pub accepted: Counter,
    /// Connections that have ended since.
    pub closed: Counter,
    /// Connections closed at once, since `max_connections` was reached and none was idle.
    pub refused: Counter,
    /// Idle connections closed to make room for a new one.
    pub evicted: Counter,
    /// Connections closed since they sent no request in time.
    pub timed_out: Counter,
    /// Connections that never came to speak HTTP: TLS to a plain port, plain HTTP to a TLS port, a handshake that failed.
    pub unopened: Counter,
    /// `accept` failed: no file descriptors left, for example.
    pub accept_errors: Counter,
}

impl ConnectionStats {
    /// Connections open at this moment.
    pub fn open(&self) -> u64 {
        // Read in this order: a connection that ends in between cannot make the difference negative.
        let closed = self.closed.get();
        self.accepted.get().saturating_sub(closed)
    }
}
