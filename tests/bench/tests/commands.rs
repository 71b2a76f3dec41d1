//! Commands that start this program again, as a user gives them. What they measure here means nothing, and nothing is said
//! about it.

use std::process::Command;

/// What it prints.
fn run(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_spangate-bench")).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_program_that_sends_its_spans_is_measured_with_each_library_and_none() {
    let told = run(&["embedded", "--quick", "--rate", "2000"]);
    for who in ["the pace alone", "spangate, otlp in the sandbox", "opentelemetry_sdk, opentelemetry-otlp"] {
        assert!(told.contains(who), "{told}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    let json = run(&["embedded", "--quick", "--rate", "2000", "--json"]);
    assert_eq!(json.lines().filter(|line| line.starts_with('{')).count(), 9, "{json}");
}

#[test]
fn in_a_flood_spangate_accounts_for_every_span() {
    let told = run(&["flood", "--quick"]);
    let rows: Vec<Vec<&str>> = told
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains("M/s"))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    let names: Vec<_> = rows.iter().map(|row| row[1]).collect();
    let libraries = ["spangate", "opentelemetry_sdk", "fastrace"];
    assert_eq!(names, [libraries, libraries].concat(), "{told}");
    for row in rows.iter().filter(|row| row[1] == "spangate") {
        assert_eq!(row[7], "none", "{told}");
    }
}
