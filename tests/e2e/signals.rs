//! A process that owns its signals keeps them: without `sandbox.signal_handlers` no handler is installed, and guests are
//! stopped for the same reasons. One test, because handlers belong to the whole process.

use std::{fs, path::Path, time::Duration};

use spangate::{Runtime, status::ExporterStatus};
use spangate_tests::guest;

/// Signals that wasmtime can take its traps from; std's own handler of SIGSEGV and SIGBUS is there in any program.
const SIGILL: u32 = 4;
const SIGFPE: u32 = 8;

/// The signals of this process that have a handler, proc_pid_status(5).
fn caught() -> Vec<u32> {
    let status = fs::read_to_string("/proc/self/status").expect("proc");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("hexadecimal");
    [SIGILL, SIGFPE].into_iter().filter(|signal| mask & (1 << (signal - 1)) != 0).collect()
}

fn run(fault: &str, signal_handlers: bool, cache: &Path) -> ExporterStatus {
    let toml = format!(
        "sandbox = {{ signal_handlers = {signal_handlers}, cache_dir = {cache:?} }}\n[exporters.bad]\n\
         component = {component:?}\nretry = {{ initial = \"10ms\", max = \"20ms\" }}\nlimits = {{ cpu_share = 1.0 }}\n\
         [exporters.bad.grants.http]\nallow = [\"http://127.0.0.1:9\"]\n[exporters.bad.settings]\nfault = \"{fault}\"\n",
        cache = cache.join("spangate"),
        component = guest("faulty"),
    );
    let runtime = Runtime::from_toml(toml).start().unwrap_or_else(|error| panic!("{error}"));
    runtime.tracer("test").span("one").start().end();
    runtime.shutdown(Duration::from_secs(2));
    runtime.status().exporters.remove(0)
}

#[test]
fn guests_are_stopped_without_a_handler_of_signals_too() {
    let cache = tempfile::tempdir().expect("a folder");
    for (fault, kind) in [("trap", "trapped"), ("deep_recursion", "trapped"), ("memory_bomb", "out_of_memory")] {
        let quiet = run(fault, false, cache.path());
        assert_eq!(quiet.last_fault.as_ref().map(|fault| fault.kind), Some(kind), "{quiet:?}");
        assert!(quiet.ledger.is_balanced);
        assert!(caught().is_empty(), "{fault}: {:?}", caught());
    }
    let with_handlers = run("trap", true, cache.path());
    assert_eq!(with_handlers.last_fault.map(|fault| fault.kind), Some("trapped"));
    assert_eq!(caught(), [SIGILL, SIGFPE], "the contrast");
}
