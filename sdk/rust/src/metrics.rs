//! The exporter's own metrics: they appear in the host's `/metrics` under the exporter's name.
//!
//! A name matches `[a-zA-Z_][a-zA-Z0-9_]*`; the number of series is limited, the rest is counted and dropped.

/// A name and labels; recorded into by `add`, `set` or `record`.
macro_rules! metric {
    ($(#[$meta:meta])* $new:ident -> $Metric:ident, $(#[$record_meta:meta])* $record:ident($value:ty), $import:ident) => {
        $(#[$meta])*
        pub fn $new(name: &str) -> $Metric<'_> {
            $Metric { name, labels: Vec::new() }
        }

        $(#[$meta])*
        #[must_use = "a metric does nothing until a value is recorded"]
        pub struct $Metric<'a> {
            name: &'a str,
            labels: Vec<(&'a str, &'a str)>,
        }

        impl<'a> $Metric<'a> {
            /// Adds a label.
            pub fn label(mut self, name: &'a str, value: &'a str) -> Self {
                self.labels.push((name, value));
                self
            }

            $(#[$record_meta])*
            pub fn $record(self, value: $value) {
                #[cfg(target_family = "wasm")]
                crate::bindings::spangate::exporter::metrics::$import(self.name, &self.labels, value);
                #[cfg(not(target_family = "wasm"))]
                crate::testing::host::record_metric(self.name, &self.labels, value as f64);
            }
        }
    };
}

metric! {
    /// A sum that only grows.
    counter -> Counter,
    /// Adds to it.
    add(u64), counter_add
}
metric! {
    /// A value that goes up and down.
    gauge -> Gauge,
    /// Sets it.
    set(f64), gauge_set
}
metric! {
    /// A distribution.
    histogram -> Histogram,
    /// Records one value of it.
    record(f64), histogram_record
}
