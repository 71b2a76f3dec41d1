//! Flush and shutdown: what was taken in is delivered until a deadline; what is left then is given up and counted.

use std::{collections::BTreeMap, sync::PoisonError, time::Duration};

use spangate_core::{exporter::ExportError, signal::Signal};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout, timeout_at},
};

use super::{
    caught::catch,
    flow::Pipeline,
    lane::Lane,
    report::{ExporterReport, Report},
};
use crate::telemetry::Level;

/// What an exporter gets for its own flush, and again for its last call.
const LONGEST_CALL: Duration = Duration::from_secs(1);

/// However long a caller is ready to wait, so that a moment so far away can be named.
const LONGEST_DEADLINE: Duration = Duration::from_secs(365 * 24 * 3600);

impl Pipeline {
    /// Delivers what was taken in so far, `deadline` at most, then lets exporters send what they hold back.
    pub(crate) async fn flush(&self, deadline: Duration) -> Report {
        let until = self.until(deadline);
        self.offer_all();
        let is_complete = self.drain(until).await;
        self.last_calls(LastCall::Flush).await;
        self.report(is_complete)
    }

    /// Takes nothing more in, delivers until the deadline, then lets exporters go. Every row is settled afterwards, but those
    /// of a native exporter that blocks its thread: they are in flight, and the report is not complete.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Report {
        let until = self.until(deadline);
        self.close_entrances();
        self.offer_all();
        for lane in &self.lanes {
            lane.begin_closing(self.clock().monotonic());
        }
        self.drain(until).await;
        self.cut_off.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        let stopped_by = Instant::now() + LONGEST_CALL;
        for task in tasks {
            if timeout_at(stopped_by, task).await.is_err() {
                self.log.say(Level::Error, "pipeline", format_args!("a task did not stop within {LONGEST_CALL:?}"));
            }
        }
        for lane in &self.lanes {
            lane.abandon_queued();
        }
        // Letters that the disk has begun with are worth a moment; what has not begun by then is given up.
        let _ = timeout_at(Instant::now() + LONGEST_CALL, self.buried()).await;
        for lane in &self.lanes {
            lane.abandon_letters();
        }
        self.last_calls(LastCall::Flush).await;
        self.last_calls(LastCall::Shutdown).await;
        let report = self.report(false);
        Report { is_complete: report.lost_rows() == 0 && report.waiting_rows() == 0, ..report }
    }

    fn until(&self, deadline: Duration) -> Until {
        let deadline = deadline.min(LONGEST_DEADLINE);
        Until { instant: Instant::now() + deadline, monotonic: self.clock().monotonic().saturating_add(deadline) }
    }

    /// Waits until everything that was offered so far has come to its end. False if the deadline passes, or if it is
    /// certain that it will pass: nobody is kept waiting for a back-off that ends later.
    async fn drain(&self, until: Until) -> bool {
        let mut is_complete = true;
        let marks: Vec<u64> = self.lanes.iter().map(|lane| lane.mark()).collect();
        for (lane, mark) in self.lanes.iter().zip(marks) {
            // One after the other, against the same deadline: the lanes themselves work side by side.
            let settled = timeout_at(until.instant, settled(lane, mark, until.monotonic)).await;
            is_complete &= settled.unwrap_or(false);
        }
        is_complete
    }

    /// Waits until nothing is on its way to a dead-letter file.
    async fn buried(&self) {
        for lane in &self.lanes {
            loop {
                let mut settled = std::pin::pin!(lane.settled());
                settled.as_mut().enable();
                if !lane.is_burying() {
                    break;
                }
                settled.await;
            }
        }
    }

    /// Where every row is now.
    pub(crate) fn report(&self, is_complete: bool) -> Report {
        let now = self.clock().monotonic();
        let exporters = self.lanes.iter().map(|lane| exporter_report(lane, now)).collect();
        let mut dropped_at_intake = BTreeMap::new();
        for (reason, rows) in Signal::ALL.iter().flat_map(|signal| self.recorded(*signal).dropped().collect::<Vec<_>>())
        {
            *dropped_at_intake.entry(reason.as_str()).or_default() += rows;
        }
        Report { exporters, dropped_at_intake, is_complete, obstacle: None }
    }

    /// Calls every exporter at once. What goes wrong is logged: there is nothing else to be done about it.
    async fn last_calls(&self, which: LastCall) {
        let mut calls = JoinSet::new();
        for lane in &self.lanes {
            let lane = lane.clone();
            calls.spawn(async move {
                let Some(problem) = last_call(&lane, which).await else { return };
                lane.log.tell(Level::Warn, format_args!("{}: {problem}", which.as_str()));
            });
        }
        // Each call has its deadline, which does not reach one that blocks its thread.
        let all = async { while calls.join_next().await.is_some() {} };
        if timeout(2 * LONGEST_CALL, all).await.is_err() {
            let line = format_args!("an exporter blocks its thread in {}", which.as_str());
            self.log.say(Level::Error, "pipeline", line);
        }
    }
}

fn exporter_report(lane: &Lane, now: Duration) -> ExporterReport {
    let ledger = lane.ledger();
    let is_delivered = ledger.accepted == ledger.delivered;
    let last_problem = if is_delivered { None } else { lane.attempts().last_problem() };
    let paused = lane.pause(now).map(|pause| pause.reason);
    ExporterReport { name: lane.settings().name.clone(), ledger, paused, last_problem }
}

/// A call that ends a flush or a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastCall {
    Flush,
    Shutdown,
}

impl LastCall {
    fn as_str(self) -> &'static str {
        match self {
            Self::Flush => "flush",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Makes the call; tells what went wrong. An exporter in quarantine has nothing to say.
async fn last_call(lane: &Lane, which: LastCall) -> Option<String> {
    let call = catch(|| match which {
        LastCall::Flush => lane.exporter.flush(),
        LastCall::Shutdown => lane.exporter.shutdown(),
    });
    match timeout(LONGEST_CALL, call).await {
        Ok(Ok(()) | Err(ExportError::Unavailable { .. })) => None,
        Ok(Err(ExportError::Fault(fault))) => Some(fault.to_string()),
        Ok(Err(ExportError::Unauthorized { reason, .. })) => Some(reason),
        Err(_) => Some(format!("no answer within {LONGEST_CALL:?}")),
    }
}

/// A deadline by tokio's clock and by the pipeline's.
#[derive(Clone, Copy)]
struct Until {
    instant: Instant,
    monotonic: Duration,
}

/// Waits until so many rows of a lane have come to their end. False as soon as that cannot be before `until`.
async fn settled(lane: &Lane, mark: u64, until: Duration) -> bool {
    loop {
        let mut settled = std::pin::pin!(lane.settled());
        settled.as_mut().enable();
        if lane.settled_rows() >= mark {
            return true;
        }
        if !lane.may_settle_by(until) {
            return false;
        }
        settled.await;
    }
}
