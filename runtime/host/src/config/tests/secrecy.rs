//! A canary stands wherever a secret may stand; it must not show in any error, nor in debug output.

use super::*;

const CANARY: &str = "canary-4cb1d0";

fn with_canary(text: &str) -> Vec<String> {
    // once from a variable, once written out
    vec![text.replace("§", "${env:TOKEN}"), text.replace("§", CANARY)]
}

#[test]
fn a_variable_shows_in_no_error_whatever_the_key() {
    for line in [
        "component = \"§\"",
        "component = \"builtin:§\"",
        "digest = \"§\"",
        "required = \"§\"",
        "concurrency = \"§\"",
        "queue.when_full = \"§\"",
        "queue.max_queue_bytes = \"§\"",
        "limits.memory = \"1§\"",
        "limits.deadline = \"1§\"",
        "limits.cpu_share = \"§\"",
        "grants.http.allow = [\"§\"]",
        "grants.http.allow = [\"ftp://§\"]",
        "grants.http.allow = [\"http://§/\"]",
        "grants.http.allow = [\"https://x.example/?§\"]",
        "grants.http.allow_cidrs = [\"§\"]",
        "grants.http.ca_file = \"§\"",
        "subscribe.events = \"§\"",
        "unknown = \"§\"",
        "settings = \"§\"",
    ] {
        let text = format!("[exporters.a]\n{line}\n[admin]\nlisten = \"§\"\n[sampler]\nkind = \"§\"")
            .replace('§', "${env:TOKEN}");
        let error = read(&text).expect_err("wrong");
        assert!(!format!("{error} {error:?}").contains("4cb1d0"), "{error}");
    }
}

#[test]
fn a_header_shows_in_no_error_whatever_is_wrong_around_it() {
    for line in [
        "grants.http = { allow = [], headers = { authorization = \"§\" }, wrong = 1 }",
        "grants.http = { allow = [\"x\"], header = { authorization = \"§\" } }",
        "grants.http = { allow = [\"x\"], headers = { Authorization = \"§\" } }",
        "grants.http = { allow = [\"x\"], headers = { host = \"§\" } }",
        "grants.http = { allow = [\"x\"], headers = { authorization = \"§\\n\" } }",
        "grants.http = { allow = [\"x\"], headers = \"§\" }",
        "grants.http = { allow = [\"x\"], headers = [\"§\"] }",
        "grants.http = { allow = [\"https://me:§@host\"] }",
        "grants.http.headers.authorization = \"§\nwrong = 1",
        "grants.http.headers.authorization = §\nwrong = 1",
        "grants.http = { headers = { a = \"§\" ]",
        "grants.http.headers.a = \"§\"\ngrants.http.headers.a = \"§\"",
        "grants.http.headers.a = \"\"\"\n§",
        "grants.http.headers.a = \"\\q§\"",
        "headers = \"§\"",
        "settings.api_key = 5\nsettings.api_key = \"§\"",
        "password = \"§\"",
    ] {
        for text in with_canary(&format!("[exporters.a]\ncomponent = \"builtin:console\"\n{line}\n")) {
            let error = read(&text).expect_err("wrong");
            assert!(!format!("{error} {error:?}").contains("4cb1d0"), "{text}\n{error}");
        }
    }
}

#[test]
fn a_token_shows_in_no_error_and_in_no_debug_output() {
    for line in [
        "auth = { bearer_tokens = [\"§\"], wrong = 1 }",
        "auth = { bearer_tokens = \"§§\" }",
        "auth = { bearer_token = [\"§\"] }",
        "auth = \"§\"",
        "auth.bearer_tokens = [\"§\", 5]",
        "auth.bearer_tokens = [\"§\"\nx = 1",
        "auth.bearer_tokens = [\"§§ä\"]",
    ] {
        for text in with_canary(&format!("{MINIMAL}[receivers.otlp_http]\n{line}\n")) {
            let error = read(&text).expect_err("wrong");
            assert!(!format!("{error} {error:?}").contains("4cb1d0"), "{text}\n{error}");
        }
    }
    let document = accepted(&format!("{MINIMAL}[receivers.otlp_http]\nauth.bearer_tokens = [\"${{env:LONG}}\"]\n"));
    assert!(!format!("{document:?}").contains("4cb1d0"));
}

#[test]
fn a_header_shows_neither_in_debug_output_nor_in_later_problems() {
    let line = "grants.http = { allow = [\"https://x.example\"], headers = { authorization = \"Bearer §\" } }";
    for text in with_canary(&format!("{MINIMAL}{line}\nsettings.key = \"${{env:TOKEN}}\"\n")) {
        let document = accepted(&text);
        let grant = document.config.exporters["a"].grants.http.as_ref().expect("a grant");
        assert_eq!(grant.headers["authorization"].expose(), "Bearer canary-4cb1d0");
        let later = document.problem("exporters.a.grants.http", &format!("the guest says {CANARY}"), Some(CANARY));
        assert!(!format!("{later} {later:?}").contains("4cb1d0"), "{later}");
        assert!(later.message.contains("the guest says"), "{later}");
        assert!(!format!("{:?}", document.config.exporters["a"].grants).contains("4cb1d0"));
    }
}
