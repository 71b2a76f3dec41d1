//! Writes families of samples as OpenMetrics text.
//!
//! The encoder writes label values as they are; quotes, backslashes and line feeds are escaped here, because some
//! values come from guests.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use prometheus_client::{
    encoding::{DescriptorEncoder, EncodeLabelValue, LabelValueEncoder, MetricEncoder, NoLabelSet},
    metrics::MetricType,
};

/// A label's value, escaped when it is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LabelValue(String);

/// Names and values of one series.
pub(super) type Labels = Vec<(Cow<'static, str>, LabelValue)>;

/// One distribution.
pub(super) struct Distribution<'a> {
    pub(super) sum: f64,
    pub(super) count: u64,
    pub(super) buckets: &'a [(f64, u64)],
}

/// Labels from pairs.
pub(super) fn labels<const N: usize>(pairs: [(&'static str, &str); N]) -> Labels {
    pairs.into_iter().map(|(name, value)| (Cow::Borrowed(name), LabelValue(value.to_owned()))).collect()
}

impl From<String> for LabelValue {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl EncodeLabelValue for LabelValue {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '\\' => encoder.write_str("\\\\")?,
                '"' => encoder.write_str("\\\"")?,
                '\n' => encoder.write_str("\\n")?,
                other => encoder.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// Writes one family after the other. A family without samples is left out.
pub(super) struct Exposition<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl<'a> Exposition<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self { encoder }
    }

    /// A family of counters; `_total` is put on by the encoder.
    pub(super) fn counter(&mut self, name: &str, help: &str, samples: Vec<(Labels, u64)>) -> fmt::Result {
        self.family(name, help, MetricType::Counter, samples, |mut encoder, value| {
            encoder.encode_counter::<NoLabelSet, u64, f64>(&value, None)
        })
    }

    /// A family of counters of seconds or other fractions.
    pub(super) fn float_counter(&mut self, name: &str, help: &str, samples: Vec<(Labels, f64)>) -> fmt::Result {
        self.family(name, help, MetricType::Counter, samples, |mut encoder, value| {
            encoder.encode_counter::<NoLabelSet, f64, f64>(&value, None)
        })
    }

    /// A family of gauges.
    pub(super) fn gauge(&mut self, name: &str, help: &str, samples: Vec<(Labels, f64)>) -> fmt::Result {
        self.family(name, help, MetricType::Gauge, samples, |mut encoder, value| encoder.encode_gauge(&value))
    }

    /// A family of distributions.
    pub(super) fn histogram(
        &mut self,
        name: &str,
        help: &str,
        samples: Vec<(Labels, Distribution<'_>)>,
    ) -> fmt::Result {
        self.family(name, help, MetricType::Histogram, samples, |mut encoder, value| {
            encoder.encode_histogram::<NoLabelSet>(value.sum, value.count, value.buckets, None)
        })
    }

    fn family<V>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        samples: Vec<(Labels, V)>,
        write: impl Fn(MetricEncoder<'_>, V) -> fmt::Result,
    ) -> fmt::Result {
        if samples.is_empty() {
            return Ok(());
        }
        let mut family = self.encoder.encode_descriptor(name, help, None, kind)?;
        for (labels, value) in samples {
            write(family.encode_family(&labels)?, value)?;
        }
        Ok(())
    }
}
