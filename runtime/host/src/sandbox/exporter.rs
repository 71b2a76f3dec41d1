//! A sandboxed exporter as the pipeline sees it.
//!
//! Calls run on the sandbox's threads. Dropping the future of a call ends it at its next yield and drops its store. An
//! instance that faulted is dropped; the next call makes a fresh one. Calls are made within a tokio runtime that has timers.

use std::{
    future::Future,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, Fault, FaultKind, Preparation},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    body::{Admitted, Body},
    cpu::CpuState,
    description::Description,
    instance::Instance,
    limits::CallLimits,
    quarantine::Purpose,
    state::ExporterState,
    threads::Guarded,
};
use crate::{capability::http::Refused, telemetry::SparingLog};

/// What a caller is told to wait when there is no better answer.
const SOON: Duration = Duration::from_secs(1);
/// How long a flush waits for the terminal: less than the pipeline waits for the flush.
const TERMINAL: Duration = Duration::from_millis(800);
/// How long the last calls may take, all instances together.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// An exporter in its sandbox.
pub struct SandboxExporter {
    pub(super) body: Arc<Body>,
    /// Ends with the exporter.
    _retirement: Option<Guarded<()>>,
}

impl std::fmt::Debug for SandboxExporter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxExporter").field("description", self.description()).finish_non_exhaustive()
    }
}

/// What the guest said of a batch, or how it was stopped, and what a backend said of the credentials meanwhile.
struct Delivered {
    answer: Result<ExportOutcome, Fault>,
    refused: Option<Refused>,
    /// The instance, if it has to make room for another.
    worn: Option<Instance>,
}

/// Why a call came to no answer.
enum Stop {
    /// The guest was stopped during the call.
    Fault(Fault),
    /// A fresh instance could not be made: the batch was not tried.
    NotStarted(Fault),
    /// The sandbox is shut down.
    Gone,
}

impl SandboxExporter {
    pub(super) fn new(body: Body) -> Self {
        let body = Arc::new(body);
        let retirement = body.parts.guests.spawn(Body::retire_idle(Arc::downgrade(&body)));
        Self { body, _retirement: retirement }
    }

    /// What the exporter said about itself when it was loaded.
    pub fn description(&self) -> &Description {
        &self.body.parts.description
    }

    /// The wall clock that one call may take in all. Its own deadline is nearer, but stands still while the call waits for
    /// CPU time.
    pub fn longest_call(&self) -> Duration {
        self.body.longest_call()
    }

    /// What all exporters of its sandbox use together.
    pub fn cpu(&self) -> CpuState {
        self.body.seat.cpu().state()
    }

    /// What the host says about it, in few lines.
    pub(crate) fn host_log(&self) -> &Arc<SparingLog> {
        &self.body.parts.host_log
    }

    /// How it is doing and what it cost.
    pub fn state(&self) -> ExporterState {
        self.body.state()
    }
}

impl Exporter for SandboxExporter {
    fn export(&self, batch: Arc<Batch>, attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(self.body.export(batch, attempt))
    }

    /// On a guest thread: at low priority, and beside the other exporters.
    fn prepare(&self, preparation: Preparation) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(async move {
            let done = self.body.run(async move {
                preparation();
                Ok(())
            });
            done.await.map_err(|stop| match stop {
                Stop::Fault(fault) | Stop::NotStarted(fault) => ExportError::Fault(fault),
                Stop::Gone => shut_down(),
            })
        })
    }

    fn flush(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(self.body.flush())
    }

    fn tick(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(self.body.tick())
    }

    fn shutdown(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        Box::pin(self.body.shutdown())
    }
}

impl Body {
    async fn export(self: &Arc<Self>, batch: Arc<Batch>, attempt: u32) -> Result<ExportOutcome, ExportError> {
        let call = self.admit()?;
        let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else {
            return Err(shut_down());
        };
        self.parts.totals.calls.fetch_add(1, Relaxed);
        let purpose = Purpose::Export(batch.whole());
        match self.run(Arc::clone(self).deliver(batch, attempt)).await {
            Ok(Delivered { answer, refused, worn }) => {
                let answer = settle(call, purpose, answer.map_err(Stop::Fault));
                if let Some(worn) = worn {
                    self.retire_later(worn, slot);
                }
                match refused {
                    Some(refused) => heed(&refused.to_string(), answer),
                    None => answer,
                }
            }
            Err(stop) => settle(call, purpose, Err(stop)),
        }
    }

    async fn deliver(self: Arc<Self>, batch: Arc<Batch>, attempt: u32) -> Result<Delivered, Stop> {
        let mut instance = self.take_instance().await.map_err(Stop::NotStarted)?;
        build_views(&batch, &self.parts.description.reads);
        self.parts.totals.rows.fetch_add(u64::from(batch.len()), Relaxed);
        let answer = instance.export(batch, attempt, self.limits(), &self.seat).await;
        let refused = instance.take_refused();
        if self.parts.may_send && answer == Ok(ExportOutcome::Accepted) && !instance.has_sent() {
            self.parts.totals.accepted_unsent.fetch_add(1, Relaxed);
        }
        let worn = if answer.is_ok() { self.put_back(instance) } else { None };
        Ok(Delivered { answer, refused, worn })
    }

    /// Lets a worn instance send what it holds back. Nobody waits for it but the next call, for its place: what the guest
    /// said of its last batch is known.
    fn retire_later(self: &Arc<Self>, worn: Instance, slot: OwnedSemaphorePermit) {
        let body = Arc::clone(self);
        let Some(guests) = self.parts.guests.handle() else { return };
        guests.spawn(async move {
            body.retire(worn).await;
            drop(slot);
        });
    }

    /// Instances that have nothing to do get their tick; busy ones have no need of it now.
    async fn tick(self: &Arc<Self>) -> Result<(), ExportError> {
        let idle = u32::try_from(self.idle_count()).unwrap_or(u32::MAX);
        match self.slots.try_acquire_many(idle) {
            Ok(_slots) if idle > 0 => self.run_idle(Idle::Tick).await,
            _ => Ok(()),
        }
    }

    /// Waits for running exports first.
    async fn flush(self: &Arc<Self>) -> Result<(), ExportError> {
        let Ok(_slots) = self.slots.acquire_many(self.all_slots()).await else {
            return Err(shut_down());
        };
        let flushed = self.run_idle(Idle::Flush).await;
        if let Some(terminal) = &self.parts.capabilities.terminal {
            terminal.flush(TERMINAL).await;
        }
        flushed
    }

    /// A fault counts for the standing. A success does not: it says nothing about exports.
    async fn run_idle(self: &Arc<Self>, what: Idle) -> Result<(), ExportError> {
        let call = self.admit()?;
        match self.run(Arc::clone(self).call_idle(what)).await {
            Ok(()) => {
                call.succeed_idle();
                Ok(())
            }
            stopped => settle(call, Purpose::Idle, stopped),
        }
    }

    /// Calls every idle instance once, up to the first fault.
    async fn call_idle(self: Arc<Self>, what: Idle) -> Result<(), Stop> {
        let mut called = Vec::new();
        let mut result = Ok(());
        while let Some(mut instance) = self.take_idle() {
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
    async fn shutdown(self: &Arc<Self>) -> Result<(), ExportError> {
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
                self.note_fault(&fault);
                Err(ExportError::Fault(fault))
            }
        }
    }

    /// Runs a call on a guest thread. A panic is the host's defect, and does not leave the call. What its own meters do not
    /// end is given up: a fault like any other, or nobody would ever learn of it.
    async fn run<T, F>(&self, call: F) -> Result<T, Stop>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Stop>> + Send + 'static,
    {
        let task = self.parts.guests.spawn(call).ok_or(Stop::Gone)?;
        let longest = self.longest_call();
        let Ok(joined) = tokio::time::timeout(longest, task.join()).await else {
            return Err(Stop::Fault(Fault {
                kind: FaultKind::DeadlineExceeded,
                detail: format!("given up after {longest:?}, waiting for CPU time included"),
            }));
        };
        match joined {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(Stop::Fault(Fault {
                kind: FaultKind::HostError,
                detail: "the host panicked while it served the exporter; please report this".to_owned(),
            })),
            Err(_) => Err(Stop::Gone),
        }
    }
}

/// A call to instances that have nothing to do.
#[derive(Clone, Copy)]
enum Idle {
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

/// Hands the verdict to the quarantine.
fn settle<T>(call: Admitted<'_>, purpose: Purpose, result: Result<T, Stop>) -> Result<T, ExportError> {
    match result {
        Ok(answer) => {
            call.succeed();
            Ok(answer)
        }
        Err(Stop::Fault(fault)) => {
            call.fault(purpose, &fault);
            Err(ExportError::Fault(fault))
        }
        Err(Stop::NotStarted(fault)) => {
            call.fault(purpose, &fault);
            Err(ExportError::Unavailable { delay: SOON, reason: format!("cannot be started again: {fault}") })
        }
        Err(Stop::Gone) => Err(shut_down()),
    }
}

/// A backend that did not take the credentials outweighs what the guest makes of it, a crash included. Only a batch that
/// it calls accepted is: it may have found another way.
fn heed(refused: &str, answer: Result<ExportOutcome, ExportError>) -> Result<ExportOutcome, ExportError> {
    let (word, partial) = match answer {
        Ok(ExportOutcome::Accepted) | Err(ExportError::Unavailable { .. } | ExportError::Unauthorized { .. }) => {
            return answer;
        }
        Ok(ExportOutcome::Partial(partial)) => (partial.reason.clone(), Some(Box::new(partial))),
        Ok(ExportOutcome::RetryAfter { reason, .. } | ExportOutcome::Rejected { reason }) => (reason, None),
        Err(ExportError::Fault(fault)) => (fault.to_string(), None),
    };
    let reason = if word.is_empty() { refused.to_owned() } else { format!("{refused} ({word})") };
    Err(ExportError::Unauthorized { reason, partial })
}

fn shut_down() -> ExportError {
    ExportError::Unavailable { delay: SOON, reason: "the sandbox is shut down".to_owned() }
}

/// Builds what the exporter said it reads before its meters run: a view is built once and shared by all exporters, so
/// the first to ask should not pay for all.
fn build_views(batch: &Batch, reads: &[String]) {
    for read in reads {
        match read.as_str() {
            "otlp" => drop(batch.otlp()),
            "otlp-json" => drop(batch.otlp_json()),
            "payload" => {}
            _ => {
                batch.columns();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use spangate_core::exporter::Partial;

    use super::*;

    const REFUSED: &str = "https://backend.example answered 401 Unauthorized";

    #[test]
    fn a_backend_that_does_not_take_the_credentials_outweighs_everything_but_accepted() {
        let fault = Fault { kind: FaultKind::Trapped, detail: "called unwrap on a 401".to_owned() };
        for answer in [
            Ok(ExportOutcome::Rejected { reason: "status 401".to_owned() }),
            Ok(ExportOutcome::RetryAfter { delay: None, reason: String::new() }),
            Err(ExportError::Fault(fault)),
        ] {
            match heed(REFUSED, answer) {
                Err(ExportError::Unauthorized { reason, partial: None }) => assert!(reason.contains("401"), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
        let partial = Partial { retry_rows: vec![1], ..Partial::default() };
        let heeded = heed(REFUSED, Ok(ExportOutcome::Partial(partial.clone())));
        assert!(matches!(heeded, Err(ExportError::Unauthorized { partial: Some(kept), .. }) if *kept == partial));
        assert_eq!(heed(REFUSED, Ok(ExportOutcome::Accepted)), Ok(ExportOutcome::Accepted));
    }
}
