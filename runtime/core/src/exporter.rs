//! The seam between the pipeline and whatever delivers a batch: a sandboxed component or native code look the same.
//!
//! The exporter's own word ([`ExportOutcome`]) and what is said about the exporter ([`ExportError`]) are different
//! types, so that the pipeline can back off without knowing what a sandbox is.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::batch::Batch;

/// A future an exporter returns. Dropping it abandons the call.
pub type ExportFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Work that is done before a call, without waiting for anything.
pub type Preparation = Box<dyn FnOnce() + Send>;

/// Delivers batches. Calls may overlap up to the concurrency the operator chose.
pub trait Exporter: Send + Sync {
    /// Delivers one batch; `attempt` counts from 1.
    fn export(&self, batch: Arc<Batch>, attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>>;

    /// Does what has to be done with a batch before this exporter is handed it, where its calls run: a batch is narrowed
    /// there, at its pace and not at that of others. The default does it at once.
    fn prepare(&self, preparation: Preparation) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async move {
            preparation();
            Ok(())
        })
    }

    /// Sends what is held back. The default holds nothing back.
    fn flush(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async { Ok(()) })
    }

    /// Called at the interval the exporter asked for, when no batch comes. The default does nothing.
    fn tick(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async { Ok(()) })
    }

    /// The last call. The default does nothing.
    fn shutdown(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async { Ok(()) })
    }
}

/// What became of a batch, in the exporter's own word. Spelled as `outcome` in `wit/v0.1/batch.wit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportOutcome {
    /// Everything was delivered.
    Accepted,
    /// Rows that are not named were delivered and are never sent again.
    Partial(Partial),
    /// Nothing was delivered; the same batch may be accepted later.
    RetryAfter {
        /// What the backend asked for; none means the host's own back-off.
        delay: Option<Duration>,
        /// The exporter's words, bounded and escaped.
        reason: String,
    },
    /// Nothing was delivered and never will be.
    Rejected {
        /// The exporter's words, bounded and escaped.
        reason: String,
    },
}

/// A batch of which some rows were not delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    /// Rows refused for good; at most the batch's length, and at least `rejected_rows.len()`.
    pub rejected: u32,
    /// Which rows were refused, where the backend names them: ascending, unique, in range.
    pub rejected_rows: Vec<u32>,
    /// Which rows to send again: ascending, unique, in range, disjoint from `rejected_rows`.
    pub retry_rows: Vec<u32>,
    /// How long to wait before that.
    pub delay: Option<Duration>,
    /// The exporter's words, bounded and escaped.
    pub reason: String,
}

/// Why an export came to no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportError {
    /// The exporter broke a limit or crashed while it had the batch.
    Fault(Fault),
    /// The exporter takes nothing now (it is in quarantine, or paused). The batch was not tried.
    Unavailable {
        /// When to ask again.
        delay: Duration,
        /// What a person should know.
        reason: String,
    },
    /// The backend does not take the credentials: HTTP 401 or 403, gRPC UNAUTHENTICATED or PERMISSION_DENIED. Nothing is
    /// wrong with the batch, and every other batch would fare the same.
    Unauthorized {
        /// What a person should know: who refused, and how.
        reason: String,
        /// The exporter's own word, if parts of the batch were delivered nevertheless.
        partial: Option<Box<Partial>>,
    },
}

/// What was said about an exporter that was stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which wall it hit.
    pub kind: FaultKind,
    /// One line for a person: the limit and the value, or the panic message.
    pub detail: String,
}

/// The named faults. One spelling everywhere: metrics, log, `/status` and this enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// The fuel of one call was used up.
    OutOfFuel,
    /// The memory limit was reached and the guest gave up.
    OutOfMemory,
    /// The wall-clock deadline of one call passed, host calls included.
    DeadlineExceeded,
    /// The guest trapped or panicked.
    Trapped,
    /// What the guest answered does not follow the contract, or is too large.
    BadReply,
    /// The guest used a batch after the call it came with had returned.
    StaleBatch,
    /// The host failed while serving the guest: a defect of spangate.
    HostError,
}

impl FaultKind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 7] = [
        Self::OutOfFuel,
        Self::OutOfMemory,
        Self::DeadlineExceeded,
        Self::Trapped,
        Self::BadReply,
        Self::StaleBatch,
        Self::HostError,
    ];

    /// The fault's name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfFuel => "out_of_fuel",
            Self::OutOfMemory => "out_of_memory",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Trapped => "trapped",
            Self::BadReply => "bad_reply",
            Self::StaleBatch => "stale_batch",
            Self::HostError => "host_error",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.detail)
    }
}
