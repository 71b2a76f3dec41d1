//! The application: a thread that serves requests at fixed moments, works a little for each, and records spans.

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use spangate_core::tracer::Tracer;
use spangate_tests::Latencies;

use crate::recording::record;

/// Spans of a request.
pub(super) const SPANS_PER_REQUEST: u32 = 10;
/// Bytes that a request looks at for each of its spans: its own work, about a microsecond.
const WORK_BYTES: usize = 8 << 10;

/// What the application's thread met.
#[derive(Clone, Debug, Default)]
pub(super) struct Met {
    /// How long each recording took: a span with ten attributes, from its start to its end.
    pub(super) recordings: Latencies,
    /// How long each request took, from the moment when it was due.
    pub(super) requests: Latencies,
    pub(super) spans: u64,
}

/// An application that records so many spans in a second.
pub(super) struct Application {
    tracer: Tracer,
    memory: Vec<u8>,
    period: Duration,
}

impl Application {
    pub(super) fn new(tracer: Tracer, spans_per_second: f64) -> Self {
        let period = Duration::from_secs_f64(f64::from(SPANS_PER_REQUEST) / spans_per_second.max(1.0));
        Self { tracer, memory: vec![1; WORK_BYTES], period }
    }

    /// Serves for so long.
    pub(super) fn serve(&self, time: Duration) -> Met {
        let mut met = Met::default();
        let start = Instant::now();
        let mut due = start;
        while due.saturating_duration_since(start) < time {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            for _ in 0..SPANS_PER_REQUEST {
                self.work();
                met.recordings.add(time_of(|| record(&self.tracer)));
            }
            met.requests.add(due.elapsed());
            met.spans += u64::from(SPANS_PER_REQUEST);
            // Not later because the one before was late: who waits meanwhile has waited.
            due += self.period;
        }
        met
    }

    /// Records so many at once.
    pub(super) fn record_at_once(&self, spans: usize) {
        (0..spans).for_each(|_| record(&self.tracer));
    }

    fn work(&self) {
        let sum: u64 = self.memory.iter().map(|byte| u64::from(*byte)).sum();
        black_box(sum);
    }
}

/// What is told for something that takes no time at all.
pub(super) fn clock_alone() -> Latencies {
    const LOOKS: u32 = 200_000;
    let mut latencies = Latencies::new();
    (0..LOOKS).for_each(|_| latencies.add(time_of(|| {})));
    latencies
}

#[inline]
fn time_of(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
