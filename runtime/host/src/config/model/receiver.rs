//! `[receivers]`

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

/// `[receivers]`
#[derive(Clone, Debug, Default)]
pub struct Receivers {
    /// `[receivers.otlp_http]`
    pub otlp_http: Option<Receiver>,
    /// `[receivers.otlp_grpc]`
    pub otlp_grpc: Option<Receiver>,
}

/// One OTLP receiver. [`Receiver::otlp_http`] and [`Receiver::otlp_grpc`] hold the defaults.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// `listen`, by default loopback on the standard port (4318, 4317).
    pub listen: SocketAddr,
    /// `insecure`: listen beyond loopback although anybody may send. Default false.
    pub insecure: bool,
    /// `max_request_bytes`: of a body, both before and after decompression. Default 20 MiB over HTTP, 4 MiB over gRPC.
    pub max_request_bytes: usize,
    /// `max_spans_per_request`: rows, spans or log records. Default 65,536.
    pub max_rows_per_request: usize,
    /// `max_decoded_bytes`: estimated memory of one request in columns. Default 64 MiB.
    pub max_decoded_bytes: usize,
    /// `max_concurrent_requests`: being read or decoded. Default 64.
    pub max_concurrent_requests: usize,
    /// `max_connections`. Default 1,024.
    pub max_connections: usize,
    /// `read_timeout`: for headers, and between two pieces of a body. Default 10 s.
    pub read_timeout: Duration,
    /// `metadata`: request headers, lower case, that travel with the batch.
    pub metadata: Vec<String>,
    /// `other_signals`: what plain log records and metrics get.
    pub other_signals: OtherSignals,
}

/// What a sender gets for plain log records and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OtherSignals {
    /// `"drop"`: success, every record counted as rejected in `partial_success`.
    #[default]
    Drop,
    /// `"refuse"`: 404 or UNIMPLEMENTED.
    Refuse,
}

impl Receiver {
    /// `[receivers.otlp_http]` without any key.
    pub fn otlp_http() -> Self {
        Self::on_loopback(4318, 20 << 20)
    }

    /// `[receivers.otlp_grpc]` without any key.
    pub fn otlp_grpc() -> Self {
        Self::on_loopback(4317, 4 << 20)
    }

    fn on_loopback(port: u16, max_request_bytes: usize) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            insecure: false,
            max_request_bytes,
            max_rows_per_request: 65_536,
            max_decoded_bytes: 64 << 20,
            max_concurrent_requests: 64,
            max_connections: 1024,
            read_timeout: Duration::from_secs(10),
            metadata: Vec::new(),
            other_signals: OtherSignals::default(),
        }
    }
}
