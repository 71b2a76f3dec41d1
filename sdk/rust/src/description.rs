//! What an exporter says about itself before it is configured.

use std::time::Duration;

/// A kind of telemetry that a batch can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ended spans.
    Spans,
    /// Spans that have started and not ended.
    StartedSpans,
    /// Events: log records with an event name.
    Events,
}

impl Signal {
    /// Its name in the contract.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::StartedSpans => "started-spans",
            Self::Events => "events",
        }
    }
}

/// What an exporter is and wants. The operator's configuration may narrow it, never widen it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Empty: the package's name.
    pub name: String,
    /// Empty: the package's version.
    pub version: String,
    /// Which `export_*` methods the host may call.
    pub signals: Vec<Signal>,
    /// Exact names of the events it wants; `*` for all of them.
    pub event_names: Vec<String>,
    /// The views and columns it reads: `otlp`, `otlp-json`, `payload`, or interface and getter as in `spans.names` and
    /// `batch.attribute-keys`. The host prepares them off the hot path.
    pub reads: Vec<String>,
    /// The most rows its backend takes at once.
    pub max_batch_size: Option<u32>,
    /// The most OTLP bytes its backend takes at once.
    pub max_batch_bytes: Option<u32>,
    /// How often to call `tick`.
    pub tick_interval: Option<Duration>,
}

impl Description {
    /// Of an exporter of ended spans.
    pub fn spans() -> Self {
        Self::default().and_spans()
    }

    /// Of an exporter of all events.
    pub fn events() -> Self {
        Self::default().and_events(["*"])
    }

    /// It takes ended spans too.
    pub fn and_spans(mut self) -> Self {
        self.signals.push(Signal::Spans);
        self
    }

    /// It takes started spans too.
    pub fn and_started_spans(mut self) -> Self {
        self.signals.push(Signal::StartedSpans);
        self
    }

    /// It takes events of these names too; `*` for all of them.
    pub fn and_events<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.signals.push(Signal::Events);
        self.event_names.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// It reads these views and columns too; [`columns::of_spans`](crate::columns::of_spans) names all columns of spans.
    pub fn reads(mut self, views: impl IntoIterator<Item: Into<String>>) -> Self {
        self.reads.extend(views.into_iter().map(Into::into));
        self.reads.sort_unstable();
        self.reads.dedup();
        self
    }

    /// The most rows its backend takes at once.
    pub fn max_batch_size(mut self, rows: u32) -> Self {
        self.max_batch_size = Some(rows);
        self
    }

    /// The most OTLP bytes its backend takes at once.
    pub fn max_batch_bytes(mut self, bytes: u32) -> Self {
        self.max_batch_bytes = Some(bytes);
        self
    }

    /// `tick` is to be called this often.
    pub fn tick_every(mut self, interval: Duration) -> Self {
        self.tick_interval = Some(interval);
        self
    }
}

#[cfg(target_family = "wasm")]
impl Description {
    /// As the contract has it, a missing name and version filled in.
    pub(crate) fn cross(
        self,
        package: &str,
        version: &str,
    ) -> crate::bindings::exports::spangate::exporter::lifecycle::Description {
        let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
        crate::bindings::exports::spangate::exporter::lifecycle::Description {
            name: or(self.name, package),
            version: or(self.version, version),
            signals: self.signals.iter().map(|signal| signal.name().to_owned()).collect(),
            event_names: self.event_names,
            reads: self.reads,
            max_batch_size: self.max_batch_size,
            max_batch_bytes: self.max_batch_bytes,
            tick_interval_ms: self
                .tick_interval
                .map(|interval| u32::try_from(interval.as_millis()).unwrap_or(u32::MAX)),
        }
    }
}
