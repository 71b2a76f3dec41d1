//! A delivery worker: takes what is ready, hands it to the exporter, and has every row put where it belongs.
//!
//! No wait without an end: a worker sleeps until the next entry is ready, a minute at most; a call lasts until the
//! lane's deadline at most; both end at once when the pipeline is cut off. A worker that panics is begun anew: what it had
//! in hand counts as a fault.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    clock::Clock,
    exporter::{ExportError, ExportOutcome, Fault, FaultKind},
    narrow::Shown,
    queue::QueueEntry,
    tally::Settled,
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{
    caught::{catch, ends_well},
    lane::Lane,
    lane_state::{Probes, Step},
};
use crate::telemetry::Level;

const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// Between a panic and the next try.
const RESTART: Duration = Duration::from_secs(1);

type Answer = Result<ExportOutcome, ExportError>;

/// Delivers until the pipeline is cut off. Several workers of one lane may run at once.
pub(super) async fn deliver(lane: Arc<Lane>, clock: Arc<dyn Clock>, mut cut_off: watch::Receiver<bool>) {
    let mut in_hand = None;
    while !ends_well(work(&lane, &*clock, &mut cut_off, &mut in_hand)).await {
        lane.log.tell(Level::Error, format_args!("a delivery worker panicked and begins anew"));
        if let Some(in_hand) = in_hand.take() {
            let detail = "a delivery worker panicked".to_owned();
            let fault = Err(ExportError::Fault(Fault { kind: FaultKind::HostError, detail }));
            let now = clock.monotonic();
            // If that panics too, the rows stay in flight, and the report of the shutdown is not complete.
            ends_well(async {
                let _ = lane.settle(in_hand, &fault, now);
            })
            .await;
        }
        tokio::select! {
            () = sleep(RESTART) => {}
            _ = cut_off.wait_for(|is_cut| *is_cut) => return,
        }
    }
}

async fn work(
    lane: &Arc<Lane>,
    clock: &dyn Clock,
    cut_off: &mut watch::Receiver<bool>,
    in_hand: &mut Option<(QueueEntry, Probes)>,
) {
    loop {
        let mut changed = std::pin::pin!(lane.changed());
        // Registered before the queue is looked at: an entry that comes in between wakes this worker.
        changed.as_mut().enable();
        if *cut_off.borrow() {
            return;
        }
        let now = clock.monotonic();
        match lane.next_step(now) {
            Step::Try(entry, probes) => {
                let (entry, _) = in_hand.insert((entry, probes));
                match attempt(lane, entry, clock, cut_off).await {
                    Ended::Answered(answer, now) => {
                        let Some(tried) = in_hand.take() else { continue };
                        let settled = lane.settle(tried, &answer, now);
                        complain(lane, &answer, settled);
                    }
                    Ended::NoRowLeft => {
                        *in_hand = None;
                        lane.pass_over(probes, clock.monotonic());
                    }
                    Ended::GivenUp => {}
                }
            }
            Step::Cut(entry) => lane.cut(entry),
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

/// How an attempt ended.
enum Ended {
    /// With an answer, and when it came.
    Answered(Answer, Duration),
    /// Without a call: the exporter is to see no row of it, and each is settled.
    NoRowLeft,
    /// The pipeline was cut off, and the batch given up.
    GivenUp,
}

async fn attempt(lane: &Lane, entry: &mut QueueEntry, clock: &dyn Clock, cut_off: &mut watch::Receiver<bool>) -> Ended {
    tokio::select! {
        answer = call(lane, entry) => match answer {
            Some(answer) => Ended::Answered(answer, clock.monotonic()),
            None => Ended::NoRowLeft,
        },
        // The call is dropped where it stands; an error means that the pipeline itself is gone.
        _ = cut_off.wait_for(|is_cut| *is_cut) => {
            lane.abandon(entry);
            Ended::GivenUp
        }
    }
}

/// None if there is no row for the exporter to see.
async fn call(lane: &Lane, entry: &mut QueueEntry) -> Option<Answer> {
    let deadline = lane.settings.deadline;
    let call = async {
        // Lent, so that no view that is built for the call is still there when the batch is queued again.
        let lent = match &lane.settings.narrowing {
            None => Lent::Whole(Arc::new(entry.batch.lend())),
            Some(narrowing) => Lent::Narrowed(lane.show(&entry.batch, narrowing).await?),
        };
        let batch = match &lent {
            Lent::Whole(batch) => Some(batch.clone()),
            Lent::Narrowed(shown) => lane.leave_out(entry, shown),
        };
        let Some(batch) = batch else { return Ok(None) };
        catch(|| lane.exporter.export(batch, entry.attempt)).await.map(Some)
    };
    timeout(deadline, call).await.map_or_else(
        |_| {
            let detail = format!("no answer within {deadline:?}");
            Some(Err(ExportError::Fault(Fault { kind: FaultKind::DeadlineExceeded, detail })))
        },
        Result::transpose,
    )
}

/// What the exporter is handed. Kept until it answered: others share what was made for it.
enum Lent {
    Whole(Arc<Batch>),
    Narrowed(Shown),
}

/// What costs rows is told, and why a backend does not take them now, and that it does again. What the sandbox says itself is only counted.
fn complain(lane: &Lane, answer: &Answer, settled: Settled) {
    let word = match answer {
        Ok(ExportOutcome::Accepted) => {
            if lane.is_sent_back.swap(false, Ordering::Relaxed) {
                lane.log.tell(Level::Info, format_args!("rows are delivered again"));
            }
            return;
        }
        Ok(ExportOutcome::Partial(partial)) => partial.reason.clone(),
        Ok(ExportOutcome::RetryAfter { reason, .. } | ExportOutcome::Rejected { reason }) => reason.clone(),
        Err(ExportError::Unavailable { reason, .. } | ExportError::Unauthorized { reason, .. }) => reason.clone(),
        Err(ExportError::Fault(fault)) => fault.to_string(),
    };
    if let Some((rows, reason)) = settled.dropped {
        lane.log.complain(format_args!("dropped {rows} rows ({}): {word}", reason.as_str()));
    } else if settled.rejected > 0 {
        lane.log.complain(format_args!("{} rows were rejected: {word}", settled.rejected));
    } else if matches!(answer, Ok(ExportOutcome::RetryAfter { .. })) {
        lane.is_sent_back.store(true, Ordering::Relaxed);
        lane.log.complain(format_args!("{} rows are tried again later: {word}", settled.requeued));
    }
}
