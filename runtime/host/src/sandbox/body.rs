//! What the calls of one exporter share: its parts, its idle instances, its standing.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use spangate_core::exporter::{ExportError, Fault, FaultKind};
use tokio::sync::{Notify, Semaphore};

use super::{
    component::Shared,
    cpu::Seat,
    description::Description,
    error::SettingError,
    guest::Capabilities,
    idle::IdlePool,
    instance::{Instance, Mould},
    limits::{CallLimits, longest_call},
    meter::Totals,
    quarantine::{Admission, Purpose, Quarantine},
    state::{Cost, ExporterState, LastFault},
    threads::Threads,
};
use crate::{
    capability::terminal::TerminalCtx,
    config,
    telemetry::{Level, SparingLog},
};

/// What is fixed once an exporter is loaded.
pub(super) struct Parts {
    pub(super) description: Description,
    pub(super) prepared: Shared,
    pub(super) capabilities: Arc<Capabilities>,
    pub(super) limits: config::Limits,
    pub(super) settings: Arc<str>,
    pub(super) totals: Arc<Totals>,
    /// What the host says about the exporter, in few lines.
    pub(super) host_log: Arc<SparingLog>,
    pub(super) guests: Arc<Threads>,
    #[expect(dead_code, reason = "kept alive for the exporter's connections")]
    pub(super) connections: Arc<Threads>,
    pub(super) concurrency: usize,
    /// Whether it has a grant to send anything.
    pub(super) may_send: bool,
    /// After which an instance that has nothing to do is dropped.
    pub(super) idle_timeout: Duration,
}

/// The parts and what changes.
pub(super) struct Body {
    pub(super) parts: Parts,
    pub(super) seat: Seat,
    /// One permit per instance that may run.
    pub(super) slots: Arc<Semaphore>,
    quarantine: Mutex<Quarantine>,
    last_fault: Mutex<Option<LastFault>>,
    idle: Mutex<IdlePool<Instance>>,
    /// Told when an instance begins to have nothing to do and no other had.
    has_idle: Arc<Notify>,
    /// Instances lost to faults and not made again yet.
    lost: AtomicU64,
}

/// A call that was let in. Dropped without a verdict, it was abandoned.
pub(super) struct Admitted<'a> {
    body: &'a Body,
    admission: Admission,
    is_open: bool,
}

impl Body {
    /// An exporter whose first instance is ready, among the others that `seat` stands for.
    pub(super) fn new(parts: Parts, first: Instance, seat: Seat) -> Self {
        let mut idle = IdlePool::new(parts.idle_timeout);
        idle.put(first, Instant::now());
        Self {
            seat,
            slots: Arc::new(Semaphore::new(parts.concurrency)),
            quarantine: Mutex::new(Quarantine::new()),
            last_fault: Mutex::default(),
            idle: Mutex::new(idle),
            has_idle: Arc::default(),
            lost: AtomicU64::new(0),
            parts,
        }
    }

    /// The budget of exports, ticks and flushes.
    pub(super) fn limits(&self) -> CallLimits {
        CallLimits::of_batch(&self.parts.limits)
    }

    /// The wall clock that one call may take in all, whatever its neighbours and its other instances compute meanwhile.
    pub(super) fn longest_call(&self) -> Duration {
        longest_call(self.parts.limits.deadline, self.seat.guaranteed() / self.parts.concurrency as f64)
    }

    /// Lets a call in.
    ///
    /// # Errors
    /// [`ExportError::Unavailable`] in quarantine.
    pub(super) fn admit(&self) -> Result<Admitted<'_>, ExportError> {
        let mut quarantine = lock(&self.quarantine);
        match quarantine.admit(Instant::now()) {
            Ok(admission) => Ok(Admitted { body: self, admission, is_open: true }),
            Err(delay) => {
                let faults = quarantine.faults_in_a_row();
                drop(quarantine);
                let last = lock(&self.last_fault).as_ref().map(|last| last.fault.to_string()).unwrap_or_default();
                let seconds = delay.as_secs_f64();
                let reason =
                    format!("in quarantine for {seconds:.1} s after {faults} faults in a row; the last: {last}");
                Err(ExportError::Unavailable { delay, reason })
            }
        }
    }

    /// An idle instance, or a fresh one, configured.
    ///
    /// # Errors
    /// The fault that ended the fresh one.
    pub(super) async fn take_instance(&self) -> Result<Instance, Fault> {
        if let Some(instance) = self.take_idle() {
            return Ok(instance);
        }
        let lost = self.lost.fetch_update(Relaxed, Relaxed, |lost| lost.checked_sub(1));
        let mut instance = Instance::new(self.mould()).await?;
        match instance.configure(&self.parts.settings, &self.seat).await? {
            Ok(()) => {
                self.parts.totals.rebuilds.fetch_add(u64::from(lost.is_ok()), Relaxed);
                Ok(instance)
            }
            Err(errors) => Err(refused_later(&errors)),
        }
    }

    /// An instance that is ready and does nothing.
    pub(super) fn take_idle(&self) -> Option<Instance> {
        lock(&self.idle).take()
    }

    /// How many instances are ready and do nothing.
    pub(super) fn idle_count(&self) -> usize {
        lock(&self.idle).len()
    }

    /// As many permits as there are.
    pub(super) fn all_slots(&self) -> u32 {
        u32::try_from(self.parts.concurrency).unwrap_or(u32::MAX)
    }

    /// Keeps an instance for the next call. One that is worn is handed back, to be retired. After the last call none is
    /// kept: nobody would take it again.
    pub(super) fn put_back(&self, mut instance: Instance) -> Option<Instance> {
        if instance.is_worn() {
            Instance::count_recycled(&self.parts.totals);
            return Some(instance);
        }
        let mut idle = lock(&self.idle);
        // Asked under the lock: who closes the slots empties the pool afterwards.
        if !self.slots.is_closed() {
            let was_empty = idle.len() == 0;
            idle.put(instance, Instant::now());
            drop(idle);
            if was_empty {
                self.has_idle.notify_one();
            }
        }
        None
    }

    /// Drops instances whenever they have had nothing to do for as long as they may, for as long as the exporter lives.
    /// While there is none it sleeps until there is one, whenever that is: thousands of exporters without work cost nothing.
    pub(super) async fn retire_idle(body: Weak<Self>) {
        let Some(has_idle) = body.upgrade().map(|body| Arc::clone(&body.has_idle)) else { return };
        loop {
            let Some(wait) = body.upgrade().map(|body| lock(&body.idle).wait(Instant::now())) else { return };
            let Some(wait) = wait else {
                has_idle.notified().await;
                continue;
            };
            tokio::time::sleep(wait).await;
            let Some(body) = body.upgrade() else { return };
            // As if it were a call: no more instances run at once than may, and none after the last call.
            let Ok(_slot) = body.slots.acquire().await else { return };
            let expired = lock(&body.idle).take_expired(Instant::now());
            if let Some(instance) = expired {
                body.retire(instance).await;
            }
        }
    }

    /// Lets an instance send what it holds back, and drops it. If it faults that counts for the standing: an exporter could
    /// spend its time there.
    pub(super) async fn retire(&self, mut instance: Instance) {
        match instance.flush(self.limits(), &self.seat).await {
            Ok(answer) => {
                lock(&self.quarantine).succeed_idle();
                self.tell_refusal("flush", answer);
            }
            Err(fault) => self.blame(Admission::Ordinary, Purpose::Idle, &fault),
        }
    }

    /// Logs what an exporter answered to a call that delivers nothing.
    pub(super) fn tell_refusal(&self, call: &str, answer: Result<(), String>) {
        if let Err(error) = answer {
            self.parts.host_log.complain(format_args!("{call} failed: {error}"));
        }
    }

    /// Counts and tells a fault. The standing is the caller's to change.
    pub(super) fn note_fault(&self, fault: &Fault) {
        self.count_fault(fault);
        self.parts.host_log.tell(Level::Warn, format_args!("stopped: {fault}"));
    }

    /// Counts and tells a fault, which may lead into quarantine. On one line: a crash loop should not fill a log.
    fn blame(&self, admission: Admission, purpose: Purpose, fault: &Fault) {
        self.count_fault(fault);
        let sent = lock(&self.quarantine).fault(admission, purpose, Instant::now(), fastrand::f64());
        tell_fault(&self.parts.host_log, sent, fault);
    }

    fn count_fault(&self, fault: &Fault) {
        self.parts.totals.add_fault(fault.kind);
        self.lost.fetch_add(1, Relaxed);
        *lock(&self.last_fault) = Some(LastFault { fault: fault.clone(), at: Instant::now() });
    }

    /// Everything that is known at this moment.
    pub(super) fn state(&self) -> ExporterState {
        let Parts { totals, capabilities, host_log, .. } = &self.parts;
        let http = capabilities.http.usage();
        ExporterState {
            health: lock(&self.quarantine).health(),
            last_fault: lock(&self.last_fault).clone(),
            faults: totals.faults(),
            cost: self.cost(),
            rebuilds: totals.rebuilds.load(Relaxed),
            recycles: totals.recycles.load(Relaxed),
            instances: totals.instances.load(Relaxed),
            log_lines_suppressed: capabilities.log.lines_suppressed() + host_log.left_out_in_all(),
            http_denied: http.denied,
            http_accepted_unsent: totals.accepted_unsent.load(Relaxed),
            http_over_quota: http.over_quota,
            http_in_flight: http.in_flight,
            http_requests: http.requests,
            http_bytes_out: http.bytes_out,
            http_bytes_in: http.bytes_in,
            terminal_bytes_dropped: capabilities.terminal.as_ref().map_or(0, TerminalCtx::bytes_dropped),
            metrics: capabilities.metrics.read(),
            metrics_dropped: capabilities.metrics.dropped(),
        }
    }

    fn cost(&self) -> Cost {
        let totals = &self.parts.totals;
        Cost {
            calls: totals.calls.load(Relaxed),
            rows: totals.rows.load(Relaxed),
            fuel: totals.fuel.load(Relaxed),
            cpu: Duration::from_nanos(totals.cpu_nanoseconds.load(Relaxed)),
            throttled: Duration::from_nanos(totals.throttled_nanoseconds.load(Relaxed)),
            contended: Duration::from_nanos(totals.contended_nanoseconds.load(Relaxed)),
            cpu_debt: self.seat.debt(Instant::now()),
            memory_bytes: totals.memory.load(Relaxed),
            memory_peak_bytes: totals.memory_peak.load(Relaxed),
        }
    }

    fn mould(&self) -> Mould<'_> {
        let Parts { prepared, capabilities, totals, limits, .. } = &self.parts;
        Mould { prepared, capabilities, totals, max_memory: limits.memory, seat: &self.seat }
    }
}

impl Admitted<'_> {
    /// The export returned.
    pub(super) fn succeed(mut self) {
        self.is_open = false;
        lock(&self.body.quarantine).succeed(self.admission);
    }

    /// A call that delivers nothing returned. A probe has still to be made.
    pub(super) fn succeed_idle(self) {
        lock(&self.body.quarantine).succeed_idle();
    }

    /// The call faulted: the fault is counted and told, and may lead into quarantine.
    pub(super) fn fault(mut self, purpose: Purpose, fault: &Fault) {
        self.is_open = false;
        self.body.blame(self.admission, purpose, fault);
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if self.is_open {
            lock(&self.body.quarantine).abandon(self.admission, Instant::now());
        }
    }
}

/// Tells a fault, and into how long a quarantine it led. One that led into none may come again at the next call.
pub(super) fn tell_fault(log: &SparingLog, quarantine: Option<Duration>, fault: &Fault) {
    match quarantine.map(|length| length.as_secs_f64()) {
        Some(seconds) => log.tell(Level::Warn, format_args!("in quarantine for {seconds:.1} s, stopped: {fault}")),
        None => log.complain(format_args!("stopped: {fault}")),
    }
}

/// Settings that were taken at load are refused by a fresh instance.
fn refused_later(errors: &[SettingError]) -> Fault {
    let first = errors.first().map(ToString::to_string).unwrap_or_default();
    Fault {
        kind: FaultKind::BadReply,
        detail: format!("a fresh instance refused the settings that the first one took: {first}"),
    }
}

/// What a panic left behind is still sound here: every update is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
