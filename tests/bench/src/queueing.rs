//! What a batch costs on its way through the queues, however many spans it has.

use std::{sync::Arc, time::Duration};

use spangate_core::{
    batch::Batch,
    queue::{ExporterQueue, Pushed, QueueLimits},
    tally::{Settled, Tally},
};

use crate::{
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, thread_cpu_of},
    samples::{BATCH, recorded},
};

const UNIT: &str = "ns/batch";
/// Batches per run.
const BATCHES: u32 = 1_000;

/// All groups.
pub(crate) fn groups() -> Vec<Group> {
    let cases = vec![through(1, "in and out of one queue"), through(4, "in and out of the queues of 4 exporters")];
    vec![Group { title: "queues, a batch of 512 spans: CPU", cases }]
}

fn through(exporters: usize, name: &str) -> Case {
    let queue = || ExporterQueue::new(QueueLimits::default(), Arc::new(Tally::default()));
    let mut queues: Vec<ExporterQueue> = (0..exporters).map(|_| queue()).collect();
    let batch = Arc::new(recorded(BATCH));
    Case::one(Figure::new(name, UNIT), move |times| {
        let count = times.saturating_mul(BATCHES);
        let mut delivered = 0;
        let cpu = thread_cpu_of(|| {
            for _ in 0..count {
                delivered += fan_out(&mut queues, &batch);
            }
        });
        let expected = u64::from(count) * queues.len() as u64 * u64::from(BATCH);
        anyhow::ensure!(delivered == expected, "{delivered} of {expected} rows came through");
        Ok(nanoseconds_each(cpu, count.into()))
    })
}

/// One batch into every queue, then out of every queue; the rows that were delivered.
fn fan_out(queues: &mut [ExporterQueue], batch: &Arc<Batch>) -> u64 {
    let mut delivered = 0;
    for queue in &mut *queues {
        let pushed = queue.push(Arc::clone(batch), Duration::ZERO);
        debug_assert!(matches!(pushed, Pushed::Queued));
    }
    for queue in queues {
        if let Some(entry) = queue.pop_ready(Duration::ZERO) {
            delivered += u64::from(entry.rows());
            queue.finish(Settled { delivered: entry.rows(), ..Settled::default() });
        }
    }
    delivered
}
