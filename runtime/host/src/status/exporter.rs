//! One exporter: health, cost, queue and ledger.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{GuestMetric, LedgerStatus, NarrowingStatus};

/// One exporter at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ExporterStatus {
    /// Name in the configuration.
    pub name: String,
    /// Where its component comes from, or `native`.
    pub component: String,
    /// What it calls itself.
    pub description: String,
    /// Version it gave in its description; empty for native ones.
    pub version: String,
    /// Whether receivers are held back while its queue is full.
    pub required: bool,
    /// `healthy`, `suspect`, `quarantined` and `probing` (it faulted too often; a native one too), or `paused` (by its
    /// backend).
    pub state: String,
    /// Why it takes nothing now, if that is so.
    pub paused: Option<String>,
    /// Its latest fault.
    pub last_fault: Option<FaultStatus>,
    /// The latest answer that left rows undelivered: an unreachable backend, a key that it does not take.
    pub last_refusal: Option<RefusalStatus>,
    /// What it used; none for native exporters, which are not metered.
    pub cost: Option<CostStatus>,
    /// Its queue.
    pub queue: QueueStatus,
    /// Every row that was offered to it, all signals together.
    pub ledger: LedgerStatus,
    /// Rows it was not offered because it wants other events.
    pub not_subscribed: u64,
    /// What it may see; none if that is everything.
    pub narrowing: Option<NarrowingStatus>,
    /// How its attempts ended.
    pub attempts: AttemptCounts,
    /// Faults by kind, those of ticks and flushes included; kinds that never happened are left out.
    pub faults: BTreeMap<&'static str, u64>,
    /// What its sandbox counted; none for native exporters.
    pub sandbox: Option<SandboxCounts>,
    /// What it did by HTTP; none for native exporters.
    pub http: Option<HttpStatus>,
    /// Series it keeps itself; they appear in `/metrics`.
    #[serde(skip)]
    pub guest_metrics: Vec<GuestMetric>,
}

/// A fault that was told.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FaultStatus {
    /// Which wall it hit.
    pub kind: &'static str,
    /// One line for a person.
    pub detail: String,
    /// When, in seconds before this document.
    pub seconds_ago: f64,
}

/// An answer that left rows undelivered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RefusalStatus {
    /// The outcome: `partial`, `retry_after`, `rejected`, `unavailable` or `unauthorized`.
    pub outcome: &'static str,
    /// The exporter's words.
    pub reason: String,
    /// When, in seconds before this document.
    pub seconds_ago: f64,
}

/// What a sandboxed exporter used since the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CostStatus {
    /// Calls: exports, ticks and flushes.
    pub calls: u64,
    /// Rows that it was handed, every attempt counting.
    pub rows: u64,
    /// Fuel of all calls together.
    pub fuel: u64,
    /// Fuel per row that it was handed; 0 before the first.
    pub fuel_per_row: f64,
    /// Thread CPU time, in seconds.
    pub cpu_seconds: f64,
    /// Time spent waiting because it was over its own share of a core (`limits.cpu_share`), in seconds.
    pub throttled_seconds: f64,
    /// Time spent waiting because others had their turn, or all together were over `sandbox.cpu_share`, in seconds.
    pub contended_seconds: f64,
    /// CPU time that it owes to its own share at this moment, in seconds. It does not compute until that is paid.
    pub cpu_debt_seconds: f64,
    /// Bytes of linear memory of all its live instances.
    pub memory_bytes: u64,
    /// The most bytes one instance ever had.
    pub memory_peak_bytes: u64,
    /// Live instances.
    pub instances: u64,
}

/// What a sandbox counted beside cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SandboxCounts {
    /// Instances made anew after a fault.
    pub rebuilds: u64,
    /// Instances replaced in good order.
    pub recycles: u64,
    /// Log lines over the quota.
    pub log_lines_suppressed: u64,
    /// Values of its own series that were over the cap, or malformed.
    pub metric_values_dropped: u64,
    /// Bytes of text that the terminal did not take.
    pub terminal_bytes_dropped: u64,
}

/// What a sandboxed exporter did by HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HttpStatus {
    /// Requests that were allowed and attempted.
    pub requests: u64,
    /// Requests refused for their address.
    pub denied: u64,
    /// Requests refused because a quota was used up: of requests or bytes per second, per call or in flight.
    pub over_quota: u64,
    /// Batches accepted in a call that attempted no request. Exporters that filter, or send at a tick, have some; one that
    /// has nothing else sends nothing at all.
    pub accepted_unsent: u64,
    /// Requests that have not ended.
    pub in_flight: u64,
    /// Bytes of request bodies handed to the network.
    pub bytes_out: u64,
    /// Bytes of response bodies read.
    pub bytes_in: u64,
}

/// A queue's use and bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueStatus {
    /// Rows in it.
    pub rows: u64,
    /// Most rows it takes.
    pub max_rows: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Most bytes it takes.
    pub max_bytes: u64,
}

/// How attempts ended: one spelling with the outcomes of the contract. `unauthorized` are those that met a 401 or 403.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the outcomes' own names")]
pub struct AttemptCounts {
    pub accepted: u64,
    pub partial: u64,
    pub retry_after: u64,
    pub rejected: u64,
    pub fault: u64,
    pub unavailable: u64,
    pub unauthorized: u64,
}
