use std::path::{Path, PathBuf};

use crate::process::{Said, output, spangate};

fn check(folder: &Path, config: &str) -> Said {
    let path = folder.join("spangate.toml");
    std::fs::write(&path, config).expect("written");
    output(&["check", path.to_str().expect("UTF-8")])
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

#[test]
fn a_right_configuration_is_shown_as_a_table() {
    let path = examples().join("otlp-to-zipkin.toml");
    let said = output(&["check", path.to_str().expect("UTF-8")]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for part in ["is right", "OTLP over HTTP  127.0.0.1:4318", "builtin:zipkin", "localhost:9411", "drop_newest"] {
        assert!(said.stdout.contains(part), "no {part} in\n{}", said.stdout);
    }
    assert!(said.stdout.lines().skip(1).all(|line| line.chars().count() <= 80), "{}", said.stdout);
}

#[test]
fn every_example_is_right() {
    for entry in std::fs::read_dir(examples()).expect("a folder") {
        let path = entry.expect("a file").path();
        let mut command = spangate(&["check", path.to_str().expect("UTF-8")]);
        command.env("ZIPKIN_TOKEN", "canary-4cb1d0").env("COLLECTOR_TOKEN", "canary-4cb1d0");
        let said = Said::from(command.output().expect("the binary runs"));
        assert_eq!(said.code, Some(0), "{}\n{}", path.display(), said.stderr);
        assert!(!said.stdout.contains("4cb1d0"), "{}", said.stdout);
    }
}

#[test]
fn every_error_is_told_at_once_and_nothing_on_standard_output() {
    let folder = tempfile::tempdir().expect("a folder");
    let said =
        check(folder.path(), "[exporters.a]\ncomponent = \"builtin:zipkn\"\nconcurency = 2\n[receivers.otlp_htp]\n");
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    for part in [
        "spangate.toml:2:13",
        "did you mean \"builtin:zipkin\"?",
        "did you mean `concurrency`?",
        "`otlp_http`",
        "3 errors",
    ] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn a_missing_file_is_bad_usage() {
    let said = output(&["check", "no-such-file.toml"]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("no-such-file.toml"), "{}", said.stderr);
}

#[test]
fn settings_that_the_exporter_refuses_are_told_at_their_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "[receivers.otlp_http]\n[exporters.a]\ncomponent = \"builtin:zipkin\"\n\
                  grants.http.allow = [\"http://localhost:9411\"]\n[exporters.a.settings]\nendpoint = 5\n";
    let said = check(folder.path(), config);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    for part in ["refused by the exporter", "spangate.toml:6:12", "endpoint = 5", "exporters.a.settings.endpoint"] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn a_grant_that_is_missing_is_told_with_the_lines_that_give_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = check(folder.path(), "[receivers.otlp_http]\n[exporters.a]\ncomponent = \"builtin:zipkin\"\n");
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    for part in ["spangate:exporter/http@0.1.0", "not granted", "grants.http", "allow"] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn components_that_are_none_are_told_beside_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("text.wasm"), "hello").expect("written");
    std::fs::write(folder.path().join("module.wasm"), b"\0asm\x01\0\0\0").expect("written");
    let config =
        "[receivers.otlp_http]\n[exporters.a]\ncomponent = \"text.wasm\"\n[exporters.b]\ncomponent = \"module.wasm\"\n";
    let said = check(folder.path(), config);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    for part in [
        "not a WebAssembly component",
        "a core WebAssembly module",
        "spangate.toml:3:13",
        "spangate.toml:5:13",
        "2 errors",
    ] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn a_digest_that_does_not_match_is_told_with_the_right_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let digest = "0".repeat(64);
    let config = format!(
        "[receivers.otlp_http]\n[exporters.a]\ncomponent = \"builtin:console\"\ndigest = \"sha256:{digest}\"\ngrants.terminal = true\n"
    );
    let said = check(folder.path(), &config);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    assert!(said.stderr.contains("spangate.toml:4:10") && said.stderr.contains("sha256:"), "{}", said.stderr);
}

#[test]
fn without_a_receiver_nothing_would_ever_come_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = check(folder.path(), "[exporters.a]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n");
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    assert!(said.stderr.contains("there is no receiver"), "{}", said.stderr);
}

#[test]
fn a_subscription_that_asks_for_more_than_there_is_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = "[receivers.otlp_http]\n[exporters.a]\ncomponent = \"builtin:zipkin\"\n\
                  grants.http.allow = [\"http://localhost:9411\"]\nsettings.endpoint = \"http://localhost:9411/api/v2/spans\"\n\
                  subscribe.events = [\"x\"]\n";
    let said = check(folder.path(), config);
    assert_eq!(said.code, Some(2), "{}", said.stdout);
    assert!(said.stderr.contains("the exporter a takes no events"), "{}", said.stderr);
}

/// Receivers whose files are there and of no use.
fn with_unusable_files(folder: &Path) -> &'static str {
    std::fs::write(folder.join("cert.pem"), "hello").expect("written");
    std::fs::write(folder.join("key.pem"), "hello").expect("written");
    std::fs::write(folder.join("tokens"), "# canary\ncanary-4cb1d0\n").expect("written");
    "[receivers.otlp_http]\nlisten = \"127.0.0.1:0\"\n[receivers.otlp_http.tls]\ncert_file = \"cert.pem\"\nkey_file = \"key.pem\"\n\
     [receivers.otlp_http.auth]\nbearer_token_file = \"tokens\"\n[exporters.a]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n"
}

#[test]
fn certificates_and_tokens_that_cannot_be_used_are_told_at_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = check(folder.path(), with_unusable_files(folder.path()));
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    for part in [
        "cert.pem: has no certificate in it: expected PEM, `-----BEGIN CERTIFICATE-----`",
        "spangate.toml:4:13",
        "tokens: line 2: a token of 13 characters is too short: at least 16",
        "spangate.toml:7:21",
        "2 errors",
    ] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
    assert!(!said.stderr.contains("4cb1d0"), "{}", said.stderr);
}

#[test]
fn run_does_not_start_with_certificates_that_cannot_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spangate.toml");
    std::fs::write(&path, with_unusable_files(folder.path())).expect("written");
    let said = output(&["run", path.to_str().expect("UTF-8")]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    for part in ["cert.pem: has no certificate in it", "spangate.toml:4:13"] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn what_senders_need_stands_behind_the_address() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("tokens"), "0123456789abcdef").expect("written");
    let said = check(
        folder.path(),
        "[receivers.otlp_grpc]\nlisten = \"0.0.0.0:4317\"\ninsecure = true\nauth.bearer_token_file = \"tokens\"\n\
         [exporters.a]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n",
    );
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("  OTLP over gRPC  0.0.0.0:4317  bearer token, insecure\n"), "{}", said.stdout);
}

#[test]
fn what_an_exporter_may_not_see_is_shown_and_a_key_that_cannot_be_used_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key"), "canary-canary-16\n").expect("written");
    std::fs::write(folder.path().join("short"), "canary").expect("written");
    let config = |lines: &str| {
        format!(
            "[receivers.otlp_http]\n[exporters.a]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n{lines}"
        )
    };
    let lines = "grants.columns = [\"name\", \"attributes\"]\ngrants.attributes.deny = [\"card.*\"]\nselect.hash = [\"user\"]\n";
    let said = check(folder.path(), &config(lines));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for part in ["name, attributes", "all but card.*", "hashes user without a key"] {
        assert!(said.stdout.contains(part), "no {part} in\n{}", said.stdout);
    }
    assert!(said.stdout.lines().skip(1).all(|line| line.chars().count() <= 80), "{}", said.stdout);
    assert!(said.stderr.contains("warning: exporters.a.select.hash: hashed without `hash_key`"), "{}", said.stderr);
    let keyed = |file: &str| check(folder.path(), &config(&format!("{lines}select.hash_key_file = \"{file}\"\n")));
    let said = keyed("key");
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert!(said.stdout.contains("hashes user with a key") && !said.stdout.contains("canary"), "{}", said.stdout);
    let said = keyed("short");
    assert_eq!(said.code, Some(2));
    for part in ["spangate.toml:8:24", "a key of 6 bytes can be guessed: at least 16"] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn an_address_that_is_not_granted_is_told_and_is_no_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = |endpoint: &str| {
        format!(
            "[receivers.otlp_http]\n[exporters.a]\ncomponent = \"builtin:zipkin\"\n\
             grants.http.allow = [\"http://localhost:9411\"]\nsettings.endpoint = \"{endpoint}/api/v2/spans\"\n"
        )
    };
    let line = "settings.endpoint: http://localhost:9412 is not in grants.http.allow";
    for (endpoint, is_told) in [("http://localhost:9412", true), ("http://localhost:9411", false)] {
        let said = check(folder.path(), &config(endpoint));
        assert_eq!((said.code, said.stderr.contains(line)), (Some(0), is_told), "{}", said.stderr);
    }
}
