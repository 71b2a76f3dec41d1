//! A series that an exporter keeps itself.

/// One series of an exporter's own.
#[derive(Clone, Debug, PartialEq)]
pub struct GuestMetric {
    /// Matches `[a-zA-Z_][a-zA-Z0-9_]*`.
    pub name: String,
    /// Names and values, as the guest gave them.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: GuestValue,
}

/// A value by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum GuestValue {
    /// Only ever grows.
    Counter(u64),
    /// Goes up and down.
    Gauge(f64),
    /// A distribution.
    Histogram {
        /// Sum of all values.
        sum: f64,
        /// Number of values.
        count: u64,
        /// Upper bound and number of values at or below it and above the one before; the last bound is `f64::MAX`.
        buckets: Vec<(f64, u64)>,
    },
}
