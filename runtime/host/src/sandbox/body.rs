//! What the calls of one exporter share: its parts, its idle instances, its standing.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use spangate_core::exporter::{Fault, FaultKind};
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
    quarantine::{Admission, Purpose},
    standing::Standing,
    state::{Cost, ExporterState},
    threads::Threads,
};
use crate::{capability::terminal::TerminalCtx, config, telemetry::SparingLog};

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
    pub(super) standing: Standing,
    idle: Mutex<IdlePool<Instance>>,
    /// Told when an instance begins to have nothing to do and no other had.
    has_idle: Arc<Notify>,
}

impl Body {
    /// An exporter whose first instance is ready, among the others that `seat` stands for.
    pub(super) fn new(parts: Parts, first: Instance, seat: Seat) -> Self {
        let mut idle = IdlePool::new(parts.idle_timeout);
        idle.put(first, Instant::now());
        Self {
            seat,
            slots: Arc::new(Semaphore::new(parts.concurrency)),
            standing: Standing::new(Arc::clone(&parts.totals), Arc::clone(&parts.host_log)),
            idle: Mutex::new(idle),
            has_idle: Arc::default(),
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

    /// An idle instance, or a fresh one, configured.
    ///
    /// # Errors
    /// The fault that ended the fresh one.
    pub(super) async fn take_instance(&self) -> Result<Instance, Fault> {
        if let Some(instance) = self.take_idle() {
            return Ok(instance);
        }
        let was_lost = self.standing.take_lost();
        let mut instance = Instance::new(self.mould()).await?;
        match instance.configure(&self.parts.settings, &self.seat).await? {
            Ok(()) => {
                self.parts.totals.rebuilds.fetch_add(u64::from(was_lost), Relaxed);
                Ok(instance)
            }
            Err(errors) => Err(refused_later(&errors)),
        }
    }

    /// An instance that is ready and does nothing.
    pub(super) fn take_idle(&self) -> Option<Instance> {
        self.idle().take()
    }

    /// How many instances are ready and do nothing.
    pub(super) fn idle_count(&self) -> usize {
        self.idle().len()
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
        let mut idle = self.idle();
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
            let Some(wait) = body.upgrade().map(|body| body.idle().wait(Instant::now())) else { return };
            let Some(wait) = wait else {
                has_idle.notified().await;
                continue;
            };
            tokio::time::sleep(wait).await;
            let Some(body) = body.upgrade() else { return };
            // As if it were a call: no more instances run at once than may, and none after the last call.
            let Ok(_slot) = body.slots.acquire().await else { return };
            let expired = body.idle().take_expired(Instant::now());
            if let Some(instance) = expired {
                body.retire(instance).await;
            }
        }
    }

    /// Lets an instance send what it holds back, and drops it. If it faults that counts for the standing: an exporter could
    /// spend its time there.
    pub(super) async fn retire(&self, mut instance: Instance) {
        self.parts.totals.calls.fetch_add(1, Relaxed);
        match instance.flush(self.limits(), &self.seat).await {
            Ok(answer) => {
                self.standing.succeed_idle();
                self.tell_refusal("flush", answer);
            }
            Err(fault) => self.standing.blame(Admission::Ordinary, Purpose::Idle, &fault),
        }
    }

    /// Logs what an exporter answered to a call that delivers nothing.
    pub(super) fn tell_refusal(&self, call: &str, answer: Result<(), String>) {
        if let Err(error) = answer {
            self.parts.host_log.complain(format_args!("{call} failed: {error}"));
        }
    }

    /// Everything that is known at this moment.
    pub(super) fn state(&self) -> ExporterState {
        let Parts { totals, capabilities, host_log, .. } = &self.parts;
        let http = capabilities.http.usage();
        ExporterState {
            health: self.standing.health(),
            last_fault: self.standing.last_fault(),
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

    /// What a panic left behind is still sound here: every update is one assignment.
    fn idle(&self) -> MutexGuard<'_, IdlePool<Instance>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mould(&self) -> Mould<'_> {
        let Parts { prepared, capabilities, totals, limits, .. } = &self.parts;
        Mould { prepared, capabilities, totals, max_memory: limits.memory, seat: &self.seat }
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
