//! The whole document.

use serde::Serialize;

use super::{ExporterStatus, IntakeStatus, ReceiverStatus, SandboxStatus};

/// A runtime at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// The runtime as a whole.
    pub runtime: RuntimeStatus,
    /// One entry per configured receiver.
    pub receivers: Vec<ReceiverStatus>,
    /// What came in, and what the sampler left out.
    pub intake: IntakeStatus,
    /// What sandboxed exporters share; none if there are none.
    pub sandbox: Option<SandboxStatus>,
    /// One entry per exporter, by name.
    pub exporters: Vec<ExporterStatus>,
}

/// The runtime as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RuntimeStatus {
    /// Version of spangate.
    pub version: &'static str,
    /// Seconds since the start.
    pub uptime_seconds: f64,
    /// Whether telemetry can be taken and delivered.
    pub ready: bool,
    /// Why it is not ready, one line each; empty when it is.
    pub reasons: Vec<String>,
    /// Whether it is draining or has stopped.
    pub stopping: bool,
    /// Whether nothing is recorded in this process, as `OTEL_SDK_DISABLED` asks. What receivers take in is not meant.
    pub disabled: bool,
}
