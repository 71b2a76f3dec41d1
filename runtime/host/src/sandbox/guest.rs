//! What one store holds: the state behind a guest's host calls.

use std::sync::Arc;

use spangate_core::batch::Batch;
use wasmtime::component::Resource;
use wasmtime_wasi::{WasiCtxView, WasiView};

use super::{
    limits::{CallLimits, Ceiling},
    observer::{GuestObserver, Read},
};
use crate::{
    bindings::{Payloads, v0_1::BatchHandle},
    capability::{
        CallClock, Pace, Paced,
        clock::{ClockCtx, ClockView},
        http::{HttpClient, HttpCtx, HttpView, Refused},
        log::{
            LogCtx, LogView,
            speech::{LastWords, Speech},
        },
        metrics::{MetricsCtx, MetricsView},
        output::Output,
        terminal::{TerminalCtx, TerminalView},
        wasi::EmptyWorld,
    },
    telemetry::Level,
};

/// What all instances of one exporter share: budgets that a crash does not refill.
pub(super) struct Capabilities {
    pub(super) clock: ClockCtx,
    pub(super) log: Arc<LogCtx>,
    pub(super) metrics: MetricsCtx,
    pub(super) http: Arc<HttpClient>,
    pub(super) terminal: Option<TerminalCtx>,
    pub(super) observer: Option<Arc<dyn GuestObserver>>,
}

impl std::fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Capabilities")
    }
}

/// The state of one instance.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) ceiling: Ceiling,
    pub(super) payloads: Payloads,
    speech: Arc<Speech>,
    stderr: Output,
    stdout: Output,
    capabilities: Arc<Capabilities>,
    world: EmptyWorld,
    http: HttpCtx,
    pace: Pace,
    lent: Option<Lent>,
    last_number: u32,
    /// Handles to batches.
    handles: u32,
}

/// The batch of the running call.
#[derive(Clone, Debug)]
pub(super) struct Lent {
    number: u32,
    pub(super) batch: Arc<Batch>,
    pub(super) attempt: u32,
}

/// The guest used a batch, or a payload made of it, after the call it came with had returned.
#[derive(Debug, thiserror::Error)]
#[error("a batch is valid until the call that it came with returns; copy what is needed later")]
pub(super) struct StaleBatch;

impl Guest {
    /// The state of a new instance that may use `max_memory` bytes.
    pub(super) fn new(capabilities: Arc<Capabilities>, max_memory: usize) -> Self {
        let speech = Arc::new(Speech::new(Arc::clone(&capabilities.log)));
        let stdout = Output::new(Level::Info, Arc::clone(&speech));
        let stderr = Output::new(Level::Warn, Arc::clone(&speech));
        Self {
            ceiling: Ceiling::new(max_memory),
            payloads: Payloads::default(),
            world: EmptyWorld::new(stdout.clone(), stderr.clone(), capabilities.clock),
            http: HttpCtx::new(Arc::clone(&capabilities.http)),
            capabilities,
            speech,
            stderr,
            stdout,
            pace: Pace::default(),
            lent: None,
            last_number: 0,
            handles: 0,
        }
    }

    /// A call starts, whose end is told by `clock`.
    pub(super) fn begin(&mut self, limits: CallLimits, interval: u64, clock: &Arc<CallClock>) {
        self.ceiling.begin();
        self.pace.start(limits.fuel, interval);
        self.http.begin_call(Some(Arc::clone(clock)));
    }

    /// Tells whoever watches what is read.
    pub(super) fn tell_read(&self, read: Read) {
        if let Some(observer) = &self.capabilities.observer {
            read.tell(&**observer);
        }
    }

    /// Who watches, if somebody does.
    pub(super) fn observer(&self) -> Option<&dyn GuestObserver> {
        self.capabilities.observer.as_deref()
    }

    /// The call returns: what the guest said is told, at its expense.
    pub(super) fn tell(&self) {
        self.stdout.finish();
        self.stderr.finish();
        self.speech.tell();
    }

    /// A call is over: batch and payloads are taken back. Answers the last lines that were said and not told.
    pub(super) fn end(&mut self) -> LastWords {
        if let Some(observer) = self.observer() {
            observer.on_return(self.handles());
        }
        self.lent = None;
        self.http.lend(None);
        self.payloads.revoke();
        self.stdout.finish();
        self.stderr.finish();
        self.speech.quote()
    }

    /// The backend that did not take the credentials in the call that is over, if one did not.
    pub(super) fn take_refused(&mut self) -> Option<Refused> {
        self.http.take_refused()
    }

    /// Whether a request was attempted in the latest call.
    pub(super) fn has_sent(&self) -> bool {
        self.http.has_sent()
    }

    /// Lends a batch for the coming call, under a number that no earlier batch of this instance had.
    pub(super) fn lend(&mut self, batch: Arc<Batch>, attempt: u32) -> Resource<BatchHandle> {
        self.last_number = self.last_number.wrapping_add(1);
        self.handles = self.handles.saturating_add(1);
        self.http.lend(Some(Arc::clone(&batch)));
        self.lent = Some(Lent { number: self.last_number, batch, attempt });
        Resource::new_own(self.last_number)
    }

    /// The batch behind a handle.
    ///
    /// # Errors
    /// [`StaleBatch`] if it was taken back.
    pub(super) fn lent(&self, handle: &Resource<BatchHandle>) -> Result<&Lent, StaleBatch> {
        self.lent.as_ref().filter(|lent| lent.number == handle.rep()).ok_or(StaleBatch)
    }

    /// The guest dropped a handle to a batch; early or late does not matter.
    pub(super) fn dropped_handle(&mut self) {
        self.handles = self.handles.saturating_sub(1);
    }

    /// Handles that the guest has not dropped.
    pub(super) fn handles(&self) -> u32 {
        self.handles.saturating_add(self.payloads.handles())
    }

    pub(super) fn clock_view(&mut self) -> ClockView<'_> {
        ClockView { ctx: &self.capabilities.clock }
    }

    pub(super) fn log_view(&mut self) -> LogView<'_> {
        LogView { speech: &self.speech }
    }

    pub(super) fn metrics_view(&mut self) -> MetricsView<'_> {
        MetricsView { ctx: &self.capabilities.metrics }
    }

    pub(super) fn http_view(&mut self) -> HttpView<'_> {
        HttpView::new(&mut self.http, &mut self.payloads)
    }

    pub(super) fn terminal_view(&mut self) -> TerminalView<'_> {
        TerminalView { ctx: self.capabilities.terminal.as_ref() }
    }
}

impl Paced for Guest {
    fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.world.view()
    }
}
