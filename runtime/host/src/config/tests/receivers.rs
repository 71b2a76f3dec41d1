//! What is wrong with `[receivers]`, told with its place.

use super::{errors::told, *};

#[test]
fn addresses_to_listen_on_are_checked() {
    assert_eq!(
        told(&format!(
            "[receivers.otlp_http]\nlisten = \"localhost:4318\"\nmetadata = [\"X-Tenant\", \"a b\"]\n\
             [admin]\nlisten = \"[::]:8888\"\n{MINIMAL}"
        )),
        [
            "receivers.otlp_http.listen: the string \"localhost:4318\" is not an address | IP:PORT, as in 127.0.0.1:4318 | \
             did you mean \"127.0.0.1:4318\"? names are not looked up here",
            "receivers.otlp_http.metadata[0]: header names are written in lower case: `x-tenant`",
            "receivers.otlp_http.metadata[1]: `a b` is not a header name",
            "admin.listen: the admin endpoint would be reachable from other machines | a loopback address: 127.0.0.0/8 \
             or [::1] | did you mean \"127.0.0.1:8888\"?",
        ]
    );
    accepted(&format!("[receivers.otlp_http]\nlisten = \"0.0.0.0:4318\"\ninsecure = true\n{MINIMAL}"));
}

#[test]
fn an_address_that_others_reach_is_protected_or_accepted() {
    let receiver = |lines: &str| format!("[receivers.otlp_grpc]\nlisten = \"0.0.0.0:4317\"\n{lines}\n{MINIMAL}");
    let lacks = |lines: &str| {
        let told = told(&receiver(lines)).join("\n");
        told.strip_prefix("receivers.otlp_grpc.listen: this address is reachable by others: ")
            .and_then(|told| told.split(" | ").next())
            .map_or(told.clone(), str::to_owned)
    };
    let (tls, auth) =
        ("cert_file = \"/etc/ca.pem\", key_file = \"/etc/ca.pem\"", "auth = { bearer_tokens = [\"${env:LONG}\"] }");
    assert_eq!(lacks(""), "without `tls` and `auth` anybody could send, and read along");
    assert_eq!(lacks(auth), "without `tls` anybody on the way could read along, tokens included");
    assert_eq!(lacks(&format!("tls = {{ {tls} }}")), "without `auth` or `tls.client_ca_file` anybody could send");
    accepted(&receiver(&format!("tls = {{ {tls} }}\n{auth}")));
    accepted(&receiver(&format!("tls = {{ {tls}, client_ca_file = \"/etc/ca.pem\" }}")));
    accepted(&receiver("insecure = true"));
    // What is wrong in the table is told, and not that there is none.
    assert_eq!(
        lacks("tls = { cert_file = \"/etc/ca.pem\" }"),
        "receivers.otlp_grpc.tls.key_file: `key_file` is missing | name a file in PEM: the key of the certificate"
    );
}

#[test]
fn a_budget_that_is_too_small_for_one_request_is_refused() {
    let lines = "max_request_bytes = \"1MiB\"\nmax_inflight_bytes = \"2MiB\"";
    assert_eq!(
        told(&format!("[receivers.otlp_http]\n{lines}\n{MINIMAL}")),
        [
            "receivers.otlp_http.max_inflight_bytes: the string \"2MiB\" is less than one request can take | at least 3MiB, \
          three times max_request_bytes | make max_request_bytes smaller, or this larger"
        ]
    );
    let receiver = |lines: &str| {
        accepted(&format!("[receivers.otlp_http]\n{lines}\n{MINIMAL}")).config.receivers.otlp_http.expect("a receiver")
    };
    assert_eq!(receiver("").max_inflight_bytes, 256 << 20);
    assert_eq!(receiver("max_request_bytes = \"200MiB\"").max_inflight_bytes, 600 << 20);
}

#[test]
fn origins_that_would_never_match_are_refused() {
    let cors = |lines: &str| told(&format!("[receivers.otlp_http.cors]\n{lines}\n{MINIMAL}"));
    assert_eq!(
        cors(""),
        ["receivers.otlp_http.cors.allowed_origins: `allowed_origins` is missing | name the origins of the pages: \
          `allowed_origins = [\"https://shop.example\"]`"]
    );
    let told = cors(
        "allowed_origins = [\"https://shop.example/\", \"null\"]\nallowed_headers = [\"X-Shop\"]\nmax_age = \"2d\"",
    );
    assert_eq!(
        told[..3],
        [
            "receivers.otlp_http.cors.allowed_origins[0]: the string \"https://shop.example/\": an origin is scheme, host and \
             port, and nothing behind | did you mean \"https://shop.example\"?",
            "receivers.otlp_http.cors.allowed_origins[1]: the string \"null\": every page can have the origin `null` if it \
             wants to",
            "receivers.otlp_http.cors.allowed_headers[0]: header names are written in lower case: `x-shop`",
        ]
    );
    assert!(told[3].starts_with("receivers.otlp_http.cors.max_age: "), "{}", told[3]);
    let on_grpc = super::refused(&format!("[receivers.otlp_grpc.cors]\nallowed_origins = [\"*\"]\n{MINIMAL}"));
    assert!(on_grpc.contains("unknown key `cors`"), "{on_grpc}");
}

#[test]
fn tokens_that_can_be_guessed_are_refused_unseen() {
    let auth = |lines: &str| told(&format!("[receivers.otlp_http.auth]\n{lines}\n{MINIMAL}")).join("\n");
    let nobody = "receivers.otlp_http.auth: there is no token: nobody could send | write `bearer_token_file = \"tokens\"`, \
                  or `bearer_tokens = [\"${env:TOKEN}\"]`";
    assert_eq!(auth(""), nobody);
    assert_eq!(auth("bearer_tokens = []"), nobody);
    assert_eq!(
        auth("bearer_tokens = [\"${env:TOKEN}\"]"),
        "receivers.otlp_http.auth.bearer_tokens[0]: a token of 13 characters is too short: at least 16 | `openssl rand \
         -hex 32` makes a good one"
    );
    let spaced = auth("bearer_tokens = [\"canary-4cb1d0 canary-4cb1d0\"]");
    assert!(spaced.contains("a character in it that no bearer token may have"), "{spaced}");
    assert!(!spaced.contains("4cb1d0"), "{spaced}");
    assert_eq!(
        auth("bearer_token_file = \"tokens\""),
        "receivers.otlp_http.auth.bearer_token_file: the string \"tokens\" is not a file that exists | relative paths start \
         at the folder of this file"
    );
}
