use crate::process::{output, spangate};

#[test]
fn a_built_in_exporter_is_shown_with_what_it_needs() {
    let said = output(&["inspect", "builtin:zipkin"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    for part in [
        "track 0.1",
        "spans",
        "spangate:exporter/http@0.1.0",
        "needs a grant",
        "grants.http.allow = [",
        "digest     sha256:",
        "of WASI",
    ] {
        assert!(said.stdout.contains(part), "no {part} in\n{}", said.stdout);
    }
    let is_narrow = |line: &str| line.chars().count() <= 80 || line.contains("sha256:");
    assert!(said.stdout.lines().all(is_narrow), "{}", said.stdout);
}

#[test]
fn the_document_is_json_and_names_grants() {
    let said = output(&["inspect", "--json", "builtin:console"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let document: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(document["component"], "builtin:console");
    let imports = document["imports"].as_array().expect("a list");
    let grants: Vec<_> = imports.iter().filter_map(|import| import["grant"].as_str()).collect();
    assert_eq!(grants, ["terminal"]);
    assert!(document["signals"].as_array().is_some_and(|signals| !signals.is_empty()));
}

#[test]
fn what_is_no_component_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let cases = [
        (write("text.wasm", b"hello"), "not a WebAssembly component"),
        (write("module.wasm", b"\0asm\x01\0\0\0"), "wasm32-wasip2"),
        (write("empty.wasm", b"\0asm\x0d\0\x01\0"), "no exporter"),
        (folder.path().to_str().expect("UTF-8").to_owned(), "is a folder"),
        ("no-such.wasm".to_owned(), "No such file"),
        ("builtin:zipkn".to_owned(), "is not built in; there are"),
        ("zipkin".to_owned(), "did you mean builtin:zipkin?"),
    ];
    for (component, part) in cases {
        let said = output(&["inspect", &component]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""), "{component}");
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn who_closes_the_pipe_has_read_enough() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let said = spangate(&["inspect", "builtin:otlp"]).stdout(writer).output().expect("the binary runs");
    let stderr = String::from_utf8_lossy(&said.stderr);
    assert_eq!((said.status.code(), &*stderr), (Some(0), ""));
}
