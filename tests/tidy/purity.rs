//! What must be absent: I/O and clocks in core, wasmtime in what is public, globals, settings read from the environment.

use super::{
    assert_none,
    source::{Source, rust},
};

/// Not in `runtime/core/src`: it is handed what it needs.
const NOT_IN_CORE: [&str; 15] = [
    "tokio",
    "wasmtime",
    "hyper",
    "reqwest",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "fs::File",
    "thread::spawn",
    "thread::sleep",
    "Instant::now",
    "SystemTime::now",
    "println!",
    "eprintln!",
];

/// Not in the host outside `config`: two runtimes in one process may differ in everything.
const NOT_IN_HOST: [&str; 8] =
    ["env::var", "env::var_os", "env::vars", "env::set_var", "process::exit", "println!", "eprintln!", "print!"];

/// Modules of the host that embedders see.
const PRIVATE: [&str; 3] = ["bindings", "capability", "sandbox"];

/// The part of a file that is not its tests.
fn shipped(source: &Source) -> &str {
    let end = source.code.find("#[cfg(test)]").unwrap_or(source.code.len());
    &source.code[..end]
}

fn is_test_file(source: &Source) -> bool {
    source.path.contains("/tests/") || source.path.ends_with("/tests.rs")
}

fn uses(source: &Source, words: &[&str]) -> Vec<String> {
    if is_test_file(source) {
        return Vec::new();
    }
    let end = shipped(source).len();
    let places = words.iter().flat_map(|word| source.find_word(word).into_iter().map(move |at| (at, word)));
    places.filter(|(at, _)| *at < end).map(|(at, word)| format!("{}: `{word}`", source.place(at))).collect()
}

/// What can change behind a shared reference, and so makes a `static` a global.
const CHANGEABLE: [&str; 10] =
    ["mut ", "Atomic", "Cell<", "Lazy", "Mutex", "Once", "OnceLock", "RefCell", "RwLock", "UnsafeCell"];

/// State of a thread, and why it may be one: (file, reason).
const THREAD_STATE: [(&str, &str); 5] = [
    ("runtime/core/src/thread_slot.rs", "threads that record do not share memory they write"),
    ("runtime/core/src/tracer/id_generator.rs", "ids without a lock"),
    ("runtime/core/src/tracer/pool.rs", "boxes of open spans, not observable"),
    ("sdk/rust/src/export.rs", "an instance's exports are free functions"),
    ("sdk/rust/src/testing/host.rs", "a test's host, one for each test's thread"),
];

fn globals(source: &Source) -> Vec<String> {
    if is_test_file(source) {
        return Vec::new();
    }
    let end = shipped(source).len();
    let is_excused = THREAD_STATE.iter().any(|(path, _)| *path == source.path);
    let mut found = Vec::new();
    for (at, name) in source.names_after("static").into_iter().filter(|(at, _)| *at < end) {
        let item = source.code[at..].split([';', '{']).next().unwrap_or_default();
        // `&'static T` is a lifetime: there is no colon after the name that follows.
        let is_item = name == "mut" || item[name.len()..].trim_start().starts_with(':');
        if is_item && !is_excused && CHANGEABLE.iter().any(|word| item.contains(word)) {
            found.push(format!("{}: static {name}", source.place(at)));
        }
    }
    found
}

#[test]
fn core_does_no_input_or_output_and_reads_no_clock() {
    let sources = rust(&["runtime/core/src/"]);
    let found: Vec<_> = sources.iter().flat_map(|source| uses(source, &NOT_IN_CORE)).collect();
    assert_none("not in core", &found);
}

#[test]
fn the_host_reads_no_environment_outside_its_configuration_and_prints_nothing() {
    let sources = rust(&["runtime/host/src/"]);
    let outside = sources.iter().filter(|source| !source.path.contains("/src/config/"));
    let found: Vec<_> = outside.flat_map(|source| uses(source, &NOT_IN_HOST)).collect();
    assert_none("not in the host", &found);
}

#[test]
fn wasmtime_is_not_named_where_embedders_look() {
    let sources = rust(&["runtime/host/src/", "runtime/core/src/"]);
    let is_private =
        |source: &Source| PRIVATE.iter().any(|folder| source.path.starts_with(&format!("runtime/host/src/{folder}")));
    let public = sources.iter().filter(|source| !is_private(source));
    let found: Vec<_> = public.flat_map(|source| uses(source, &["wasmtime"])).collect();
    assert_none("wasmtime outside the private modules", &found);
    let lib = sources.iter().find(|source| source.path == "runtime/host/src/lib.rs").expect("lib.rs");
    for folder in PRIVATE {
        assert!(lib.find_word(&format!("pub mod {folder}")).is_empty(), "{folder} is public");
    }
}

#[test]
fn there_are_no_globals() {
    let found: Vec<_> = rust(&["runtime/", "sdk/"]).iter().flat_map(globals).collect();
    assert_none("globals", &found);
}

#[test]
fn what_must_be_absent_is_found_in_code_and_not_in_tests_or_words() {
    let text =
        "use std::fs;\n// tokio\nlet a = \"Instant::now\";\n#[cfg(test)]\nmod tests { fn f() { Instant::now(); } }";
    assert_eq!(uses(&Source::new("runtime/core/src/a.rs", text), &NOT_IN_CORE), ["runtime/core/src/a.rs:1: `std::fs`"]);
    let text = "static A: &str = \"\";\nstatic B: AtomicUsize = x;\nstatic mut C: u8 = 0;\nfn f(a: &'static str, b: &'static Mutex<u8>) {}\n\
                thread_local! { static D: Cell<u8> = const { Cell::new(0) }; }";
    let found = globals(&Source::new("a.rs", text));
    assert_eq!(found, ["a.rs:2: static B", "a.rs:3: static mut", "a.rs:5: static D"]);
}
