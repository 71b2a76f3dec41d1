//! What the log is told of an exporter that faults at each call: ten lines in any minute, the guest's own included.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use spangate_core::{
    batch::BatchId,
    clock::{Clock, ManualClock},
    exporter::{Fault, FaultKind},
};

use super::super::{
    quarantine::{Purpose, Quarantine},
    standing::tell_fault,
};
use crate::{
    capability::log::{LogCtx, LogGrant, speech::Speech},
    telemetry::{Level, Log, SparingLog, Sparingly, test_sink::Lines},
};

const MINUTE: Duration = Duration::from_secs(60);
const TENTH: Duration = Duration::from_millis(100);

/// An exporter that is tried whenever it may be, and each time says something and faults.
struct CrashLoop {
    start: Instant,
    clock: Arc<ManualClock>,
    quarantine: Quarantine,
    host: Arc<SparingLog>,
    guest: Arc<LogCtx>,
    lines: Arc<Lines>,
    calls: u64,
}

impl CrashLoop {
    fn new() -> Self {
        let (lines, clock) = (Arc::new(Lines::default()), Arc::new(ManualClock::default()));
        let log = Log::new(lines.clone());
        let host = SparingLog::with_clock("bad", Sparingly::ON_EXPORTER, log.clone(), clock.clone());
        let host = Arc::new(host);
        let guest = Arc::new(LogCtx::new("bad", LogGrant::per_second(10, 1024), log, host.clone()));
        Self { start: Instant::now(), clock, quarantine: Quarantine::new(), host, guest, lines, calls: 0 }
    }

    fn try_once(&mut self) {
        let now = self.start + self.clock.monotonic();
        let Ok(admission) = self.quarantine.admit(now) else { return };
        self.calls += 1;
        let speech = Speech::new(self.guest.clone());
        (0..6).for_each(|_| speech.say(Level::Warn, "panicked at src/lib.rs:7: no endpoint"));
        let detail = format!("said: {}", speech.quote().lines.join(" | "));
        let purpose = Purpose::Export(BatchId([self.calls as u8; 16]));
        let sent = self.quarantine.fault(admission, purpose, now, 0.0);
        tell_fault(&self.host, sent, &Fault { kind: FaultKind::Trapped, detail });
    }
}

#[test]
fn a_crash_loop_costs_ten_log_lines_in_any_minute_and_each_fault_is_told_or_counted() {
    let mut crash_loop = CrashLoop::new();
    // A lane tells of it as well.
    crash_loop.host.tell(Level::Info, format_args!("compiling"));
    let mut told_at = Vec::new();
    for _ in 0..6_000 {
        crash_loop.try_once();
        told_at.resize(crash_loop.lines.messages().len(), crash_loop.clock.monotonic());
        crash_loop.clock.advance(TENTH);
    }
    let in_a_minute = |from: &Duration| told_at.iter().filter(|at| (*from..=*from + MINUTE).contains(*at)).count();
    let most = told_at.iter().map(in_a_minute).max().unwrap_or_default();
    assert!((6..=10).contains(&most), "{most} lines in a minute: {:#?}", crash_loop.lines.in_full());
    let faults_told = crash_loop.lines.messages().iter().filter(|line| line.contains("no endpoint")).count() as u64;
    assert_eq!(faults_told + crash_loop.host.left_out_in_all(), crash_loop.calls);
    assert!(crash_loop.calls >= 12, "{} calls", crash_loop.calls);
    assert!(crash_loop.lines.in_full().iter().all(|line| !line.contains("bad.guest")));
}

#[test]
fn an_exporter_that_faults_at_every_other_call_is_told_of_as_seldom() {
    let (crash_loop, mut told_at) = (CrashLoop::new(), Vec::new());
    for _ in 0..3_000 {
        tell_fault(&crash_loop.host, None, &Fault { kind: FaultKind::Trapped, detail: String::new() });
        told_at.resize(crash_loop.lines.messages().len(), crash_loop.clock.monotonic());
        crash_loop.clock.advance(TENTH);
    }
    let in_a_minute = |from: &Duration| told_at.iter().filter(|at| (*from..=*from + MINUTE).contains(*at)).count();
    assert_eq!(told_at.iter().map(in_a_minute).max(), Some(7));
    let messages = crash_loop.lines.messages();
    assert_eq!(messages.len() as u64 + crash_loop.host.left_out_in_all(), 3_000);
    assert!(messages.last().is_some_and(|line| line.contains("199 more left out")), "{:?}", messages.last());
}
