//! The process that is flooded.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::{Value, json};

use super::{
    exporting::{Counting, Speed},
    subject::{Subject, Who},
};
use crate::{
    cpu::{nanoseconds_each, thread_cpu_of},
    memory::{peak_resident_bytes, resident_bytes},
};

/// Before that much memory is in use the flood ends: the machine is needed for others as well.
const MOST_BYTES: u64 = 1 << 30;
/// What is left gets that long.
const DRAIN: Duration = Duration::from_secs(2);

/// Floods one library and tells what came of it.
#[derive(Args)]
pub(crate) struct Alone {
    #[arg(long)]
    who: Who,
    #[arg(long)]
    speed: Speed,
    #[arg(long)]
    threads: u32,
    #[arg(long)]
    milliseconds: u64,
}

impl Alone {
    /// # Errors
    /// If it does not start, or spangate has lost count.
    pub(crate) fn run(&self) -> anyhow::Result<Value> {
        let exporter = Counting::new(self.speed);
        let subject = self.who.start(exporter.clone())?;
        let before = resident_bytes()?;
        let start = Instant::now();
        let (spans, cpu, took_too_much) = self.flood(&subject)?;
        let seconds = start.elapsed().as_secs_f64();
        let dropped = subject.end(DRAIN)?;
        Ok(json!({
            "spans": spans,
            "seconds": seconds,
            "nanoseconds_per_span": nanoseconds_each(cpu, spans),
            "exported": exporter.exported(),
            "dropped": dropped,
            "grown_bytes": peak_resident_bytes()?.saturating_sub(before),
            "took_too_much": took_too_much,
        }))
    }

    /// Answers how many spans were recorded, what CPU time the threads took for it, and whether memory ended it.
    fn flood(&self, subject: &Subject) -> anyhow::Result<(u64, Duration, bool)> {
        const LOOK_EVERY: Duration = Duration::from_millis(5);
        let is_over = AtomicBool::new(false);
        let record = || {
            let mut spans = 0_u64;
            let cpu = thread_cpu_of(|| {
                while !is_over.load(Relaxed) {
                    (0..64).for_each(|_| subject.record());
                    spans += 64;
                }
            });
            (spans, cpu)
        };
        thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads).map(|_| scope.spawn(record)).collect();
            let start = Instant::now();
            let mut takes_too_much = false;
            while start.elapsed() < Duration::from_millis(self.milliseconds) && !takes_too_much {
                thread::sleep(LOOK_EVERY);
                takes_too_much = resident_bytes().is_ok_and(|bytes| bytes > MOST_BYTES);
            }
            is_over.store(true, Relaxed);
            let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
            let sums: Vec<(u64, Duration)> = joined.filter_map(Result::ok).collect();
            anyhow::ensure!(sums.len() == self.threads as usize, "a thread that recorded has panicked");
            Ok((sums.iter().map(|sum| sum.0).sum(), sums.iter().map(|sum| sum.1).sum(), takes_too_much))
        })
    }
}
