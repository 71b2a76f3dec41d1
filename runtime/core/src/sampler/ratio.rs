//! A share of all traces, chosen by trace id, so that all processes with the same ratio choose the same traces.

use super::{Sampler, SamplingDecision, SamplingParameters};
use crate::context::TraceId;

/// Samples a trace if the last eight bytes of its id, read big-endian and without their lowest bit, are below
/// ratio times 2^63. That is the rule of the `opentelemetry_sdk` crate (0.33), so that both agree on every trace.
#[derive(Clone, Copy, Debug)]
pub struct TraceIdRatio {
    bound: u64,
}

impl TraceIdRatio {
    /// Samples this share of traces: 0 none, 1 all. What is outside is clamped; not a number means none.
    pub fn new(ratio: f64) -> Self {
        Self { bound: (ratio.clamp(0.0, 1.0) * (1u64 << 63) as f64) as u64 }
    }

    /// Whether the trace of this id is sampled. Also for received spans, of which only the id is known.
    pub fn is_sampled(&self, trace_id: TraceId) -> bool {
        let [.., a, b, c, d, e, f, g, h] = trace_id.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.bound
    }
}

impl Sampler for TraceIdRatio {
    fn should_sample(&self, parameters: &SamplingParameters<'_>) -> SamplingDecision {
        SamplingDecision::from_sampled(self.is_sampled(parameters.trace_id))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id(low: u64) -> TraceId {
        let mut bytes = [0xff; 16];
        bytes[8..].copy_from_slice(&low.to_be_bytes());
        TraceId(bytes)
    }

    #[test]
    fn the_bound_is_exact_at_the_ends_and_in_the_middle() {
        let (none, half, all) = (TraceIdRatio::new(0.0), TraceIdRatio::new(0.5), TraceIdRatio::new(1.0));
        for low in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(!none.is_sampled(id(low)));
            assert!(all.is_sampled(id(low)));
        }
        assert!(half.is_sampled(id((1 << 63) - 1)));
        assert!(!half.is_sampled(id(1 << 63)));
        assert!(!TraceIdRatio::new(f64::NAN).is_sampled(id(0)));
        assert!(TraceIdRatio::new(7.0).is_sampled(id(u64::MAX)));
    }

    proptest! {
        #[test]
        fn a_trace_of_a_smaller_share_is_in_every_larger_share(low: u64, a in 0.0..=1.0f64, b in 0.0..=1.0f64) {
            let (small, large) = (TraceIdRatio::new(a.min(b)), TraceIdRatio::new(a.max(b)));
            prop_assert!(!small.is_sampled(id(low)) || large.is_sampled(id(low)));
        }
    }

    #[test]
    fn the_share_of_random_ids_is_the_ratio() {
        let mut rng = fastrand::Rng::with_seed(7);
        let sampler = TraceIdRatio::new(0.9);
        let sampled = (0..100_000).filter(|_| sampler.is_sampled(id(rng.u64(..)))).count();
        assert!((89_500..90_500).contains(&sampled), "{sampled}");
    }
}
