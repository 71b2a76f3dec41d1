//! What a configuration says about the way out.

use std::time::Duration;

use super::*;

/// An exporter with these keys.
fn exporter(keys: &str) -> String {
    format!("{MINIMAL}{keys}\n")
}

#[test]
fn the_first_pause_after_a_refusal_is_a_minute_unless_set() {
    let pause = |keys| accepted(&exporter(keys)).config.exporters["a"].retry.pause;
    assert_eq!(pause(""), Duration::from_secs(60));
    assert_eq!(pause("retry.pause = \"5m\""), Duration::from_secs(300));
    let error = refused(&exporter("retry.pause = \"1ms\""));
    assert!(error.contains("exporters.a.retry.pause") && error.contains("100ms to 1h"), "{error}");
}
