//! The three services of OTLP: where they are and what they are called.

use spangate_core::signal::Signal;

use super::otlp_json::{LOGS_REQUEST, METRICS_REQUEST, Message, TRACES_REQUEST};

/// A service of OTLP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Traces,
    Logs,
    Metrics,
}

impl Endpoint {
    /// The endpoint of a path of OTLP/HTTP.
    pub(super) fn of_http_path(path: &str) -> Option<Self> {
        match path {
            "/v1/traces" => Some(Self::Traces),
            "/v1/logs" => Some(Self::Logs),
            "/v1/metrics" => Some(Self::Metrics),
            _ => None,
        }
    }

    /// The endpoint of a method of OTLP/gRPC.
    pub(super) fn of_grpc_path(path: &str) -> Option<Self> {
        match path {
            "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => Some(Self::Traces),
            "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => Some(Self::Logs),
            "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => Some(Self::Metrics),
            _ => None,
        }
    }

    /// What the rows become; metrics become nothing.
    pub(super) fn signal(self) -> Option<Signal> {
        match self {
            Self::Traces => Some(Signal::Spans),
            Self::Logs => Some(Signal::Events),
            Self::Metrics => None,
        }
    }

    /// The request's message, for reading it from JSON.
    pub(super) fn message(self) -> &'static Message {
        match self {
            Self::Traces => &TRACES_REQUEST,
            Self::Logs => &LOGS_REQUEST,
            Self::Metrics => &METRICS_REQUEST,
        }
    }

    /// The key of `partialSuccess` that counts what was rejected.
    pub(super) fn rejected_key(self) -> &'static str {
        match self {
            Self::Traces => "rejectedSpans",
            Self::Logs => "rejectedLogRecords",
            Self::Metrics => "rejectedDataPoints",
        }
    }
}
