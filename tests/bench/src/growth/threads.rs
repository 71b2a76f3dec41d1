//! With the number of threads that record.

use std::{
    sync::{Arc, Barrier},
    thread,
    time::{Duration, Instant},
};

use spangate::{NativeExporter, Subscription, config};
use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
    sampler::AlwaysOn,
    tracer::Tracer,
};

use super::{
    chart::{Chart, Curve, Unit},
    effort::Effort,
    path::{Options, Path, builder, cost_of},
};
use crate::{
    cpu::{nanoseconds_each, thread_cpu_of},
    recording::record,
    samples::recorder,
};

const COUNTS: [u32; 4] = [1, 2, 4, 8];
/// Spans of all threads together: half of what waits for the collector at most.
const BURST: u32 = 16_384;
/// Bursts of one measurement; one more warms up.
const BURSTS: usize = 8;

pub(super) fn charts(effort: Effort) -> [Chart; 2] {
    let counts = effort.of(&COUNTS);
    let caller = Curve::over("recording thread", &counts, |threads| {
        move |_| Ok(nanoseconds_each(recorded(threads).cpu, (BURST as usize * BURSTS) as u64))
    });
    let whole = Curve::over("all threads, until discarded", &counts, |threads| {
        move |place| {
            // It takes all that is recorded at once.
            let queue = config::Queue { max_queue_size: BURST as usize, ..config::Queue::default() };
            let discard = NativeExporter::new(Arc::new(Discard), Subscription::spans()).queue(queue);
            let builder = builder(place, &Options::default(), &[], "")?.native_exporter("discard", discard);
            let path = Path::start(builder)?;
            cost_of(effort, BURST.into(), || {
                record_together(path.tracer(), threads, 1, || path.deliver())?;
                Ok(())
            })
        }
    });
    let rate = Curve::over("spans recorded", &counts, |threads| {
        move |_| Ok(f64::from(BURST) * BURSTS as f64 / recorded(threads).wall.as_secs_f64())
    });
    let chart = |title, note, y, curves, ideal| Chart {
        title,
        note,
        x: "threads that record",
        ticks: &COUNTS,
        y,
        curves,
        ideal,
    };
    [
        chart(
            "Threads of the application: cost",
            "CPU for a span of ten attributes",
            Unit::Cost,
            vec![caller, whole],
            None,
        ),
        chart(
            "Threads of the application: speed",
            "of all together, nobody collecting",
            Unit::Rate,
            vec![rate],
            Some(|first, threads| {
                let processors = thread::available_parallelism().map_or(1, usize::from) as f64;
                first * threads.min(processors)
            }),
        ),
    ]
}

/// What bursts took.
#[derive(Clone, Copy, Debug, Default)]
struct Taken {
    /// Of the threads that recorded.
    cpu: Duration,
    /// From when they began together to when the last had ended.
    wall: Duration,
}

/// Bursts into an intake that is emptied in between.
fn recorded(threads: u32) -> Taken {
    let (intake, tracer) = recorder(AlwaysOn);
    let taken = record_together(&tracer, threads, BURSTS + 1, || {
        drop(intake.take_all());
        Ok(())
    });
    taken.unwrap_or_default()
}

/// One thread's part of a burst.
struct Part {
    began: Instant,
    ended: Instant,
    cpu: Duration,
}

/// Bursts of all threads together, with `between` after each. The first is not told if there are several.
fn record_together(
    tracer: &Tracer,
    threads: u32,
    bursts: usize,
    mut between: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Taken> {
    let barrier = Barrier::new(threads as usize + 1);
    let part = |_: usize| {
        barrier.wait();
        let began = Instant::now();
        let cpu = thread_cpu_of(|| (0..BURST / threads).for_each(|_| record(tracer)));
        let ended = Instant::now();
        barrier.wait();
        Part { began, ended, cpu }
    };
    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..threads).map(|_| scope.spawn(|| (0..bursts).map(&part).collect::<Vec<_>>())).collect();
        let mut result = Ok(());
        for _ in 0..bursts {
            barrier.wait();
            barrier.wait();
            // Who has failed lets the others end all the same.
            result = result.and_then(|()| between());
        }
        let parts: Vec<Vec<Part>> = workers.into_iter().filter_map(|worker| worker.join().ok()).collect();
        result.map(|()| taken(&parts, usize::from(bursts > 1)))
    })
}

/// All bursts but the first ones.
fn taken(parts: &[Vec<Part>], untold: usize) -> Taken {
    let bursts = parts.first().map_or(0, Vec::len);
    let mut taken = Taken::default();
    for number in untold..bursts {
        let burst = || parts.iter().filter_map(|parts| parts.get(number));
        taken.cpu += burst().map(|part| part.cpu).sum::<Duration>();
        let began = burst().map(|part| part.began).min();
        let ended = burst().map(|part| part.ended).max();
        taken.wall += began.zip(ended).map(|(began, ended)| ended.duration_since(began)).unwrap_or_default();
    }
    taken
}

/// Takes everything and keeps nothing.
struct Discard;

impl Exporter for Discard {
    fn export(&self, _: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async { Ok(ExportOutcome::Accepted) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_lasts_from_who_began_first_to_who_ended_last() {
        let start = Instant::now();
        let part = |began: u64, ended: u64| Part {
            began: start + Duration::from_millis(began),
            ended: start + Duration::from_millis(ended),
            cpu: Duration::from_millis(1),
        };
        let parts = [vec![part(0, 90), part(100, 130)], vec![part(0, 90), part(120, 170)]];
        let taken = taken(&parts, 1);
        assert_eq!((taken.wall, taken.cpu), (Duration::from_millis(70), Duration::from_millis(2)));
    }
}
