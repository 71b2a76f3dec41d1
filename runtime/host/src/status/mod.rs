//! What a runtime looks like at one moment: the document behind `/status`, and the source of `/metrics`.
//!
//! Plain data. It is filled by the runtime and knows no part of it, so that it can be read, printed and tested alone.

mod exporter;
mod guest_metric;
mod intake;
mod ledger;
mod narrowing;
mod receiver;
mod runtime;
mod sandbox;

pub use exporter::{
    AttemptCounts, CostStatus, ExporterStatus, FaultStatus, HttpStatus, QueueStatus, RefusalStatus, SandboxCounts,
};
pub use guest_metric::{GuestMetric, GuestValue};
pub use intake::IntakeStatus;
pub use ledger::LedgerStatus;
pub use narrowing::NarrowingStatus;
pub use receiver::{AuthStatus, ReceiverStatus, TlsStatus};
pub use runtime::{RuntimeStatus, Status};
pub use sandbox::SandboxStatus;
