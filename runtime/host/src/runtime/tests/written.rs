//! Runtimes described in TOML.

use std::{fs, net::TcpListener, sync::Arc};

use super::watch::{DEADLINE, Watch};
use crate::{Runtime, StartProblem, Subscription};

#[test]
fn a_text_describes_a_runtime_and_the_program_adds_its_own_exporter() {
    let watch = Arc::new(Watch::default());
    let runtime = Runtime::from_toml("[sampler]\nkind = \"always_off\"\n")
        .exporter("watch", watch.clone(), Subscription::spans())
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    runtime.tracer("shop").span("one").start().end();
    runtime.shutdown(DEADLINE);
    assert_eq!((watch.names().len(), runtime.status().intake.sampled_out), (0, 1));
}

#[test]
fn a_file_describes_a_runtime_and_paths_in_it_start_at_its_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("spangate.toml");
    fs::write(dir.path().join("x.wasm"), "this is no component").expect("a component");
    fs::write(&file, "[exporters.x]\ncomponent = \"x.wasm\"\n").expect("a file");
    let error = Runtime::from_toml_file(&file).start().expect_err("x.wasm is no component").to_string();
    assert!(error.contains("the exporter x cannot be loaded: not a WebAssembly component"), "{error}");
    assert!(error.contains("spangate.toml:2:13"), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Runtime::from_toml_file("no/such/spangate.toml").start().expect_err("there is none");
    assert!(matches!(error.problems(), [StartProblem::Unreadable { .. }]), "{error}");
    assert!(error.to_string().starts_with("cannot read the configuration no/such/spangate.toml: "), "{error}");
}

#[test]
fn every_mistake_in_a_text_is_told_with_its_line() {
    let text = "[sampler]\nkind = \"sometimes\"\n[exporters.a]\ncomponnent = \"builtin:otlp\"\n";
    let error = Runtime::from_toml(text).start().expect_err("two mistakes");
    assert_eq!(error.problems().len(), 3, "{error}");
    assert!(error.problems().iter().all(|problem| matches!(problem, StartProblem::Config(_))));
    let told = error.to_string();
    for part in ["<text>:2:8", "<text>:4:1", "did you mean `component`?", "3 errors"] {
        assert!(told.contains(part), "{part} is missing in:\n{told}");
    }
    assert_eq!(format!("{error:?}"), told, "what a main that returns it prints");
}

#[test]
fn what_only_the_start_finds_out_is_told_with_its_line_too() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    let watch = Arc::new(Watch::default());
    let text = format!("[receivers.otlp_http]\nlisten = \"{address}\"\n");
    let error = Runtime::from_toml(text).exporter("watch", watch.clone(), Subscription::spans()).start();
    let error = error.expect_err("the port is taken").to_string();
    assert!(error.contains("<text>:2:10") && error.contains("address already in use"), "{error}");

    let text = "[receivers.otlp_http]\nlisten = \"127.0.0.1:0\"\n[exporters.watch]\ncomponent = \"builtin:mine\"\n";
    let builder = Runtime::from_toml(text).builtin("mine", "this is no component");
    let error = builder.exporter("watch", watch, Subscription::spans()).start().expect_err("two mistakes").to_string();
    assert!(error.contains("<text>:4:13") && error.contains("not a WebAssembly component"), "{error}");
    assert!(error.contains("<text>:3:") && error.contains("is taken by another exporter"), "{error}");
}

#[test]
fn a_text_without_any_exporter_is_refused() {
    let error =
        Runtime::from_toml("[sampler]\nkind = \"always_on\"\n").start().expect_err("nothing would be delivered");
    assert!(matches!(error.problems(), [StartProblem::NoExporter]), "{error}");
    assert!(error.to_string().contains("RuntimeBuilder::exporter"), "{error}");
}

#[test]
fn a_component_that_the_program_does_not_carry_is_told_with_what_it_does_carry() {
    let text = "[exporters.a]\ncomponent = \"builtin:mein\"\n";
    let error = Runtime::from_toml(text).builtin("mine", "x").start().expect_err("misspelt").to_string();
    assert!(error.contains("did you mean \"builtin:mine\"?"), "{error}");
    if cfg!(not(feature = "builtin")) {
        let error = Runtime::from_toml(text).start().expect_err("none is carried").to_string();
        assert!(error.contains("turn on the feature `builtin`"), "{error}");
    }
}
