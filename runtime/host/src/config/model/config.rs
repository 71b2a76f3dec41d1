//! The whole configuration, and the tables that are spangate's own.

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Duration};

use super::{super::secrets::Secrets, exporter::Exporter, receiver::Receivers};

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

/// `[batch]`: cut once for all exporters.
#[derive(Clone, Copy, Debug)]
pub struct BatchLimits {
    /// `max_export_batch_size`, rows. Default 512.
    pub max_export_batch_size: usize,
    /// `max_export_batch_bytes`. Default 4 MiB.
    pub max_export_batch_bytes: usize,
    /// `schedule_delay`. Default 5 s.
    pub schedule_delay: Duration,
    /// `metadata_cardinality_limit`: different metadata whose rows wait for others at once. One more sends the oldest off
    /// early; nothing is refused. Default 64.
    pub metadata_cardinality_limit: usize,
}

/// `[sandbox]`
#[derive(Clone, Debug)]
pub struct Sandbox {
    /// `threads`: that run guests. Default 2.
    pub threads: usize,
    /// `cpu_share`: cores that all exporters together may use, averaged by a token bucket. Default 1: what four exporters
    /// with the default share want, and never more of a machine than one core, however many exporters there are.
    pub cpu_share: f64,
    /// `cache_dir`: compiled components, of this user or of root, for nobody else to write to. Read-only is enough if they
    /// are in it. Default `$XDG_CACHE_HOME/spangate`.
    pub cache_dir: Option<PathBuf>,
    /// `max_cache_bytes`: of all compiled components together; what was used longest ago is deleted. Default 512 MiB.
    pub max_cache_bytes: usize,
    /// `idle_timeout`: after which an instance that has nothing to do is dropped; the next call makes it anew. Default
    /// 1 min.
    pub idle_timeout: Duration,
    /// `max_component_bytes`. Default 16 MiB.
    pub max_component_bytes: usize,
    /// `signal_handlers`: for SIGSEGV, SIGFPE and SIGILL, of the whole process. Default true. Without them compiled code
    /// checks every access to memory itself, which costs guests time.
    pub signal_handlers: bool,
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

impl Default for BatchLimits {
    fn default() -> Self {
        Self {
            max_export_batch_size: 512,
            max_export_batch_bytes: 4 << 20,
            schedule_delay: Duration::from_secs(5),
            metadata_cardinality_limit: 64,
        }
    }
}

impl Default for Sandbox {
    fn default() -> Self {
        Self {
            threads: 2,
            cpu_share: 1.0,
            cache_dir: None,
            max_cache_bytes: 512 << 20,
            idle_timeout: Duration::from_secs(60),
            max_component_bytes: 16 << 20,
            signal_handlers: true,
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { deadline: Duration::from_secs(25) }
    }
}
