//! The zoo: guests that misbehave in every way there is, each with a healthy exporter beside it.
//!
//! A specimen is one file (in `guests/faulty`, or in `tests/wat` for what no compiler emits) and one row of a table in
//! `zoo/rows`. Each row is three tests: on all cores, pinned to one core, and, unless it is slow, a hundred times over.
//! They run one after the other in processes of their own, because they measure: this test brings its own `main`, which
//! speaks like the usual one and prints a table.

#[path = "zoo/examine.rs"]
mod examine;
#[path = "zoo/load.rs"]
mod load;
#[path = "zoo/memory.rs"]
mod memory;
#[path = "zoo/repeat.rs"]
mod repeat;
#[path = "zoo/rows/table.rs"]
mod rows;
#[path = "zoo/scene.rs"]
mod scene;
#[path = "zoo/specimen.rs"]
mod specimen;
#[path = "zoo/wire.rs"]
mod wire;

use std::{
    env,
    panic::{self, AssertUnwindSafe, catch_unwind},
    process::{Command, ExitCode},
    time::Instant,
};

use examine::{Finding, Hall};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use scene::Folder;
use specimen::Specimen;

/// How the specimens are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    AllCores,
    OneCore,
    Hundredfold,
}

impl Way {
    const ALL: [Self; 3] = [Self::AllCores, Self::OneCore, Self::Hundredfold];

    /// What the names of its tests end in.
    fn suffix(self) -> &'static str {
        match self {
            Self::AllCores => "beside_a_healthy_exporter",
            Self::OneCore => "on_one_core",
            Self::Hundredfold => "a_hundred_times",
        }
    }

    fn test(self, specimen: &Specimen) -> String {
        format!("{}_{}", specimen.name(), self.suffix())
    }
}

/// Marks a process of one way's tests.
const MARK: &str = "--way=";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let filters: Vec<&str> =
        arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-')).collect();
    let way = arguments.iter().find_map(|argument| argument.strip_prefix(MARK));
    if let Some(way) = way.and_then(|suffix| Way::ALL.into_iter().find(|way| way.suffix() == suffix)) {
        return run(way, &filters);
    }
    let mut is_ok = true;
    for way in Way::ALL {
        let mut command = Command::new(env::current_exe().expect("the path of this test"));
        // One arena: what is freed can be given back, so that memory says something about leaks.
        command.args(&arguments).arg(format!("{MARK}{}", way.suffix())).env("MALLOC_ARENA_MAX", "1");
        // Symbols for a backtrace stay in memory.
        command.env("RUST_BACKTRACE", "0");
        let status = command.status().expect("this test, once more");
        println!("the process ended with {status}");
        is_ok &= status.success();
    }
    ExitCode::from(u8::from(!is_ok))
}

/// Runs the tests of one way that are asked for.
fn run(way: Way, filters: &[&str]) -> ExitCode {
    let table = rows::table();
    let is_wanted = |specimen: &&Specimen| {
        let name = way.test(specimen);
        (way != Way::Hundredfold || !specimen.is_slow)
            && (filters.is_empty() || filters.iter().any(|filter| name.contains(filter)))
    };
    let wanted: Vec<&Specimen> = table.iter().filter(is_wanted).collect();
    println!("\nrunning {} tests", wanted.len());
    if wanted.is_empty() {
        return ExitCode::SUCCESS;
    }
    if way == Way::OneCore {
        stay_on_one_core();
    }
    expect_panics();
    let start = Instant::now();
    let folder = Folder::new();
    let hall = (way != Way::Hundredfold).then(|| Hall::open(&folder));
    let (mut failed, mut findings) = (0, Vec::new());
    for specimen in &wanted {
        let tested = catch_unwind(AssertUnwindSafe(|| match &hall {
            None => repeat::repeat(&folder, specimen),
            Some(hall) => findings.push(hall.examine(specimen).line(specimen)),
        }));
        println!("test {} ... {}", way.test(specimen), if tested.is_ok() { "ok" } else { "FAILED" });
        failed += usize::from(tested.is_err());
    }
    if !findings.is_empty() {
        println!("\n{}\n{}", Finding::HEAD, findings.join("\n"));
    }
    let (passed, seconds) = (wanted.len() - failed, start.elapsed().as_secs_f64());
    let filtered = table.len() - wanted.len();
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out; \
         finished in {seconds:.1}s\n"
    );
    ExitCode::from(u8::from(failed > 0))
}

/// One specimen makes the host panic, which is caught and no news.
#[expect(clippy::disallowed_methods, reason = "this process runs nothing but the zoo")]
fn expect_panics() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if info.payload().downcast_ref() != Some(&scene::BAIT) {
            tell(info);
        }
    }));
}

/// Keeps this process, and all threads it starts from here on, on the first core it may use.
fn stay_on_one_core() {
    let allowed = sched_getaffinity(None).expect("the cores that may be used");
    let first = (0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core)).expect("a core");
    let mut one = CpuSet::new();
    one.set(first);
    sched_setaffinity(None, &one).expect("one core");
}
