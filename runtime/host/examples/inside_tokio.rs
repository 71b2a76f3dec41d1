//! An asynchronous program: spans live across `.await`s and tasks, and nothing here ever blocks the program's threads.
//! The sandboxed exporter `console` draws the trace.
//!
//! `cargo run -p spangate --example inside_tokio`

use std::{error::Error, time::Duration};

use spangate::{
    Runtime,
    core::{context::SpanContext, tracer::Tracer},
};
use tokio::time::sleep;

const CONFIG: &str = r#"
[exporters.console]
component = "builtin:console"
grants.terminal = true
"#;

// A current-thread runtime is enough: spangate has threads of its own.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Starting compiles components when it happens for the first time. In a server, do it before the first request.
    let runtime = Runtime::from_toml(CONFIG).service_name("shop").start()?;
    // What is left if a panic or an early return skips the end of `main`. It blocks; `shutdown_async` below does not.
    let runtime = runtime.shutdown_on_drop(Duration::from_secs(5));

    let tracer = runtime.tracer("checkout");
    let mut checkout = tracer.span("checkout").start();
    let (paid, reserved) = tokio::join!(
        tokio::spawn(pay(tracer.clone(), checkout.context().clone())),
        tokio::spawn(reserve(tracer.clone(), checkout.context().clone())),
    );
    checkout.set_attribute("paid", paid?);
    checkout.set_attribute("reserved", reserved?);
    drop(checkout);

    let report = runtime.shutdown_async(Duration::from_secs(5)).await;
    println!("{report}");
    assert!(report.is_complete, "the terminal takes everything");
    Ok(())
}

async fn pay(tracer: Tracer, parent: SpanContext) -> bool {
    let _span = tracer.span("pay").child_of_context(&parent).start();
    sleep(Duration::from_millis(20)).await;
    true
}

async fn reserve(tracer: Tracer, parent: SpanContext) -> i64 {
    let mut span = tracer.span("reserve").child_of_context(&parent).start();
    sleep(Duration::from_millis(10)).await;
    span.add_event("stock.low", []);
    2
}
