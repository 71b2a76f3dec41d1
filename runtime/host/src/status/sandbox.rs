//! All sandboxed exporters together.

use serde::Serialize;

/// What sandboxed exporters share, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct SandboxStatus {
    /// Cores that they may use together (`sandbox.cpu_share`).
    pub cpu_share: f64,
    /// Thread CPU time that they used since the start, that of loading included, in seconds.
    pub cpu_seconds: f64,
    /// CPU time that they owe together at this moment, in seconds. Nobody computes until it is paid.
    pub cpu_debt_seconds: f64,
    /// Calls that wait for their turn to compute at this moment.
    pub calls_waiting: u64,
}
