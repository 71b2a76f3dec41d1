//! What is refused at load, by name and with what to do.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use spangate_core::{exporter::FaultKind, signal::Signal};

use super::{
    super::{LoadError, SandboxExporter},
    stage::{Guest, Stage},
};
use crate::config::HttpGrant;

const HTTP: &str = r#"(import "spangate:exporter/http@0.1.0" (instance))"#;

#[tokio::test]
async fn a_sound_exporter_describes_itself() {
    let exporter = Stage::new().load(&Guest::default()).await;
    let description = exporter.description();
    assert_eq!((description.name.as_str(), description.version.as_str()), ("test", "1"));
    assert_eq!(description.signals, [Signal::Spans]);
    assert_eq!(exporter.state().instances, 1);
}

#[tokio::test]
async fn what_is_not_granted_is_refused_by_name_with_what_to_add() {
    let guest = Guest { imports: HTTP, ..Guest::default() };
    let mut stage = Stage::new();
    let error = stage.try_load(&guest).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "component imports `spangate:exporter/http@0.1.0`, which is not granted; add \
         [exporters.billing.grants.http] allow = [\"https://HOST:PORT\"]"
    );
    stage.config.grants.http = Some(HttpGrant::default());
    stage.load(&guest).await;
    let terminal = Guest { imports: r#"(import "spangate:exporter/terminal@0.1.0" (instance))"#, ..Guest::default() };
    let error = stage.try_load(&terminal).await.unwrap_err();
    assert!(error.to_string().ends_with("add [exporters.billing.grants] terminal = true"), "{error}");
    stage.config.grants.terminal = true;
    stage.load(&terminal).await;
}

#[tokio::test]
async fn sockets_are_refused_with_what_to_use() {
    let guest = Guest { imports: r#"(import "wasi:sockets/tcp@0.2.0" (instance))"#, ..Guest::default() };
    let error = Stage::new().try_load(&guest).await.unwrap_err();
    assert!(matches!(&error, LoadError::UnknownImport { .. }));
    assert!(error.to_string().contains("use `spangate:exporter/http`"), "{error}");
}

#[tokio::test]
async fn an_interface_of_another_shape_is_refused() {
    let imports = r#"(import "spangate:exporter/metrics@0.1.0" (instance (export "counter-add" (func))))"#;
    let error = Stage::new().try_load(&Guest { imports, ..Guest::default() }).await.unwrap_err();
    assert!(matches!(error, LoadError::Mismatch { .. }), "{error}");
}

#[tokio::test]
async fn size_and_digest_are_checked_first() {
    let mut stage = Stage::new();
    let big = Bytes::from(vec![0; (16 << 20) + 1]);
    let error = stage.sandbox.load("billing", big, &stage.config).await.unwrap_err();
    assert!(matches!(error, LoadError::TooLarge { .. }), "{error}");
    stage.config.digest = Some([0; 32]);
    let error = stage.try_load(&Guest::default()).await.unwrap_err();
    assert!(error.to_string().contains("the configuration says sha256:0000"), "{error}");
}

#[tokio::test]
async fn a_component_that_needs_more_than_its_limit_is_refused_before_it_runs() {
    let mut stage = Stage::new();
    stage.config.limits.memory = 3 << 16;
    stage.load(&Guest { pages: 3, ..Guest::default() }).await;
    let error = stage.try_load(&Guest { pages: 4, ..Guest::default() }).await.unwrap_err();
    assert!(error.to_string().contains("allowed are 196608; raise limits.memory"), "{error}");
    let second_memory = "(core module $other (memory 1)) (core instance (instantiate $other))";
    let error = stage.try_load(&Guest { lowered: second_memory, ..Guest::default() }).await.unwrap_err();
    assert!(error.to_string().contains("needs 2 linear memories, allowed are 1"), "{error}");
}

#[tokio::test]
async fn setting_errors_of_the_guest_are_located() {
    // One error: path "test", message "spans".
    let guest = Guest {
        configure: "(i32.store8 (i32.const 200) (i32.const 1)) (i32.store (i32.const 204) (i32.const 3072))
                    (i32.store (i32.const 208) (i32.const 1)) (i32.const 200)",
        more: r#"(data (i32.const 3072) "\00\04\00\00\04\00\00\00\30\04\00\00\05\00\00\00")"#,
        ..Guest::default()
    };
    let error = Stage::new().try_load(&guest).await.unwrap_err();
    assert_eq!(error.to_string(), "settings are refused by the exporter: test: spans");
}

#[tokio::test]
async fn the_settings_arrive_as_json() {
    let mut stage = Stage::new();
    stage.config.settings.insert("a".into(), 7.into());
    // Accepts `{"a":7}` only: seven bytes, the last but one a 7.
    let guest = Guest {
        configure: "(if (i32.or (i32.ne (local.get $length) (i32.const 7))
                          (i32.ne (i32.load8_u (i32.add (local.get $settings) (i32.const 5))) (i32.const 55)))
                      (then (unreachable)))
                    (i32.const 200)",
        ..Guest::default()
    };
    stage.load(&guest).await;
}

#[tokio::test]
async fn a_guest_that_fails_while_it_is_loaded_is_told_by_phase() {
    let stage = Stage::new();
    let cases = [
        (Guest { more: "(func $begin (unreachable)) (start $begin)", ..Guest::default() }, "instantiation"),
        (Guest { describe: "(unreachable)", ..Guest::default() }, "describe"),
        (Guest { configure: "(unreachable)", ..Guest::default() }, "configure"),
    ];
    for (guest, expected) in cases {
        match stage.try_load(&guest).await {
            Err(LoadError::Fault { phase, fault }) => {
                assert_eq!((phase, fault.kind), (expected, FaultKind::Trapped));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_guest_that_loops_while_it_is_loaded_is_stopped() {
    let guest = Guest { more: "(func $begin (loop (br 0))) (start $begin)", ..Guest::default() };
    let stage = Stage::new();
    let loaded = tokio::time::timeout(Duration::from_secs(60), stage.try_load(&guest)).await;
    match loaded.expect("loading ends by itself") {
        Err(LoadError::Fault { fault, .. }) => {
            assert!(matches!(fault.kind, FaultKind::OutOfFuel | FaultKind::DeadlineExceeded), "{fault}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_second_load_comes_from_the_cache() {
    let stage = Stage::new();
    stage.load(&Guest::default()).await;
    stage.load(&Guest::default()).await;
    let lines = stage.lines.0.lock().unwrap();
    assert_eq!(lines.iter().filter(|line| line.contains("billing: compiling ")).count(), 1, "{lines:?}");
}

#[tokio::test]
async fn exporters_of_one_component_that_load_side_by_side_compile_it_once() {
    let stage = Stage::new();
    let guest = Guest::default();
    tokio::join!(stage.load(&guest), stage.load(&guest), stage.load(&guest));
    let lines = stage.lines.0.lock().unwrap();
    assert_eq!(lines.iter().filter(|line| line.contains("billing: compiling ")).count(), 1, "{lines:?}");
}

#[tokio::test]
async fn a_component_that_is_dear_to_compile_is_refused_before_it_is_compiled() {
    // A few kilobytes that would take the compiler minutes.
    let loops = "(loop ".repeat(400);
    let ends = "(br_if 0 (i32.const 0)) )".repeat(400);
    let more = format!("(func $dear (local i64) {loops} {ends})");
    let stage = Stage::new();
    let error = stage.try_load(&Guest { more: more.leak(), ..Guest::default() }).await.unwrap_err();
    assert!(error.to_string().starts_with("component has 400 loops in each other, allowed are 32: "), "{error}");
    assert!(!stage.lines.has("compiling"));
}

#[tokio::test]
async fn a_component_describes_itself_with_nothing_granted() {
    let stage = Stage::new();
    let guest = Guest { imports: HTTP, configure: "(unreachable)", ..Guest::default() };
    let description = stage.sandbox.describe("billing", guest.bytes(), &stage.config.limits).await.unwrap();
    assert_eq!(description.name, "test");
}

#[tokio::test]
async fn exporters_of_one_component_share_its_code_whatever_they_may_reach_and_the_last_takes_it_along() {
    let mut stage = Stage::new();
    let guest = Guest::default();
    let (first, second) = (stage.load(&guest).await, stage.load(&guest).await);
    let prepared = |exporter: &SandboxExporter| Arc::clone(&exporter.body.parts.prepared);
    assert!(Arc::ptr_eq(&prepared(&first), &prepared(&second)));
    stage.config.grants.http = Some(HttpGrant::default());
    let reaching = stage.load(&guest).await;
    assert!(!Arc::ptr_eq(&prepared(&first), &prepared(&reaching)), "linked to more");
    let code = |exporter: &SandboxExporter| prepared(exporter).pre.component().image_range();
    assert_eq!(code(&first), code(&reaching));
    let other = stage.load(&Guest { pages: 3, ..Guest::default() }).await;
    assert_ne!(code(&first), code(&other), "another component");

    let last = Arc::downgrade(&prepared(&first));
    drop((first, second));
    for _ in 0..10_000 {
        if last.strong_count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("nobody uses it, and it is still there");
}
