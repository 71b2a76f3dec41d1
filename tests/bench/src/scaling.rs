//! Whether threads that record are in each other's way: beside one thread, and beside two that share nothing, which tells
//! what two of this machine's processors are at most.

use std::{
    hint::spin_loop,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use spangate_core::{sampler::AlwaysOn, tracer::Tracer};

use crate::{
    case::{Case, Figure, Group},
    cpu::nanoseconds_each,
    recording::{UNIT, record_one_by_one},
    samples::recorder,
};

/// Spans that each thread records at a stretch: two threads stay within the room that there is.
const STRETCH: u32 = 8_192;

/// One thread and two. Nothing where there are no two cores to run them on.
pub(crate) fn groups() -> Vec<Group> {
    if thread::available_parallelism().map_or(1, usize::from) < 2 {
        return Vec::new();
    }
    let cases = vec![
        case(Figure::new("spangate, one thread", UNIT).base(), 1, 1),
        // 1.9 times as many spans.
        case(Figure::new("spangate, two threads", UNIT).target("<= 0.53x"), 2, 1),
        case(Figure::new("two threads with an intake each", UNIT), 2, 2),
    ];
    vec![Group { title: "root span, 10 attributes one by one: time that passes per span of all threads", cases }]
}

/// `count` threads that record, in turn, into one of so many intakes.
fn case(figure: Figure, count: u32, intakes: u32) -> Case {
    let recorders: Vec<_> = (0..intakes).map(|_| recorder(AlwaysOn)).collect();
    let tracers = recorders.iter().map(|(_, tracer)| tracer).cycle().take(count as usize);
    let workers: Vec<_> = tracers.map(|tracer| Worker::new(tracer.clone(), count as usize)).collect();
    Case::one(figure, move |times| {
        let mut passed = Duration::ZERO;
        for _ in 0..times {
            passed += stretch(&workers)?;
            let chunks = recorders.iter().flat_map(|(intake, _)| intake.take_all());
            let rows: u32 = chunks.map(|chunk| chunk.rows).sum();
            anyhow::ensure!(rows == count * STRETCH, "{rows} spans of {count} threads came out");
        }
        Ok(nanoseconds_each(passed, u64::from(times) * u64::from(count) * u64::from(STRETCH)))
    })
}

/// How long the threads take that begin together, from the first one's beginning to the last one's end.
fn stretch(workers: &[Worker]) -> anyhow::Result<Duration> {
    let waiting = Arc::new(AtomicUsize::new(0));
    for worker in workers {
        worker.begin.send(waiting.clone())?;
    }
    let times = workers.iter().map(|worker| worker.times.recv()).collect::<Result<Vec<_>, _>>()?;
    let begun = times.iter().map(|(begun, _)| *begun).min();
    let ended = times.iter().map(|(_, ended)| *ended).max();
    Ok(ended.zip(begun).map_or(Duration::ZERO, |(ended, begun)| ended.saturating_duration_since(begun)))
}

/// A thread that records when it is told to, until this is dropped.
struct Worker {
    /// Counts those that are ready.
    begin: SyncSender<Arc<AtomicUsize>>,
    times: Receiver<(Instant, Instant)>,
}

impl Worker {
    fn new(tracer: Tracer, threads: usize) -> Self {
        let (begin, stretches) = sync_channel::<Arc<AtomicUsize>>(1);
        let (told, times) = sync_channel(1);
        thread::spawn(move || {
            for waiting in stretches {
                waiting.fetch_add(1, Ordering::SeqCst);
                while waiting.load(Ordering::SeqCst) < threads {
                    spin_loop();
                }
                let begun = Instant::now();
                (0..STRETCH).for_each(|_| record_one_by_one(&tracer));
                if told.send((begun, Instant::now())).is_err() {
                    return;
                }
            }
        });
        Self { begin, times }
    }
}
