//! Calls to instances that have nothing to do: ticks, flushes, and the last call.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use spangate_core::exporter::ExportError;

use super::{
    body::Body,
    limits::CallLimits,
    quarantine::Purpose,
    run::{Stop, settle, shut_down},
};

/// How long a flush waits for the terminal: less than the pipeline waits for the flush.
const TERMINAL: Duration = Duration::from_millis(800);
/// How long the last calls may take, all instances together.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// A call to instances that have nothing to do.
#[derive(Clone, Copy)]
pub(super) enum Idle {
    Tick,
    Flush,
}

impl Idle {
    fn as_str(self) -> &'static str {
        match self {
            Self::Tick => "tick",
            Self::Flush => "flush",
        }
    }
}

impl Body {
    /// Instances that have nothing to do get their tick; busy ones have no need of it now.
    pub(super) async fn tick(self: &Arc<Self>) -> Result<(), ExportError> {
        let idle = u32::try_from(self.idle_count()).unwrap_or(u32::MAX);
        match self.slots.try_acquire_many(idle) {
            Ok(_slots) if idle > 0 => self.run_idle(Idle::Tick, idle).await,
            _ => Ok(()),
        }
    }

    /// Waits for running exports first.
    pub(super) async fn flush(self: &Arc<Self>) -> Result<(), ExportError> {
        let Ok(_slots) = self.slots.acquire_many(self.all_slots()).await else {
            return Err(shut_down());
        };
        let flushed = self.run_idle(Idle::Flush, self.all_slots()).await;
        if let Some(terminal) = &self.parts.capabilities.terminal {
            terminal.flush(TERMINAL).await;
        }
        flushed
    }

    /// A fault counts for the standing. A success does not: it says nothing about exports.
    async fn run_idle(self: &Arc<Self>, what: Idle, most: u32) -> Result<(), ExportError> {
        let call = self.standing.admit()?;
        match self.run(Arc::clone(self).call_idle(what, most)).await {
            Ok(()) => {
                call.succeed_idle();
                Ok(())
            }
            stopped => settle(call, Purpose::Idle, stopped),
        }
    }

    /// Calls every idle instance once, up to the first fault, and no more than `most`: those that come back meanwhile have
    /// a place of their own, which another export may have by then.
    pub(super) async fn call_idle(self: Arc<Self>, what: Idle, most: u32) -> Result<(), Stop> {
        let mut called = Vec::new();
        let mut result = Ok(());
        for _ in 0..most {
            let Some(mut instance) = self.take_idle() else { break };
            self.parts.totals.calls.fetch_add(1, Relaxed);
            let answer = match what {
                Idle::Tick => instance.tick(self.limits(), &self.seat).await,
                Idle::Flush => instance.flush(self.limits(), &self.seat).await,
            };
            match answer {
                Ok(answer) => self.tell_refusal(what.as_str(), answer),
                Err(fault) => {
                    result = Err(Stop::Fault(fault));
                    break;
                }
            }
            called.push(instance);
        }
        for instance in called {
            if let Some(worn) = self.put_back(instance) {
                self.retire(worn).await;
            }
        }
        result
    }

    /// The last calls; nothing is let in any more.
    pub(super) async fn shutdown(self: &Arc<Self>) -> Result<(), ExportError> {
        self.slots.close();
        let body = Arc::clone(self);
        let limits = CallLimits::of_shutdown(&self.parts.limits);
        let last_calls = async move {
            // Held by the common budget alone: a debt of its own must not cost an exporter its last call.
            let seat = body.seat.cpu().seat(body.parts.limits.weight, None);
            while let Some(instance) = body.take_idle() {
                instance.shutdown(limits, &seat).await.map_err(Stop::Fault)?;
            }
            Ok(())
        };
        let bounded = async move { tokio::time::timeout(SHUTDOWN, last_calls).await.unwrap_or(Ok(())) };
        let called = self.run(bounded).await;
        if let Some(terminal) = &self.parts.capabilities.terminal {
            terminal.close(TERMINAL).await;
        }
        match called {
            Ok(()) | Err(Stop::Gone) => Ok(()),
            Err(Stop::Fault(fault) | Stop::NotStarted(fault)) => {
                self.standing.note_fault(&fault);
                Err(ExportError::Fault(fault))
            }
        }
    }
}
