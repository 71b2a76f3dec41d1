use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::process::{Said, spangate};

/// `spangate new` with these arguments, started in `folder`.
fn new(folder: &Path, args: &[&str]) -> Said {
    let mut command = spangate(&["new"]);
    Said::from(command.args(args).current_dir(folder).output().expect("the binary runs"))
}

/// Where the SDK is.
fn sdk() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/rust")).expect("the SDK")
}

/// The same, as an argument.
fn sdk_text() -> String {
    sdk().to_str().expect("UTF-8").to_owned()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).expect("a folder").next().is_none()
}

#[test]
fn a_project_is_written_and_the_next_steps_are_told() {
    let home = tempfile::tempdir().expect("a folder");
    let said = new(home.path(), &["slow-spans", "--sdk", &sdk_text()]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let steps = ["rustup target add wasm32-wasip2", "cd slow-spans", "cargo test", "spangate run spangate.toml"];
    for step in steps {
        assert!(said.stdout.contains(&format!("\n  {step}\n")), "no {step} in\n{}", said.stdout);
    }
    let read = |path: &str| fs::read_to_string(home.path().join("slow-spans").join(path)).expect(path);
    assert!(read("Cargo.toml").contains(&format!("spangate-sdk = {{ path = \"{}\" }}", sdk_text())));
    assert!(read("src/lib.rs").contains("spangate_sdk::export!(SlowSpans);"));
    assert!(read("spangate.toml").contains("wasm32-wasip2/release/slow_spans.wasm"));
    assert!(read("README.md").contains("spangate test target/wasm32-wasip2/release/slow_spans.wasm"));
    assert_eq!(read(".gitignore"), "/target\n");
}

#[test]
fn the_sdk_of_a_checkout_is_taken_by_path() {
    let home = tempfile::tempdir().expect("a folder");
    let sdk = sdk();
    std::os::unix::fs::symlink(&sdk, home.path().join("sdk")).expect("a link");
    let said = new(home.path(), &["a", "--path", "deep/er/a", "--sdk", "sdk"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let project = home.path().join("deep/er/a");
    let manifest = fs::read_to_string(project.join("Cargo.toml")).expect("a manifest");
    let line = manifest.lines().find(|line| line.starts_with("spangate-sdk")).expect("the SDK");
    let path = line.split('"').nth(1).expect("a path");
    assert!(path.starts_with("../"), "{line}");
    assert_eq!(fs::canonicalize(project.join(path)).expect("the SDK"), sdk);
}

#[test]
fn what_cannot_be_is_told_and_writes_nothing() {
    let home = tempfile::tempdir().expect("a folder");
    for (args, part) in [
        (&["Slow Spans"][..], "`slow-spans` would do"),
        (&["fn"], "`fn-exporter` would do"),
        (&["../slow"], "said by --path"),
        (&["a"], "not published yet: --sdk PATH"),
        (&["a", "--sdk", "nowhere"], "--sdk names no folder of the SDK"),
        (&["a", "--language", "cobol"], "rust"),
        (&[], "NAME"),
    ] {
        let said = new(home.path(), args);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
        assert!(is_empty(home.path()), "{args:?}");
    }
}

#[test]
fn what_is_there_already_is_left_alone() {
    let home = tempfile::tempdir().expect("a folder");
    fs::create_dir(home.path().join("a")).expect("a folder");
    fs::write(home.path().join("a/mine"), "mine").expect("written");
    fs::write(home.path().join("b"), "mine too").expect("written");
    for (name, part) in [("a", "is not empty"), ("b", "is no folder")] {
        let said = new(home.path(), &[name]);
        assert_eq!(said.code, Some(2), "{}", said.stdout);
        assert!(said.stderr.contains(part) && said.stderr.contains("--path"), "{}", said.stderr);
    }
    assert_eq!(fs::read_dir(home.path().join("a")).expect("a folder").count(), 1);
    assert_eq!(fs::read_to_string(home.path().join("b")).expect("a file"), "mine too");
}
