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

/// Where the environment is read all the same, and why: (file, reason).
const ENVIRONMENT: [(&str, &str); 1] =
    [("runtime/host/src/sandbox/cache.rs", "where a user keeps caches, unless the configuration says")];

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
const THREAD_STATE: [(&str, &str); 6] = [
    ("runtime/core/src/suppression.rs", "what a thread is for, not what it did"),
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
    let is_excused = |path: &str| path.contains("/src/config/") || ENVIRONMENT.iter().any(|(file, _)| *file == path);
    let found: Vec<_> = sources
        .iter()
        .filter(|source| !is_excused(&source.path))
        .flat_map(|source| uses(source, &NOT_IN_HOST))
        .collect();
    assert_none("not in the host", &found);
}

/// Names from wasmtime in what a file shows to everybody. `unreachable_pub` sees to it that `pub` means everybody.
fn shown_wasmtime(source: &Source) -> Vec<String> {
    let code = shipped(source);
    let mut names = vec!["wasmtime", "wasmtime_wasi", "wasmparser"];
    for at in source.find_word("use wasmtime").into_iter().chain(source.find_word("use wasmtime_wasi")) {
        let import = source.code[at + "use ".len()..].split(';').next().unwrap_or_default();
        let words = import.split(|c: char| !c.is_alphanumeric() && c != '_');
        names.extend(words.filter(|word| word.starts_with(char::is_uppercase)));
    }
    let mut found = Vec::new();
    for at in source.find_word("pub").into_iter().filter(|at| *at < code.len()) {
        let item = code[at + "pub".len()..].split(['{', ';', '=']).next().unwrap_or_default();
        let item = item.split(",\n").next().unwrap_or_default();
        let mut words = item.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(name) = words.find(|word| names.contains(word)).filter(|_| !item.starts_with('(')) {
            found.push(format!("{}: `{name}`", source.place(at)));
        }
    }
    found
}

#[test]
fn wasmtime_is_not_shown_to_embedders() {
    let sources = rust(&["runtime/host/src/", "runtime/core/src/"]);
    let hidden = ["bindings", "capability"].map(|folder| format!("runtime/host/src/{folder}/"));
    let shown = sources.iter().filter(|source| !hidden.iter().any(|folder| source.path.starts_with(folder)));
    let found: Vec<_> = shown.flat_map(shown_wasmtime).collect();
    assert_none("wasmtime in what is public", &found);
    let lib = sources.iter().find(|source| source.path == "runtime/host/src/lib.rs").expect("lib.rs");
    for folder in ["bindings", "capability"] {
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

#[test]
fn a_type_of_wasmtime_is_found_where_it_is_shown_and_only_there() {
    let text = "use wasmtime::{Engine, component::Linker};\npub struct A {\n    engine: Engine,\n    pub b: u8,\n    pub c: Engine,\n}\n\
                pub(crate) fn d(e: &Engine) {}\npub fn f(g: &Linker<u8>) {}\nfn h() -> Engine {}\n";
    let found = shown_wasmtime(&Source::new("a.rs", text));
    assert_eq!(found, ["a.rs:5: `Engine`", "a.rs:8: `Linker`"]);
}
