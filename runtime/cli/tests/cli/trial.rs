//! `spangate test`: what is right passes, and what is wrong is told with what to do.

use crate::process::{Said, output};

fn test(args: &[&str]) -> Said {
    output(&[&["test"], args].concat())
}

fn faulty(settings: &str) -> Said {
    test(&["builtin:faulty", "--settings", settings])
}

fn assert_says(said: &Said, code: i32, parts: &[&str]) {
    assert_eq!(said.code, Some(code), "{}\n{}", said.stdout, said.stderr);
    for part in parts {
        assert!(said.stdout.contains(part), "no {part} in\n{}\n{}", said.stdout, said.stderr);
    }
}

#[test]
fn a_sound_exporter_passes_and_shows_its_requests_and_what_it_makes_of_answers() {
    let said = test(&["builtin:zipkin"]);
    let parts = [
        "POST http://localhost:9411/api/v2/spans",
        "idempotency-key: 0707",
        "\"traceId\":\"5a5a",
        "a value of 1 MiB",
        "429, Retry-After: 7  retry-after  7 s",
        "no answer in time    retry-after",
        "200 batches of spans",
        "fuel per row",
        "Nothing is wrong.",
    ];
    assert_says(&said, 0, &parts);
    assert!(said.stdout.lines().skip(1).all(|line| line.chars().count() <= 80), "{}", said.stdout);
}

#[test]
fn an_exporter_that_forwards_payloads_keeps_no_handles() {
    assert_says(&test(&["builtin:otlp"]), 0, &["/v1/traces", "/v1/logs", "0a ", "Nothing is wrong."]);
}

#[test]
fn an_exporter_that_calls_is_answered_by_grpc() {
    let said = test(&["builtin:otlp", "--settings", "{\"protocol\": \"grpc\"}"]);
    assert_says(&said, 0, &["TraceService/Export", "429, Retry-After: 7  retry-after  7 s", "Nothing is wrong."]);
}

#[test]
fn an_exporter_that_sends_nothing_is_tried_as_well() {
    assert_says(&test(&["builtin:console"]), 0, &["Requests: none", "to the terminal", "events  a full batch"]);
}

#[test]
fn answers_of_the_authors_own_are_given_and_judged() {
    let args = ["builtin:zipkin", "--answer", "202=taken", "--answer", "401", "--answer", "broken", "--requests"];
    let said = test(&args);
    assert_says(&said, 0, &["202 ", "paused", "half an answer", "Nothing is wrong."]);
    assert!(said.stdout.matches("POST http://").count() >= 9, "{}", said.stdout);
    let said = test(&["builtin:zipkin", "--answer", "soon"]);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    assert!(said.stderr.contains("`refused`, `timeout` or `broken`"), "{}", said.stderr);
}

#[test]
fn an_exporter_that_panics_is_told_once_with_every_batch_its_words_and_its_functions() {
    let said = faulty("{\"fault\": \"trap\"}");
    let parts = [
        "it was stopped: trapped",
        "when: spans, one row; spans, every field; spans, empty texts",
        "told to panic at a batch of 1 rows",
        "faulty::trap::export",
        "the rest was not tried",
        "2 things are wrong",
    ];
    assert_says(&said, 1, &parts);
}

#[test]
fn an_exporter_that_leaks_and_reads_what_it_does_not_declare_is_found_out() {
    let parts =
        ["its memory grows without end", "about 64", "what `describe` does not declare: \"spans.names\"", "to do:"];
    assert_says(&faulty("{\"fault\": \"leak\"}"), 1, &parts);
}

#[test]
fn an_outcome_that_no_batch_can_have_is_told() {
    let parts = ["names the row", "the host put it right"];
    assert_says(&faulty("{\"fault\": \"bad_reply\", \"reply\": \"rows\"}"), 1, &parts);
}

#[test]
fn a_limit_is_told_with_its_value_and_its_key() {
    let parts = ["out_of_fuel", "used its 2000000000 units of fuel (limits.fuel_per_batch)"];
    assert_says(&faulty("{\"fault\": \"spin\"}"), 1, &parts);
}

#[test]
fn a_grant_that_is_withheld_is_told_with_the_line_that_gives_it() {
    let said = test(&["builtin:zipkin", "--grant", "terminal"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    for part in ["spangate:exporter/http@0.1.0", "not granted", "grants.http"] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn settings_that_are_wrong_are_told_by_their_path() {
    for (settings, part) in [
        ("{\"endpoint\": 5}", "endpoint: invalid type"),
        ("{\"endpoint\": ", "--settings is not JSON"),
        ("no/such/file.json", "nor a readable file"),
    ] {
        let said = test(&["builtin:zipkin", "--settings", settings]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{}", said.stderr);
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
    let said = test(&["builtin:webhook"]);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    assert!(said.stderr.contains("refuses to run without settings"), "{}", said.stderr);
}
