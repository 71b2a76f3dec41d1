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

#[test]
fn a_proxy_is_named_with_its_credentials_which_no_error_shows() {
    let config = accepted(&granted("proxy = \"http://me:${env:TOKEN}@proxy.example:3128\"")).config;
    let proxy = config.exporters["a"].grants.http.as_ref().and_then(|grant| grant.proxy.clone()).expect("a proxy");
    assert_eq!(proxy.address.as_str(), "http://proxy.example:3128/");
    let (name, password) = proxy.credentials.as_ref().expect("credentials");
    assert_eq!((name.as_str(), password.expose()), ("me", "canary-4cb1d0"));
    assert!(!format!("{proxy:?}").contains("canary"));
    assert_eq!(config.secrets.redact("said canary-4cb1d0"), "said ${env:TOKEN}");
    for (wrong, word) in [
        ("https://proxy.example", "is not an http proxy"),
        ("socks5://me:canary@proxy.example", "is not an http proxy"),
        ("proxy.example:3128", "http"),
        ("http://me:canary@proxy.example/path", "has a path, query or fragment"),
        ("http://me:%ff%fe@proxy.example", "is not UTF-8"),
    ] {
        let error = refused(&granted(&format!("proxy = \"{wrong}\"")));
        assert!(error.contains(word) && error.contains("grants.http.proxy"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn a_client_certificate_comes_with_its_key() {
    let pair = "client_cert_file = \"/etc/ca.pem\"\nclient_key_file = \"/etc/ca.pem\"";
    let config = accepted(&granted(pair)).config;
    let cert = config.exporters["a"].grants.http.as_ref().and_then(|grant| grant.client_cert.clone());
    assert_eq!(cert.expect("a certificate").key_file, Path::new("/etc/ca.pem"));
    let error = refused(&granted("client_cert_file = \"/etc/ca.pem\""));
    assert!(
        error.contains("grants.http.client_cert_file") && error.contains("`client_key_file` is missing"),
        "{error}"
    );
    let error = refused(&granted("client_key_file = \"/etc/none.pem\""));
    assert!(error.contains("`client_cert_file` is missing") && error.contains("is not a file that exists"), "{error}");
}

#[test]
fn a_bearer_token_comes_from_a_file_and_from_nowhere_else() {
    let file = "bearer_token_file = \"/etc/ca.pem\"\nreload_interval = \"1s\"\n";
    let config = accepted(&granted(file)).config;
    let grant = config.exporters["a"].grants.http.as_ref().expect("a grant");
    assert_eq!(grant.bearer_token_file.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(grant.reload_interval, Duration::from_secs(1));
    for other in ["headers.authorization = \"x\"", "metadata_headers.authorization = \"x-tenant\""] {
        let error = refused(&granted(&format!("{file}{other}")));
        assert!(error.contains("the header `authorization` is set by another key of this table too"), "{error}");
    }
}

#[test]
fn what_an_exporter_may_send_in_a_second_is_bounded_unless_set_otherwise() {
    let grant = |keys: &str| accepted(&granted(keys)).config.exporters["a"].grants.http.clone().expect("a grant");
    let default = grant("");
    assert_eq!((default.max_requests_per_second, default.max_bytes_per_second), (2_000, 256 << 20));
    let set = grant("max_requests_per_second = 1\nmax_bytes_per_second = \"1KiB\"");
    assert_eq!((set.max_requests_per_second, set.max_bytes_per_second), (1, 1 << 10));
    for (keys, allowed) in [
        ("max_requests_per_second = 0", "1 to 1000000"),
        ("max_requests_per_second = 1000001", "1 to 1000000"),
        ("max_bytes_per_second = \"1023B\"", "1KiB to 64GiB"),
        ("max_bytes_per_second = \"65GiB\"", "1KiB to 64GiB"),
    ] {
        let error = refused(&granted(keys));
        let key = keys.split(' ').next().unwrap_or_default();
        assert!(error.contains(&format!("exporters.a.grants.http.{key}")) && error.contains(allowed), "{error}");
    }
}
