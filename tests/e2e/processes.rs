//! A program that embeds spangate and forks, or panics. Each needs a process of its own, so that this test brings its
//! own `main`, which speaks like the usual one.

#![expect(unsafe_code, reason = "fork is unsafe by nature, and it is what is tested")]

#[path = "processes/forking.rs"]
mod forking;
#[path = "processes/panicking.rs"]
mod panicking;
#[path = "processes/spans.rs"]
mod spans;

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

const TESTS: [(&str, fn()); 4] = [
    ("a_forked_child_never_waits_and_sends_nothing_of_its_parent", forking::never_waits_and_sends_nothing),
    ("a_forked_child_traces_with_a_runtime_of_its_own", forking::traces_with_a_runtime_of_its_own),
    ("a_panic_hook_that_flushes_delivers_what_was_recorded", panicking::hook_delivers),
    ("a_panic_hook_delivers_even_if_the_process_aborts", panicking::hook_delivers_before_an_abort),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [role, url] = arguments.as_slice()
        && role.starts_with("--play=")
    {
        return panicking::play(role, url);
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str()));
    let wanted: Vec<_> = TESTS.iter().filter(|(name, _)| is_wanted(name)).collect();
    let (mut passed, mut failed) = (0, 0);
    println!("\nrunning {} tests", wanted.len());
    for (name, test) in &wanted {
        let is_passed = catch_unwind(AssertUnwindSafe(test)).is_ok();
        println!("test {name} ... {}", if is_passed { "ok" } else { "FAILED" });
        *(if is_passed { &mut passed } else { &mut failed }) += 1;
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    let filtered = TESTS.len() - wanted.len();
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out\n"
    );
    ExitCode::from(u8::from(failed > 0))
}
