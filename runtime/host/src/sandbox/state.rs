//! What is known about an exporter at one moment, for `/status` and `/metrics`.

use std::time::{Duration, Instant};

use spangate_core::exporter::{Fault, FaultKind};

use super::quarantine::Health;
use crate::status::GuestMetric;

/// One exporter at one moment.
#[derive(Clone, Debug)]
pub struct ExporterState {
    /// How it is doing.
    pub health: Health,
    /// Its latest fault.
    pub last_fault: Option<LastFault>,
    /// Faults by kind since the start; kinds that never happened are left out.
    pub faults: Vec<(FaultKind, u64)>,
    /// What it used since the start.
    pub cost: Cost,
    /// Instances made after a fault.
    pub rebuilds: u64,
    /// Instances replaced in good order.
    pub recycles: u64,
    /// Live instances.
    pub instances: u64,
    /// Log lines suppressed.
    pub log_lines_suppressed: u64,
    /// HTTP requests refused for their address.
    pub http_denied: u64,
    /// Batches that it accepted in a call in which it attempted no request, although it may send.
    pub http_accepted_unsent: u64,
    /// HTTP requests refused because a quota was used up.
    pub http_over_quota: u64,
    /// HTTP requests that have not ended.
    pub http_in_flight: u64,
    /// HTTP requests that were allowed and attempted.
    pub http_requests: u64,
    /// Bytes of request bodies handed to the network.
    pub http_bytes_out: u64,
    /// Bytes of response bodies read.
    pub http_bytes_in: u64,
    /// Bytes of text that the terminal did not take.
    pub terminal_bytes_dropped: u64,
    /// Series that it keeps itself.
    pub metrics: Vec<GuestMetric>,
    /// Values of its series that were dropped: over the cap, or malformed.
    pub metrics_dropped: u64,
}

/// A fault and when it was.
#[derive(Clone, Debug)]
pub struct LastFault {
    /// What was said about it.
    pub fault: Fault,
    /// When.
    pub at: Instant,
}

/// What an exporter used since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Exports, ticks and flushes.
    pub calls: u64,
    /// Rows that it was handed, every attempt counting.
    pub rows: u64,
    /// Units of fuel.
    pub fuel: u64,
    /// Thread CPU time.
    pub cpu: Duration,
    /// Time spent waiting because it was over its own share of a core.
    pub throttled: Duration,
    /// Time spent waiting because others had their turn, or all together were over the common budget.
    pub contended: Duration,
    /// CPU time that it owes to its own share at this moment.
    pub cpu_debt: Duration,
    /// Bytes of linear memory of all live instances.
    pub memory_bytes: u64,
    /// The most bytes one instance ever had.
    pub memory_peak_bytes: u64,
}
