//! What a configuration says, in types that cannot be wrong. Mirrors the TOML exactly and holds no behaviour.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use url::Url;

use super::secrets::{Secret, Secrets};

/// A whole configuration.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `[resource]`: attributes of spans recorded in process; received spans keep theirs.
    pub resource: BTreeMap<String, toml::Value>,
    /// `[sampler]`
    pub sampler: Sampler,
    /// `[receivers]`
    pub receivers: Receivers,
    /// `[batch]`
    pub batch: BatchLimits,
    /// `[exporters.NAME]`
    pub exporters: BTreeMap<String, Exporter>,
    /// `[sandbox]`
    pub sandbox: Sandbox,
    /// `[admin]`
    pub admin: Option<Admin>,
    /// `[shutdown] deadline`: how long to drain.
    pub shutdown: Shutdown,
    /// What must never be printed: header values, and text that came from variables.
    pub secrets: Secrets,
}

/// `[sampler]`. Received spans take `always_on`, `always_off` or `traceid_ratio` only.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Sampler {
    /// `kind = "always_on"`
    #[default]
    AlwaysOn,
    /// `kind = "always_off"`
    AlwaysOff,
    /// `kind = "traceid_ratio"`, `ratio` from 0 to 1.
    TraceIdRatio {
        /// Share of traces to keep.
        ratio: f64,
    },
    /// `kind = "parent_based"`, the ratio holding for roots.
    ParentBased {
        /// Share of root traces to keep.
        ratio: f64,
    },
    /// `kind = "rate_limiting"`
    RateLimiting {
        /// Greater than 0, fractions allowed.
        traces_per_second: f64,
        /// Traces that may be sampled right after the start.
        initial_balance: f64,
    },
}

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

/// `[batch]`: cut once for all exporters.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// `max_export_batch_size`, rows. Default 512.
    pub max_export_batch_size: usize,
    /// `max_export_batch_bytes`. Default 4 MiB.
    pub max_export_batch_bytes: usize,
    /// `schedule_delay`. Default 5 s.
    pub schedule_delay: Duration,
}

/// `[exporters.NAME]`. [`Exporter::new`] holds the defaults.
#[derive(Clone, Debug)]
pub struct Exporter {
    /// `component`: `builtin:NAME` or a path, relative to the configuration file.
    pub component: Component,
    /// `digest = "sha256:HEX"`: what the component's bytes must hash to.
    pub digest: Option<[u8; 32]>,
    /// `required`: a full queue pushes back on receivers. Default false.
    pub required: bool,
    /// `concurrency`: instances that export at once, 1 to 64. Default 1.
    pub concurrency: usize,
    /// `[subscribe]`
    pub subscribe: Subscribe,
    /// `[queue]`
    pub queue: Queue,
    /// `[retry]`
    pub retry: Retry,
    /// `[limits]`
    pub limits: Limits,
    /// `[grants]`
    pub grants: Grants,
    /// `[settings]`, handed to the guest as JSON.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// Where a component comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Component {
    /// Inside the binary.
    Builtin(String),
    /// A file.
    File(PathBuf),
}

/// `[exporters.NAME.subscribe]`: narrows what the exporter's `describe` asks for, never widens it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscribe {
    /// `spans`
    pub spans: Option<bool>,
    /// `started_spans`
    pub started_spans: Option<bool>,
    /// `events`: exact event names.
    pub events: Option<Vec<String>>,
}

/// `[exporters.NAME.queue]`
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// `max_queue_size`, rows. Default 2,048.
    pub max_queue_size: usize,
    /// `max_queue_bytes`. Default 64 MiB.
    pub max_queue_bytes: usize,
    /// `when_full`
    pub when_full: WhenFull,
    /// `max_export_batch_size`: smaller than that of `[batch]`.
    pub max_export_batch_size: Option<usize>,
    /// `max_export_batch_bytes`: smaller than that of `[batch]`.
    pub max_export_batch_bytes: Option<usize>,
}

/// What a full queue does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// `"drop_newest"`
    #[default]
    DropNewest,
    /// `"drop_oldest"`
    DropOldest,
    /// `"refuse"`: receivers answer 429 or UNAVAILABLE. Only for required exporters, where it is the default.
    Refuse,
}

/// `[exporters.NAME.retry]`
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// `initial`: upper bound of the first delay. Default 1 s.
    pub initial: Duration,
    /// `max`: upper bound of any delay. Default 60 s.
    pub max: Duration,
    /// `max_age`: a batch older than this is dropped. Default 5 min.
    pub max_age: Duration,
}

/// `[exporters.NAME.limits]`
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `fuel_per_batch`. Default 2e9.
    pub fuel_per_batch: u64,
    /// `memory`, bytes of all linear memories together. Default 64 MiB.
    pub memory: usize,
    /// `deadline`: wall clock of one call, host calls included. Default 10 s.
    pub deadline: Duration,
    /// `cpu_share`: of one core, averaged by a token bucket. Default 0.25.
    pub cpu_share: f64,
    /// `log_lines_per_second`. Default 10.
    pub log_lines_per_second: u32,
    /// `log_line_bytes`. Default 1,024.
    pub log_line_bytes: usize,
    /// `metric_series`. Default 64.
    pub metric_series: usize,
}

/// `[exporters.NAME.grants]`: what the exporter may reach. What is absent is not linked.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// `[grants.http]`
    pub http: Option<HttpGrant>,
    /// `terminal = true`
    pub terminal: bool,
}

/// `[exporters.NAME.grants.http]`
#[derive(Clone, Debug)]
pub struct HttpGrant {
    /// `allow`: exact scheme, host and port; a path, if given, is a prefix.
    pub allow: Vec<Url>,
    /// `allow_cidrs`: private ranges that names may resolve to.
    pub allow_cidrs: Vec<IpNet>,
    /// `insecure`: plain `http://` to other machines. Default false.
    pub insecure: bool,
    /// `headers`: put on by the host, never seen by the guest.
    pub headers: BTreeMap<String, Secret>,
    /// `timeout`: of one request. Default 10 s.
    pub timeout: Duration,
    /// `max_in_flight`. Default 4 per instance.
    pub max_in_flight: usize,
    /// `max_requests_per_batch`. Default 64.
    pub max_requests_per_batch: usize,
    /// `max_request_bytes`. Default 16 MiB.
    pub max_request_bytes: usize,
    /// `max_response_bytes`. Default 4 MiB.
    pub max_response_bytes: usize,
    /// `ca_file`: a PEM bundle used instead of the system's roots.
    pub ca_file: Option<PathBuf>,
}

/// `[sandbox]`
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// `threads`: that run guests. Default 2.
    pub threads: usize,
    /// `cache_dir`: compiled components. Default `$XDG_CACHE_HOME/spangate`.
    pub cache_dir: Option<PathBuf>,
    /// `max_component_bytes`. Default 16 MiB.
    pub max_component_bytes: usize,
}

/// `[admin]`
#[derive(Clone, Copy, Debug)]
pub struct Admin {
    /// `listen`: loopback only.
    pub listen: SocketAddr,
}

/// `[shutdown]`
#[derive(Clone, Copy, Debug)]
pub struct Shutdown {
    /// `deadline`. Default 25 s.
    pub deadline: Duration,
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

impl Exporter {
    /// `[exporters.NAME]` with nothing but a `component`.
    pub fn new(component: Component) -> Self {
        Self {
            component,
            digest: None,
            required: false,
            concurrency: 1,
            subscribe: Subscribe::default(),
            queue: Queue::default(),
            retry: Retry::default(),
            limits: Limits::default(),
            grants: Grants::default(),
            settings: serde_json::Map::new(),
        }
    }
}

impl Default for HttpGrant {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            allow_cidrs: Vec::new(),
            insecure: false,
            headers: BTreeMap::new(),
            timeout: Duration::from_secs(10),
            max_in_flight: 4,
            max_requests_per_batch: 64,
            max_request_bytes: 16 << 20,
            max_response_bytes: 4 << 20,
            ca_file: None,
        }
    }
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { max_export_batch_size: 512, max_export_batch_bytes: 4 << 20, schedule_delay: Duration::from_secs(5) }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            max_queue_size: 2048,
            max_queue_bytes: 64 << 20,
            when_full: WhenFull::default(),
            max_export_batch_size: None,
            max_export_batch_bytes: None,
        }
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self { initial: Duration::from_secs(1), max: Duration::from_secs(60), max_age: Duration::from_secs(300) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel_per_batch: 2_000_000_000,
            memory: 64 << 20,
            deadline: Duration::from_secs(10),
            cpu_share: 0.25,
            log_lines_per_second: 10,
            log_line_bytes: 1024,
            metric_series: 64,
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self { threads: 2, cache_dir: None, max_component_bytes: 16 << 20 }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(25) }
    }
}
