//! The sampler's word about received spans, of which nothing but the trace id is looked at.

use spangate_core::{context::TraceId, otlp::Request, sampler::TraceIdRatio, signal::Signal};

use crate::config;

/// Which received spans are kept. Events are: OpenTelemetry samples traces, not log records.
#[derive(Debug)]
pub(crate) enum ReceivedSampler {
    All,
    None,
    Ratio(TraceIdRatio),
}

impl ReceivedSampler {
    /// The sampler of a configuration.
    ///
    /// # Errors
    /// Kinds that need more than a trace id.
    pub(crate) fn new(sampler: config::Sampler) -> Result<Self, &'static str> {
        match sampler {
            config::Sampler::AlwaysOn => Ok(Self::All),
            config::Sampler::AlwaysOff => Ok(Self::None),
            config::Sampler::TraceIdRatio { ratio } => Ok(Self::Ratio(TraceIdRatio::new(ratio))),
            config::Sampler::ParentBased { .. } | config::Sampler::RateLimiting { .. } => {
                Err("received spans can be sampled by `always_on`, `always_off` or `traceid_ratio` only: what their \
                 parents decided is not known here")
            }
        }
    }

    /// The rows that are kept; the request itself where all are. None if none is.
    pub(super) fn sample(&self, request: Request) -> Option<Request> {
        if request.signal() == Signal::Events {
            return Some(request);
        }
        match self {
            Self::All => Some(request),
            Self::None => None,
            Self::Ratio(ratio) => {
                let is_kept = |id: &[u8]| id.try_into().is_ok_and(|id| ratio.is_sampled(TraceId(id)));
                let rows: Vec<u32> = (0..request.rows()).filter(|row| is_kept(request.trace_id(*row))).collect();
                match rows.len() {
                    0 => None,
                    kept if kept == request.rows() as usize => Some(request),
                    _ => Some(request.select(&rows)),
                }
            }
        }
    }
}
