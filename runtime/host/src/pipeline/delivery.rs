//! A delivery worker: takes what is ready, hands it to the exporter, and has every row put where it belongs.
//!
//! No wait without an end: a worker sleeps until the next entry is ready, a minute at most; a call lasts until the
//! lane's deadline at most; both end at once when the pipeline is cut off.

use std::{sync::Arc, time::Duration};

use spangate_core::{
    clock::Clock,
    exporter::{ExportError, ExportOutcome, Fault, FaultKind},
    queue::QueueEntry,
    tally::Settled,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    caught::catch,
    lane::{Lane, Step},
};

const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// Delivers until the pipeline is cut off. Several workers of one lane may run at once.
pub(super) async fn deliver(lane: Arc<Lane>, clock: Arc<dyn Clock>, mut cut_off: watch::Receiver<bool>) {
    loop {
        let mut changed = std::pin::pin!(lane.changed());
        // Registered before the queue is looked at: an entry that comes in between wakes this worker.
        changed.as_mut().enable();
        if *cut_off.borrow() {
            return;
        }
        let now = clock.monotonic();
        match lane.next_step(now) {
            Step::Try(entry) => attempt(&lane, entry, &*clock, &mut cut_off).await,
            Step::WaitUntil(ready_at) => {
                let pause = ready_at.map_or(LONGEST_SLEEP, |at| at.saturating_sub(now).min(LONGEST_SLEEP));
                tokio::select! {
                    () = changed => {}
                    () = sleep(pause) => {}
                    _ = cut_off.changed() => {}
                }
            }
        }
    }
}

async fn attempt(lane: &Lane, entry: QueueEntry, clock: &dyn Clock, cut_off: &mut watch::Receiver<bool>) {
    let answer = tokio::select! {
        answer = call(lane, &entry) => answer,
        // The call is dropped where it stands; an error means that the pipeline itself is gone.
        _ = cut_off.wait_for(|is_cut| *is_cut) => return lane.abandon(&entry),
    };
    let now = clock.monotonic();
    let settled = lane.settle(entry, &answer, now);
    complain(lane, &answer, settled, now);
}

async fn call(lane: &Lane, entry: &QueueEntry) -> Result<ExportOutcome, ExportError> {
    let deadline = lane.settings.deadline;
    // Lent, so that no view that is built for the call is still there when the batch is queued again.
    let batch = Arc::new(entry.batch.lend());
    let export = catch(|| lane.exporter.export(batch, entry.attempt));
    timeout(deadline, export).await.unwrap_or_else(|_| {
        let detail = format!("no answer within {deadline:?}");
        Err(ExportError::Fault(Fault { kind: FaultKind::DeadlineExceeded, detail }))
    })
}

/// What costs rows is told, and why a backend does not take them now. What the sandbox says itself is only counted.
fn complain(lane: &Lane, answer: &Result<ExportOutcome, ExportError>, settled: Settled, now: Duration) {
    let word = match answer {
        Ok(ExportOutcome::Accepted) => return,
        Ok(ExportOutcome::Partial(partial)) => partial.reason.clone(),
        Ok(ExportOutcome::RetryAfter { reason, .. } | ExportOutcome::Rejected { reason }) => reason.clone(),
        Err(ExportError::Unavailable { reason, .. } | ExportError::Unauthorized { reason, .. }) => reason.clone(),
        Err(ExportError::Fault(fault)) => fault.to_string(),
    };
    if let Some((rows, reason)) = settled.dropped {
        lane.complaints.say(now, format_args!("dropped {rows} rows ({}): {word}", reason.as_str()));
    } else if settled.rejected > 0 {
        lane.complaints.say(now, format_args!("{} rows were rejected: {word}", settled.rejected));
    } else if matches!(answer, Ok(ExportOutcome::RetryAfter { .. })) {
        lane.complaints.say(now, format_args!("{} rows are tried again later: {word}", settled.requeued));
    }
}
