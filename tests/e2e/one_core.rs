//! On one processor, where nothing but priorities keeps an exporter from slowing the application down. Compared are shares
//! of that processor, which a busy machine changes for both sides alike.

#![cfg(target_os = "linux")]

use std::{
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use spangate::{
    Runtime, Subscription,
    core::{in_memory::InMemoryExporter, tracer::Tracer},
};
use spangate_tests::{cpu_of_threads, dear_component, on_one_core, wait_until};

/// What the application works for in a test, of CPU time.
const WORK: Duration = Duration::from_millis(600);
/// The application gets at least so many times what is compared with it. By their priorities it is nine and more.
const AT_LEAST: u32 = 3;
/// Loops as long as it is let.
const SPINNING: &str = "
    [exporters.bad]
    component = \"builtin:faulty\"
    limits = { cpu_share = 1.0, fuel_per_batch = 1_000_000_000_000_000, deadline = \"10m\" }
    grants.http.allow = [\"http://127.0.0.1:9\"]
    settings.fault = \"spin\"
";

/// Threads are told apart by their names alone.
static ONE_TEST_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Runs `test` on one processor, and no other test meanwhile.
fn alone_on_one_core(test: impl FnOnce() + Send) {
    let _turn = ONE_TEST_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    on_one_core(test).expect("a processor");
}

fn start(toml: &str) -> Runtime {
    Runtime::from_toml(toml).builtins(spangate_builtin::component).start().unwrap_or_else(|error| panic!("{error}"))
}

fn cpu_of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.try_into().expect("no time before zero"), time.tv_nsec.try_into().expect("below 10^9"))
}

/// A thread with more to do than there is time: it works, and records what it does. Answers how many spans that were.
fn be_busy(tracer: &Tracer) -> u64 {
    let until = cpu_of_this_thread() + WORK;
    let mut spans = 0;
    while cpu_of_this_thread() < until {
        black_box((0..10_000_u64).sum::<u64>());
        tracer.span("work").start().end();
        spans += 1;
    }
    spans
}

/// The application is busy, and gets more of the processor than the threads of that name.
fn expect_priority_over(threads: &str, runtime: &Runtime) {
    let before = cpu_of_threads(threads);
    let spans = be_busy(&runtime.tracer("application"));
    let others = cpu_of_threads(threads) - before;
    assert!(others > Duration::ZERO, "nobody else was there");
    assert!(others * AT_LEAST <= WORK, "the application had {WORK:?}, {threads} {others:?}");
    let status = runtime.status();
    assert!(status.intake.recorded >= spans, "{:?}", status.intake);
    assert!(status.intake.is_balanced && status.exporters.iter().all(|exporter| exporter.ledger.is_balanced));
}

#[test]
fn p7_a_spinning_exporter_leaves_the_application_its_processor() {
    let test = || {
        let runtime = start(&format!("batch = {{ schedule_delay = \"1ms\" }}\n{SPINNING}"));
        runtime.tracer("application").span("first").start().end();
        let cpu = || cpu_of_threads("spangate-guest");
        let idle = cpu();
        wait_until("the exporter to spin", || (cpu() > idle + Duration::from_millis(20)).then_some(()));
        expect_priority_over("spangate-guest", &runtime);
        runtime.shutdown(Duration::ZERO);
    };
    alone_on_one_core(test);
}

#[test]
fn z40_a_component_that_is_dear_to_compile_leaves_the_application_its_processor() {
    const COMPILER: &str = "spangate-compil";
    let test = || {
        let kept = Arc::new(InMemoryExporter::new());
        let runtime = Runtime::builder().exporter("kept", kept, Subscription::spans()).start().expect("a runtime");
        let cache = tempfile::tempdir().expect("a folder");
        let other = format!(
            "sandbox.cache_dir = {:?}\n[exporters.dear]\ncomponent = \"builtin:dear\"\ngrants.terminal = true\n",
            cache.path().join("spangate")
        );
        // It goes on for longer than this test, and ends with the process.
        thread::spawn(move || Runtime::from_toml(other).builtin("dear", dear_component()).start());
        wait_until("the compiler", || (cpu_of_threads(COMPILER) > Duration::ZERO).then_some(()));
        expect_priority_over(COMPILER, &runtime);
        let report = runtime.shutdown(Duration::from_secs(30));
        assert!(report.exporters[0].ledger.delivered > 0, "{report}");
    };
    alone_on_one_core(test);
}
