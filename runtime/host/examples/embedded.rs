//! A program with a `main` that is not async records spans and has them delivered. What it adds is marked.
//!
//! `cargo run -p spangate --example embedded`

use std::{sync::Arc, time::Duration};

use spangate::{Runtime, Subscription};

mod print;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let exporter = Arc::new(print::Print); // +
    let runtime = Runtime::builder().exporter("print", exporter, Subscription::spans()).start()?; // +
    let tracer = runtime.tracer("shop"); // +

    for order in 1..=3 {
        let mut span = tracer.span("checkout").attribute("order", order).start(); // +
        let paid = pay(order, &tracer, &span);
        span.set_attribute("paid", paid); // +
    }

    println!("{}", runtime.shutdown(Duration::from_secs(5))); // +
    Ok(())
}

fn pay(order: i64, tracer: &spangate::core::tracer::Tracer, parent: &spangate::core::tracer::Span) -> bool {
    let _span = tracer.span("pay").child_of(parent).start(); // + ends when it goes out of scope
    order != 2
}
