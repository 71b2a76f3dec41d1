//! The reporter.

use fastrace::collector::{Reporter, SpanRecord};
use spangate_core::tracer::Tracer;

use crate::record::hand_over;

/// A reporter that hands spans to what `tracer` records into.
pub fn reporter(tracer: Tracer) -> SpangateReporter {
    SpangateReporter::new(tracer)
}

/// Hands the spans of fastrace over, on the thread on which fastrace collects them.
///
/// - It never waits. A span that finds no room is counted as `queue_full` in the runtime's ledger, one that comes after
///   the runtime has stopped as `shutdown`.
/// - Everything is of the tracer's one scope and of its resource: fastrace knows neither.
/// - Sampling is fastrace's: what it does not sample it does not report. The tracer's sampler is not asked.
/// - The tracer's limits hold; what they leave out is in the span's counts.
#[must_use = "a reporter does something once fastrace has it: `fastrace::set_reporter`"]
pub struct SpangateReporter {
    tracer: Tracer,
}

impl SpangateReporter {
    /// As [`reporter`].
    pub fn new(tracer: Tracer) -> Self {
        Self { tracer }
    }
}

impl Reporter for SpangateReporter {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        spans.into_iter().for_each(|span| hand_over(span, &self.tracer));
    }
}

impl std::fmt::Debug for SpangateReporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpangateReporter").finish_non_exhaustive()
    }
}
