//! `[exporters.NAME]`

use std::{path::PathBuf, time::Duration};

use super::{grants::Grants, select::Select};

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
    /// `[dead_letter]`: none drops what the exporter cannot take.
    pub dead_letter: Option<DeadLetter>,
    /// `[limits]`
    pub limits: Limits,
    /// `[grants]`
    pub grants: Grants,
    /// `[select]`
    pub select: Select,
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
    /// `started_spans`: left out is false.
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
    /// `pause`: the first after the backend did not take the credentials; the longest is ten times that. Default 60 s.
    pub pause: Duration,
}

/// `[exporters.NAME.dead_letter]`: where rows go that make the exporter fault, one file for each exporter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// `dir`, relative to the configuration file; made for this user alone if it is not there. The file in it is
    /// `NAME.jsonl`.
    pub dir: PathBuf,
    /// `max_size`: of the file. What does not fit is dropped. Default 64 MiB.
    pub max_size: usize,
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
    /// `weight`: against other exporters, while all together want more than `sandbox.cpu_share` or the threads there are.
    /// From 1 to 10,000. Default 100.
    pub weight: u32,
    /// `log_lines_per_second`. Default 10.
    pub log_lines_per_second: u32,
    /// `log_line_bytes`. Default 1,024.
    pub log_line_bytes: usize,
    /// `metric_series`. Default 64.
    pub metric_series: usize,
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
            dead_letter: None,
            limits: Limits::default(),
            grants: Grants::default(),
            select: Select::default(),
            settings: serde_json::Map::new(),
        }
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
        Self {
            initial: Duration::from_secs(1),
            max: Duration::from_secs(60),
            max_age: Duration::from_secs(300),
            pause: Duration::from_secs(60),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel_per_batch: 2_000_000_000,
            memory: 64 << 20,
            deadline: Duration::from_secs(10),
            cpu_share: 0.25,
            weight: 100,
            log_lines_per_second: 10,
            log_line_bytes: 1024,
            metric_series: 64,
        }
    }
}
