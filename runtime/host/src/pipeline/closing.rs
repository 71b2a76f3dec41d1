//! Flush and shutdown: what was taken in is delivered until a deadline; what is left then is given up and counted.

use std::{sync::PoisonError, time::Duration};

use spangate_core::exporter::ExportError;
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
        let until = Instant::now() + deadline.min(LONGEST_DEADLINE);
        self.offer_all();
        let mut is_complete = true;
        let marks: Vec<u64> = self.lanes.iter().map(|lane| lane.mark()).collect();
        for (lane, mark) in self.lanes.iter().zip(marks) {
            is_complete &= timeout_at(until, settled(lane, mark)).await.is_ok();
        }
        self.last_calls(LastCall::Flush).await;
        self.report(is_complete)
    }

    /// Takes nothing more in, delivers until the deadline, then lets exporters go. Every row is settled afterwards.
    pub(crate) async fn shutdown(&self, deadline: Duration) -> Report {
        let until = Instant::now() + deadline.min(LONGEST_DEADLINE);
        self.close_entrances();
        self.offer_all();
        for lane in &self.lanes {
            lane.begin_closing(self.clock().monotonic());
        }
        for lane in &self.lanes {
            // One after the other, against the same deadline: the lanes themselves work side by side.
            let _ = timeout_at(until, settled(lane, lane.mark())).await;
        }
        self.cut_off.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            if timeout(LONGEST_CALL, task).await.is_err() {
                self.log.say(Level::Error, "pipeline", format_args!("a task did not stop within {LONGEST_CALL:?}"));
            }
        }
        for lane in &self.lanes {
            lane.abandon_queued();
        }
        self.last_calls(LastCall::Flush).await;
        self.last_calls(LastCall::Shutdown).await;
        let report = self.report(false);
        Report { is_complete: report.lost_rows() == 0, ..report }
    }

    /// Where every row is now.
    pub(crate) fn report(&self, is_complete: bool) -> Report {
        let now = self.clock().monotonic();
        let exporters = self.lanes.iter().map(|lane| ExporterReport {
            name: lane.settings().name.clone(),
            ledger: lane.ledger(),
            paused: lane.pause(now).map(|pause| pause.reason),
        });
        Report { exporters: exporters.collect(), is_complete }
    }

    /// Calls every exporter at once. What goes wrong is logged: there is nothing else to be done about it.
    async fn last_calls(&self, which: LastCall) {
        let mut calls = JoinSet::new();
        for lane in &self.lanes {
            let (lane, log) = (lane.clone(), self.log.clone());
            calls.spawn(async move {
                let Some(problem) = last_call(&lane, which).await else { return };
                log.say(Level::Warn, &lane.settings().name, format_args!("{}: {problem}", which.as_str()));
            });
        }
        while calls.join_next().await.is_some() {}
    }
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

/// Waits until so many rows of a lane have come to their end, or none will before the pipeline stops.
async fn settled(lane: &Lane, mark: u64) {
    loop {
        let mut settled = std::pin::pin!(lane.settled());
        settled.as_mut().enable();
        if lane.settled_rows() >= mark || lane.is_hopeless() {
            return;
        }
        settled.await;
    }
}
