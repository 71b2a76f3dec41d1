//! What a test needs from outside the workspace, installed by `tests/run`.

use std::{env, fs::OpenOptions, io::Write, path::PathBuf};

/// Path of a backend or client: `zipkin`, `jaeger`, `python` or `javascript`. None if the machine lacks a toolchain:
/// then the test does not run and the summary of `tests/run` says so, which CI counts as a failure.
///
/// # Panics
/// With `CI=true`, rather than skip.
pub fn backend(name: &str) -> Option<PathBuf> {
    let variable = format!("SPANGATE_TEST_{}", name.to_uppercase());
    if let Some(path) = env::var_os(&variable) {
        return Some(path.into());
    }
    let reason = match env::var(format!("{variable}_MISSING")) {
        Ok(tool) => format!("{name} (no {tool})"),
        Err(_) => format!("{name} (start the tests with tests/run)"),
    };
    assert_ne!(env::var("CI").as_deref(), Ok("true"), "not run: {reason}");
    eprintln!("not run: {reason}");
    if let Some(list) = env::var_os("SPANGATE_TEST_NOT_RUN") {
        let file = OpenOptions::new().append(true).create(true).open(list);
        writeln!(file.expect("a list of tests that did not run"), "{reason}").expect("a line in that list");
    }
    None
}
