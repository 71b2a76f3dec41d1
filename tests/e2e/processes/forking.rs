//! After a `fork` the child has the runtime's memory and none of its threads.

use std::{
    collections::BTreeSet,
    process,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use spangate::Runtime;
use spangate_tests::Collector;

use super::spans::{arrived, start};

const DEADLINE: Duration = Duration::from_secs(20);
/// A child that is still there then waits for somebody who does not exist.
const PATIENCE: Duration = Duration::from_secs(60);

/// Forks; the child does `work`, exits with 0 if it did not panic, and has to end in time.
fn in_a_child(work: impl FnOnce()) {
    // SAFETY: the child goes on with this thread alone. What it touches after that is what is tested.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "no further process: {}", std::io::Error::last_os_error());
    if child == 0 {
        let is_done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_ok();
        // The way out of a child in a program with threads: no exit handler of the parent runs.
        // SAFETY: nothing of this process is needed any more.
        unsafe { libc::_exit(i32::from(!is_done)) };
    }
    let begun = Instant::now();
    let mut status = 0;
    // SAFETY: it is our child and nobody else waits for it; `status` lives long enough.
    while unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } == 0 {
        if begun.elapsed() > PATIENCE {
            // SAFETY: it was not waited for, so that the number is still its own.
            unsafe { libc::kill(child, libc::SIGKILL) };
            unsafe { libc::waitpid(child, &raw mut status, 0) };
            panic!("the child waits for ever");
        }
        thread::sleep(Duration::from_millis(2));
    }
    assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0, "the child ended with {status:#x}");
}

/// Ends the threads, also if the test fails.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a child does with what it inherited.
fn use_what_was_inherited(runtime: Runtime) {
    let tracer = runtime.tracer("child");
    // More than the intake has room for, so that every way out of recording is gone.
    for number in 0..40_000i64 {
        tracer.span("child").attribute("number", number).start().end();
    }
    tracer.event("child").emit();
    for report in [runtime.flush(DEADLINE), runtime.shutdown(DEADLINE)] {
        assert!(!report.is_complete);
        assert!(report.to_string().contains("start a runtime after the fork"), "{report}");
    }
    let status = runtime.status();
    assert!(!status.runtime.ready && status.runtime.reasons[0].contains("was forked from process"));
    assert!(runtime.metrics().contains("spangate_ready{} 0"), "{}", runtime.metrics());
    assert!(runtime.consumer().admit(spangate::Signal::Spans).is_err());
    drop(runtime);
    tracer.span("child").start().end();
}

pub(crate) fn never_waits_and_sends_nothing() {
    let collector = Collector::start();
    let mut runtime = Some(start(&collector.url()));
    let tracer = runtime.as_ref().map(|runtime| runtime.tracer("parent")).expect("a runtime");
    let is_over = AtomicBool::new(false);
    let recorded: u64 = thread::scope(|scope| {
        // All locks are busy when the forks come.
        let record = || {
            let mut recorded = 0;
            while !is_over.load(Ordering::Relaxed) {
                for _ in 0..20 {
                    tracer.span("parent").start().end();
                    recorded += 1;
                }
                thread::sleep(Duration::from_millis(1));
            }
            recorded
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(record)).collect();
        let end = End(&is_over);
        for _ in 0..30 {
            tracer.span("parent").start().end();
            in_a_child(|| use_what_was_inherited(runtime.take().expect("in the child's copy it is still there")));
        }
        drop(end);
        threads.into_iter().map(|thread| thread.join().expect("a count")).sum::<u64>() + 30
    });
    let runtime = runtime.expect("it was the children's copies that were taken");
    let report = runtime.shutdown(DEADLINE);
    assert!(report.is_complete, "{report}");
    assert_eq!(runtime.status().intake.recorded, recorded);
    let spans = arrived(&collector);
    assert_eq!(spans.len() as u64, report.exporters[0].ledger.delivered, "{report}");
    assert!(spans.iter().all(|span| span.name == "parent"));
    assert_eq!(spans.iter().map(|span| &span.span_id).collect::<BTreeSet<_>>().len(), spans.len(), "none came twice");
}

pub(crate) fn traces_with_a_runtime_of_its_own() {
    let collector = Collector::start();
    let runtime = start(&collector.url());
    let tracer = runtime.tracer("parent");
    tracer.span("parent").start().end();
    for _ in 0..2 {
        in_a_child(|| {
            let own = start(&collector.url());
            for _ in 0..10 {
                own.tracer("child").span(format!("child {}", process::id())).start().end();
            }
            let report = own.shutdown(DEADLINE);
            assert!(report.is_complete, "{report}");
            assert_eq!(report.exporters[0].ledger.delivered, 10);
        });
    }
    for _ in 0..10 {
        tracer.span("parent").start().end();
    }
    assert!(runtime.shutdown(DEADLINE).is_complete);
    let spans = arrived(&collector);
    assert_eq!(spans.len(), 1 + 2 * 10 + 10);
    let names: BTreeSet<_> = spans.iter().map(|span| &span.name).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let (traces, ids): (BTreeSet<_>, BTreeSet<_>) = spans.iter().map(|span| (&span.trace_id, &span.span_id)).unzip();
    assert_eq!((traces.len(), ids.len()), (spans.len(), spans.len()), "no process repeats the ids of another");
}
