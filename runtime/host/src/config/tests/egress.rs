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

/// An exporter that may reach something, with these keys in its grant, behind a receiver that copies `x-tenant`.
fn granted(keys: &str) -> String {
    format!(
        "[receivers.otlp_http]\n[receivers.otlp_grpc]\nmetadata = [\"x-tenant\"]\n{MINIMAL}\
         [exporters.a.grants.http]\nallow = [\"https://collector.example:4318\"]\n{keys}\n"
    )
}

#[test]
fn a_header_may_carry_what_a_receiver_copies() {
    let config = accepted(&granted("metadata_headers = { x-scope-orgid = \"x-tenant\" }")).config;
    let grant = config.exporters["a"].grants.http.as_ref().expect("a grant");
    assert_eq!(grant.metadata_headers["x-scope-orgid"], "x-tenant");
}

#[test]
fn a_header_that_nothing_could_be_put_in_is_told_where_it_stands() {
    let error = refused(&granted("metadata_headers = { x-scope-orgid = \"x-tenat\" }"));
    let expected = "\
error: no receiver copies the string \"x-tenat\"
 --> conf/spangate.toml:8:38
  |
8 | metadata_headers = { x-scope-orgid = \"x-tenat\" }
  |                                      ^^^^^^^^^
  = key: exporters.a.grants.http.metadata_headers.x-scope-orgid
  = allowed: x-tenant
  = help: did you mean \"x-tenant\"?

1 error";
    assert_eq!(error, expected);
    let without_receivers = granted("metadata_headers.x-a = \"x-tenant\"").replace("metadata = [\"x-tenant\"]\n", "");
    let error = refused(&without_receivers);
    assert!(error.contains("in `metadata` of a receiver: `metadata = [\"x-tenant\"]`"), "{error}");
}

#[test]
fn a_header_from_metadata_is_neither_fixed_nor_the_hosts_own() {
    let both = "headers.x-a = \"1\"\nmetadata_headers = { x-a = \"x-tenant\" }";
    assert!(refused(&granted(both)).contains("the header `x-a` has a fixed value in `headers`"));
    for name in ["host", "content-length", "proxy-authorization"] {
        let error = refused(&granted(&format!("metadata_headers = {{ {name} = \"x-tenant\" }}")));
        assert!(error.contains(&format!("the header `{name}` is set by the host itself")), "{error}");
    }
    let error = refused(&granted("metadata_headers = { X-A = \"x-tenant\" }"));
    assert!(error.contains("header names are written in lower case: `x-a`"), "{error}");
}

#[test]
fn how_many_tenants_wait_at_once_is_bounded() {
    let limit = |keys: &str| accepted(&format!("{keys}{MINIMAL}")).config.batch.metadata_cardinality_limit;
    assert_eq!(limit(""), 64);
    assert_eq!(limit("batch.metadata_cardinality_limit = 1000\n"), 1000);
    for wrong in ["0", "1001"] {
        let error = refused(&format!("batch.metadata_cardinality_limit = {wrong}\n{MINIMAL}"));
        assert!(error.contains("batch.metadata_cardinality_limit") && error.contains("1 to 1000"), "{error}");
    }
}
