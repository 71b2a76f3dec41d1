//! A program whose `main` is not async records spans and has them delivered. The lines it adds for that are marked.
//!
//! `cargo run -p spangate --example embedded`

use std::{sync::Arc, time::Duration};

use spangate::{
    Runtime, Subscription,
    core::{
        batch::Batch,
        columns::pair,
        exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
        tracer::{Span, Tracer},
    },
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Runtime::builder().exporter("print", Arc::new(Print), Subscription::spans()).start()?; // +
    let tracer = runtime.tracer("shop"); // +

    for order in 1..=3 {
        let mut span = tracer.span("checkout").attribute("order", order).start(); // +
        let is_paid = pay(order, &tracer, &span);
        span.set_attribute("paid", is_paid); // +
    }

    println!("{}", runtime.shutdown(Duration::from_secs(5))); // +
    Ok(())
}

fn pay(order: i64, tracer: &Tracer, parent: &Span) -> bool {
    let _span = tracer.span("pay").child_of(parent).start(); // + it ends when it goes out of scope
    order != 2
}

/// The smallest exporter: one line per span. A sandboxed one takes its place by a configuration.
struct Print;

impl Exporter for Print {
    fn export(&self, batch: Arc<Batch>, _attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async move {
            let columns = batch.columns();
            for row in 0..batch.len() as usize {
                println!("span {}", columns.text_at(pair(&columns.spans.name, row)));
            }
            Ok(ExportOutcome::Accepted)
        })
    }
}
