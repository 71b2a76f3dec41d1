//! The seam between receivers and whatever takes their requests.

use std::time::Duration;

use crate::{batch::Metadata, otlp, signal::Signal};

/// Takes received requests. Never waits.
pub trait Consumer: Send + Sync {
    /// Asked before a request is read or decoded: is there room at all?
    ///
    /// # Errors
    /// [`Refusal`] while a required exporter's queue is full, or while shutting down.
    fn admit(&self, signal: Signal) -> Result<(), Refusal>;

    /// Takes a scanned request: all of its rows are counted as received from here on.
    ///
    /// # Errors
    /// [`Refusal`] as for [`Consumer::admit`]; then no row was taken.
    fn consume(&self, signal: Signal, request: otlp::Request, metadata: Metadata) -> Result<(), Refusal>;
}

/// Why a request was not taken. The sender may try again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When to try again.
    pub retry_after: Duration,
    /// One line for the sender.
    pub reason: String,
}
