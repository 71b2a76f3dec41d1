//! Components of one core function that calls one import.

use std::sync::Arc;

use wasmtime::{Store, component::Component};
use wasmtime_wasi::{I32Exit, WasiCtxView};

use super::*;
use crate::{
    capability::{Pace, clock::ClockGrant, log::speech::tests::speech},
    telemetry::Level,
};

struct State {
    world: EmptyWorld,
    pace: Pace,
}

impl Paced for State {
    fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.world.view()
    }
}

/// Runs a component of one core function that calls the import `$call` and answers a number.
async fn run(import: &str, lower: &str, signature: &str, body: &str, fuel: u64) -> wasmtime::Result<u32> {
    let text = format!(
        r#"(component {import}
            (core module $heap (memory (export "memory") 2)
              (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
            (core instance $heap (instantiate $heap))
            (alias core export $heap "memory" (core memory $memory))
            (alias core export $heap "realloc" (core func $realloc))
            (core func $call (canon lower (func $api "{lower}") (memory $memory) (realloc $realloc)))
            (core module $main (import "env" "memory" (memory 1)) (import "env" "call" (func $call {signature}))
              (func (export "run") (result i32) {body}))
            (core instance $main (instantiate $main (with "env" (instance
              (export "memory" (memory $memory)) (export "call" (func $call))))))
            (func (export "run") (result u32) (canon lift (core func $main "run"))))"#
    );
    let mut config = wasmtime::Config::new();
    config.consume_fuel(true).concurrency_support(false);
    let engine = wasmtime::Engine::new(&config)?;
    let component = Component::from_binary(&engine, &wat::parse_str(text).unwrap()).unwrap();
    let mut linker = Linker::new(&engine);
    link(&mut linker)?;
    let speech = Arc::new(speech(10).0);
    let stream = || Output::new(Level::Info, Arc::clone(&speech));
    let world = EmptyWorld::new(stream(), stream(), ClockCtx::new(ClockGrant::default()));
    let mut store = Store::new(&engine, State { world, pace: Pace::default() });
    store.set_fuel(fuel)?;
    let instance = linker.instantiate_async(&mut store, &component).await?;
    let run = instance.get_typed_func::<(), (u32,)>(&mut store, "run")?;
    Ok(run.call_async(&mut store, ()).await?.0)
}

const RANDOM: &str = r#"(import "wasi:random/random@0.2.0" (instance $api
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))"#;

async fn take_random(len: u64, fuel: u64) -> wasmtime::Result<u32> {
    let body = format!("(call $call (i64.const {len}) (i32.const 16)) (i32.load (i32.const 20))");
    run(RANDOM, "get-random-bytes", "(param i64 i32)", &body, fuel).await
}

#[tokio::test]
async fn there_is_randomness_in_small_amounts() {
    assert_eq!(take_random(32, 10_000_000).await.unwrap(), 32);
    assert_eq!(take_random(MAX_RANDOM_BYTES, 10_000_000).await.unwrap(), 65_536);
}

#[tokio::test]
async fn too_much_of_it_is_refused_or_too_dear() {
    let error = take_random(MAX_RANDOM_BYTES + 1, 10_000_000).await.unwrap_err();
    assert!(error.root_cause().to_string().contains("exceeds limit 65536"), "{error:#}");
    let error = take_random(60_000, 5_000_000).await.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&wasmtime::Trap::OutOfFuel));
}

#[tokio::test]
async fn there_are_no_environment_and_no_files() {
    for (import, name) in [
        (
            r#"(import "wasi:cli/environment@0.2.0" (instance $api
            (export "get-environment" (func (result (list (tuple string string)))))))"#,
            "get-environment",
        ),
        (
            r#"(import "wasi:cli/environment@0.2.0" (instance $api
            (export "get-arguments" (func (result (list string))))))"#,
            "get-arguments",
        ),
        (
            r#"(import "wasi:filesystem/types@0.2.0" (instance $types
            (export "descriptor" (type $descriptor (sub resource)))))
            (alias export $types "descriptor" (type $descriptor))
            (import "wasi:filesystem/preopens@0.2.0" (instance $api
            (alias outer 1 $descriptor (type $d)) (export "descriptor" (type $e (eq $d)))
            (export "get-directories" (func (result (list (tuple (own $e) string)))))))"#,
            "get-directories",
        ),
    ] {
        let body = "(i32.store (i32.const 20) (i32.const 7)) (call $call (i32.const 16)) (i32.load (i32.const 20))";
        assert_eq!(run(import, name, "(param i32)", body, 1_000_000).await.unwrap(), 0, "{name}");
    }
}

#[tokio::test]
async fn an_exit_ends_the_guest_and_not_the_host() {
    let import = r#"(import "wasi:cli/exit@0.2.0" (instance $api
        (export "exit" (func (param "status" (result))))))"#;
    let error = run(import, "exit", "(param i32)", "(call $call (i32.const 1)) (i32.const 0)", 1_000_000).await;
    assert!(error.unwrap_err().is::<I32Exit>());
}

/// Makes a call so many times, with so much fuel.
async fn call_often(
    import: &str,
    name: &str,
    signature: &str,
    call: &str,
    times: u32,
    fuel: u64,
) -> wasmtime::Result<u32> {
    let body = format!(
        "(local $i i32)
         (loop $again
           {call}
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const {times}))))
         (local.get $i)"
    );
    run(import, name, signature, &body, fuel).await
}

#[tokio::test]
async fn clocks_and_random_numbers_pay_fuel_for_every_call() {
    let wall = r#"(import "wasi:clocks/wall-clock@0.2.0" (instance $api
        (type $record (record (field "seconds" u64) (field "nanoseconds" u32)))
        (export "datetime" (type $datetime (eq $record)))
        (export "NAME" (func (result $datetime)))))"#;
    let number = r#"(import "INTERFACE@0.2.0" (instance $api (export "NAME" (func (result u64)))))"#;
    let rows = [
        ("wasi:clocks/wall-clock", "now", wall),
        ("wasi:clocks/wall-clock", "resolution", wall),
        ("wasi:clocks/monotonic-clock", "now", number),
        ("wasi:clocks/monotonic-clock", "resolution", number),
        ("wasi:random/random", "get-random-u64", number),
        ("wasi:random/insecure", "get-insecure-random-u64", number),
    ];
    // A call, and less than a tenth of it for the loop around it.
    let fuel = 100 * CALL + 10 * CALL;
    for (interface, name, import) in rows {
        let import = import.replace("INTERFACE", interface).replace("NAME", name);
        let (signature, call) = match import.contains("datetime") {
            true => ("(param i32)", "(call $call (i32.const 16))"),
            false => ("(result i64)", "(drop (call $call))"),
        };
        let paid = call_often(&import, name, signature, call, 100, fuel).await;
        assert_eq!(paid.unwrap(), 100, "{interface} {name}");
        let error = call_often(&import, name, signature, call, 111, fuel).await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&wasmtime::Trap::OutOfFuel), "{interface} {name}: {error:#}");
    }
}

#[tokio::test]
async fn the_empty_world_keeps_so_many_resources_and_not_one_more() {
    let import = r#"(import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $pollable (sub resource)))))
        (alias export $poll "pollable" (type $pollable))
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $api
          (alias outer 1 $pollable (type $p)) (export "pollable" (type $q (eq $p)))
          (export "subscribe-duration" (func (param "when" u64) (result (own $q))))))"#;
    // A timer and what waits for it.
    let most = MAX_RESOURCES as u32 / 2;
    let keep = |timers| {
        call_often(
            import,
            "subscribe-duration",
            "(param i64) (result i32)",
            "(drop (call $call (i64.const 1)))",
            timers,
            10_000_000,
        )
    };
    assert_eq!(keep(most - 1).await.unwrap(), most - 1);
    assert_eq!(keep(most).await.unwrap(), most);
    let error = keep(most + 1).await.unwrap_err();
    assert!(error.root_cause().to_string().contains("no free keys"), "{error:#}");
}
