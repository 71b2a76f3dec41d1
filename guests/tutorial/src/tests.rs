use super::*;
use spangate_sdk::testing::{self, Host, every_span_shape};

#[test]
fn slow_spans_are_told_in_one_message() {
    let host = Host::install();
    let mut exporter: SlowSpans =
        testing::configure(r#"{"url": "http://chat.example/hook", "slower_than_ms": 20}"#).unwrap();
    assert_eq!(exporter.export_spans(&every_span_shape()), Outcome::Accepted);
    let trace = "01".repeat(16);
    let expected =
        format!(r#"{{"text":"shop: POST /cart took 48ms, trace {trace}\nshop: price took 24ms, trace {trace}"}}"#);
    assert_eq!(host.requests()[0].text(), Some(expected.as_str()));
}

#[test]
fn nothing_is_sent_if_nothing_was_slow() {
    let host = Host::install();
    let mut exporter: SlowSpans =
        testing::configure(r#"{"url": "http://chat.example/hook", "slower_than_ms": 1000}"#).unwrap();
    assert_eq!(exporter.export_spans(&every_span_shape()), Outcome::Accepted);
    assert!(host.requests().is_empty());
}

#[test]
fn an_exporter_takes_less_than_forty_lines() {
    let source = include_str!("lib.rs").split("\n#[cfg(test)]").next().unwrap();
    let lines = source.lines().filter(|line| !line.trim().is_empty() && !line.trim().starts_with("//")).count();
    assert!(lines < 40, "{lines} lines");
}
