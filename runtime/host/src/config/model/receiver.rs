//! `[receivers]`

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use super::super::{bearer_token::BearerToken, origin::AllowedOrigin};

/// `[receivers]`
#[derive(Clone, Debug, Default)]
pub struct Receivers {
    /// `[receivers.otlp_http]`
    pub otlp_http: Option<Receiver>,
    /// `[receivers.otlp_grpc]`
    pub otlp_grpc: Option<Receiver>,
}

impl Receivers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.otlp_http.is_none() && self.otlp_grpc.is_none()
    }
}

/// One OTLP receiver. [`Receiver::otlp_http`] and [`Receiver::otlp_grpc`] hold the defaults.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// `listen`, by default loopback on the standard port (4318, 4317).
    pub listen: SocketAddr,
    /// `insecure`: listen beyond loopback although anybody may send, or read along. Default false.
    pub insecure: bool,
    /// `max_request_bytes`: of a body, both before and after decompression. Default 20 MiB over HTTP, 4 MiB over gRPC.
    pub max_request_bytes: usize,
    /// `max_spans_per_request`: rows, spans or log records. Default 65,536.
    pub max_rows_per_request: usize,
    /// `max_decoded_bytes`: estimated memory of one request in columns. Default 64 MiB.
    pub max_decoded_bytes: usize,
    /// `max_concurrent_requests`: being read or decoded. Default 64.
    pub max_concurrent_requests: usize,
    /// `max_inflight_bytes`: of all requests being read or decoded together. Default 256 MiB, or three times
    /// `max_request_bytes` if that is more.
    pub max_inflight_bytes: usize,
    /// `max_connections`. Default 1,024.
    pub max_connections: usize,
    /// `read_timeout`: for headers, and between two pieces of a body; a whole body may take six times as long. Default
    /// 10 s.
    pub read_timeout: Duration,
    /// `metadata`: request headers, lower case, that travel with the batch.
    pub metadata: Vec<String>,
    /// `other_signals`: what plain log records and metrics get.
    pub other_signals: OtherSignals,
    /// `[receivers.NAME.tls]`. Default plain.
    pub tls: Option<ReceiverTls>,
    /// `[receivers.NAME.auth]`: who may send. Default anybody.
    pub auth: Option<ReceiverAuth>,
    /// `[receivers.otlp_http.cors]`: which pages in browsers may send. Default none. Of no effect over gRPC.
    pub cors: Option<Cors>,
}

/// `[receivers.otlp_http.cors]`
#[derive(Clone, Debug)]
pub struct Cors {
    /// `allowed_origins`.
    pub allowed_origins: Vec<AllowedOrigin>,
    /// `allowed_headers`: request headers, lower case, besides those that OTLP uses and those in `metadata`; `*` is any.
    pub allowed_headers: Vec<String>,
    /// `max_age`: how long a browser may remember what it was told. Default 10 min.
    pub max_age: Duration,
}

impl Cors {
    /// `[receivers.otlp_http.cors]` with what it must have.
    pub fn new(allowed_origins: Vec<AllowedOrigin>) -> Self {
        Self { allowed_origins, allowed_headers: Vec::new(), max_age: Duration::from_secs(600) }
    }
}

/// `[receivers.NAME.tls]`: TLS 1.2 or 1.3. Files are PEM, and are read again when they change.
#[derive(Clone, Debug)]
pub struct ReceiverTls {
    /// `cert_file`: the certificate, then those that lead from it to an authority.
    pub cert_file: PathBuf,
    /// `key_file`: the key of the first certificate.
    pub key_file: PathBuf,
    /// `client_ca_file`: if it is there, a sender must show a certificate of one of these authorities.
    pub client_ca_file: Option<PathBuf>,
    /// `reload_interval`: how often the files are looked at again. Default 10 s.
    pub reload_interval: Duration,
}

impl ReceiverTls {
    /// `[receivers.NAME.tls]` with what it must have.
    pub fn new(cert_file: PathBuf, key_file: PathBuf) -> Self {
        Self { cert_file, key_file, client_ca_file: None, reload_interval: ReceiverAuth::RELOAD_INTERVAL }
    }
}

/// `[receivers.NAME.auth]`: a request must show one of these tokens.
#[derive(Clone, Debug)]
pub struct ReceiverAuth {
    /// `bearer_tokens`.
    pub bearer_tokens: Vec<BearerToken>,
    /// `bearer_token_file`: one token per line; blank lines and lines that begin with `#` are left out.
    pub bearer_token_file: Option<PathBuf>,
    /// `reload_interval`: how often the file is looked at again. Default 10 s.
    pub reload_interval: Duration,
}

impl ReceiverAuth {
    /// How often files are looked at again, unless the configuration says otherwise.
    pub const RELOAD_INTERVAL: Duration = Duration::from_secs(10);
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

    /// What `max_inflight_bytes` is if it is not given, for this `max_request_bytes`.
    pub fn default_inflight_bytes(max_request_bytes: usize) -> usize {
        Self::largest_request_bytes(max_request_bytes).max(256 << 20)
    }

    /// What one request can hold at once: it is compressed, in JSON, and in protobuf.
    pub fn largest_request_bytes(max_request_bytes: usize) -> usize {
        max_request_bytes.saturating_mul(3)
    }

    /// What is missing where others can reach the address, and what to do about it; none if nothing is, or if that was
    /// accepted.
    pub fn lacking_protection(&self) -> Option<&'static str> {
        let asks_for_clients = self.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
        if self.listen.ip().is_loopback() || self.insecure {
            return None;
        }
        match (&self.tls, &self.auth) {
            (None, None) => Some("without `tls` and `auth` anybody could send, and read along"),
            (None, Some(_)) => Some("without `tls` anybody on the way could read along, tokens included"),
            (Some(_), None) if !asks_for_clients => Some("without `auth` or `tls.client_ca_file` anybody could send"),
            _ => None,
        }
    }

    fn on_loopback(port: u16, max_request_bytes: usize) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            insecure: false,
            max_request_bytes,
            max_rows_per_request: 65_536,
            max_decoded_bytes: 64 << 20,
            max_concurrent_requests: 64,
            max_inflight_bytes: Self::default_inflight_bytes(max_request_bytes),
            max_connections: 1024,
            read_timeout: Duration::from_secs(10),
            metadata: Vec::new(),
            other_signals: OtherSignals::default(),
            tls: None,
            auth: None,
            cors: None,
        }
    }
}
