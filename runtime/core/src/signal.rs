//! Which kind of telemetry a batch carries.

use std::fmt;

/// A kind of telemetry. One spelling everywhere: WIT, TOML, metric labels and this enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Ended spans.
    Spans,
    /// Spans that have started and not ended.
    StartedSpans,
    /// Events: OpenTelemetry log records that carry an event name.
    Events,
}

impl Signal {
    /// Every signal, in the order of their declaration.
    pub const ALL: [Self; 3] = [Self::Spans, Self::StartedSpans, Self::Events];

    /// The signal's name in metrics, in a description and in an error.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::StartedSpans => "started-spans",
            Self::Events => "events",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
