//! An ordinary axum service. The lines that make it trace through sandboxed exporters are marked.
//!
//! `cargo run -p spangate-tracing --example axum -- 127.0.0.1:3000` reads `spangate.toml` in the current folder, such as
//! the one beside this file, and serves `GET /orders/7`. `reqwest.rs` is a client for it.

use std::{env, error::Error, time::Duration};

use axum::{
    Router,
    extract::{Path, Request},
    routing::get,
};
use spangate_tracing::{SpanExt, extract}; // +
use tokio::{
    net::TcpListener,
    signal::{
        ctrl_c,
        unix::{SignalKind, signal},
    },
};
use tower_http::trace::TraceLayer;
use tracing::{info, info_span, instrument, level_filters::LevelFilter};
use tracing_subscriber::{fmt, prelude::*};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let runtime = spangate::Runtime::from_toml_file("spangate.toml").start()?; // +
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(fmt::layer())
        .with(spangate_tracing::layer(runtime.tracer("shop"))) // +
        .init();

    let trace = TraceLayer::new_for_http().make_span_with(|request: &Request| {
        let span = info_span!(
            "request",
            method = %request.method(),
            path = request.uri().path(),
            otel.kind = "server", // +
        );
        span.set_parent(extract(request.headers())).ok(); // +
        span
    });
    let app = Router::new().route("/orders/{id}", get(order)).layer(trace);

    let listener = TcpListener::bind(env::args().nth(1).as_deref().unwrap_or("127.0.0.1:3000")).await?;
    info!("listening on {}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    println!("{}", runtime.shutdown_async(Duration::from_secs(5)).await); // +
    Ok(())
}

#[instrument]
async fn order(Path(id): Path<u64>) -> String {
    let stock = count_stock(id).await;
    info!(stock, "order looked up");
    format!("order {id}: {stock} in stock\n")
}

#[instrument]
async fn count_stock(id: u64) -> u64 {
    tokio::time::sleep(Duration::from_millis(3)).await;
    id * 6
}

/// Waits for Ctrl-C or SIGTERM.
async fn stopped() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        }
        Err(_) => drop(ctrl_c().await),
    }
}
