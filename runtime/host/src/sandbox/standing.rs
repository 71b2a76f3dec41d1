//! The standing of an exporter: whether it is called, and what became of its calls.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use spangate_core::exporter::{ExportError, Fault};

use super::{
    meter::Totals,
    quarantine::{Admission, Health, Purpose, Quarantine},
    state::LastFault,
};
use crate::telemetry::{Level, SparingLog};

/// The standing of one exporter, all its instances together.
pub(super) struct Standing {
    quarantine: Mutex<Quarantine>,
    last_fault: Mutex<Option<LastFault>>,
    /// Instances lost to faults and not made again yet.
    lost: AtomicU64,
    totals: Arc<Totals>,
    host_log: Arc<SparingLog>,
}

/// A call that was let in. Dropped without a verdict, it was abandoned.
pub(super) struct Admitted<'a> {
    standing: &'a Standing,
    admission: Admission,
    is_open: bool,
}

impl Standing {
    /// Of an exporter that has not been called. Faults are counted in `totals` and told to `host_log`.
    pub(super) fn new(totals: Arc<Totals>, host_log: Arc<SparingLog>) -> Self {
        let (quarantine, last_fault) = (Mutex::new(Quarantine::new()), Mutex::default());
        Self { quarantine, last_fault, lost: AtomicU64::new(0), totals, host_log }
    }

    pub(super) fn health(&self) -> Health {
        lock(&self.quarantine).health()
    }

    pub(super) fn last_fault(&self) -> Option<LastFault> {
        lock(&self.last_fault).clone()
    }

    /// Lets a call in.
    ///
    /// # Errors
    /// [`ExportError::Unavailable`] in quarantine.
    pub(super) fn admit(&self) -> Result<Admitted<'_>, ExportError> {
        let mut quarantine = lock(&self.quarantine);
        match quarantine.admit(Instant::now()) {
            Ok(admission) => Ok(Admitted { standing: self, admission, is_open: true }),
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

    /// A call that delivers nothing returned, without having been let in.
    pub(super) fn succeed_idle(&self) {
        lock(&self.quarantine).succeed_idle();
    }

    /// Whether an instance was lost that is made again now.
    pub(super) fn take_lost(&self) -> bool {
        self.lost.fetch_update(Relaxed, Relaxed, |lost| lost.checked_sub(1)).is_ok()
    }

    /// Counts and tells a fault. The standing is the caller's to change.
    pub(super) fn note_fault(&self, fault: &Fault) {
        self.count_fault(fault);
        self.host_log.tell(Level::Warn, format_args!("stopped: {fault}"));
    }

    /// Counts and tells a fault, which may lead into quarantine. On one line: a crash loop should not fill a log.
    pub(super) fn blame(&self, admission: Admission, purpose: Purpose, fault: &Fault) {
        self.count_fault(fault);
        let sent = lock(&self.quarantine).fault(admission, purpose, Instant::now(), fastrand::f64());
        tell_fault(&self.host_log, sent, fault);
    }

    fn count_fault(&self, fault: &Fault) {
        self.totals.add_fault(fault.kind);
        self.lost.fetch_add(1, Relaxed);
        *lock(&self.last_fault) = Some(LastFault { fault: fault.clone(), at: Instant::now() });
    }
}

impl Admitted<'_> {
    /// The export returned.
    pub(super) fn succeed(mut self) {
        self.is_open = false;
        lock(&self.standing.quarantine).succeed(self.admission);
    }

    /// A call that delivers nothing returned. A probe has still to be made.
    pub(super) fn succeed_idle(self) {
        lock(&self.standing.quarantine).succeed_idle();
    }

    /// The call faulted: the fault is counted and told, and may lead into quarantine.
    pub(super) fn fault(mut self, purpose: Purpose, fault: &Fault) {
        self.is_open = false;
        self.standing.blame(self.admission, purpose, fault);
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if self.is_open {
            lock(&self.standing.quarantine).abandon(self.admission, Instant::now());
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

/// What a panic left behind is still sound here: every update is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
