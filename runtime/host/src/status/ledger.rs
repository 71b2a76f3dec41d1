//! A ledger as a document.

use std::collections::BTreeMap;

use serde::Serialize;
use spangate_core::tally::Ledger;

/// Where every row that was offered to an exporter is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LedgerStatus {
    /// Rows offered to the exporter.
    pub accepted: u64,
    /// Rows the backend took.
    pub delivered: u64,
    /// Rows the backend refused for good.
    pub rejected: u64,
    /// Rows given up, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Rows written to the dead-letter file.
    pub dead_lettered: u64,
    /// Rows waiting in the queue.
    pub queued: u64,
    /// Rows the exporter has at this moment.
    pub in_flight: u64,
    /// Whether `accepted` equals the sum of the others.
    pub is_balanced: bool,
}

impl From<&Ledger> for LedgerStatus {
    fn from(ledger: &Ledger) -> Self {
        Self {
            accepted: ledger.accepted,
            delivered: ledger.delivered,
            rejected: ledger.rejected,
            dropped: ledger.dropped().map(|(reason, rows)| (reason.as_str(), rows)).collect(),
            dead_lettered: ledger.dead_lettered,
            queued: ledger.queued,
            in_flight: ledger.in_flight,
            is_balanced: ledger.is_balanced(),
        }
    }
}
