//! An ordinary client whose trace goes on in the service it calls. The lines it adds for that are marked.
//!
//! `cargo run -p spangate-tracing --example reqwest -- http://127.0.0.1:3000/orders/7` reads `spangate.toml` in the current
//! folder, such as the one beside this file, and calls the service of `axum.rs`.

use std::{env, error::Error, time::Duration};

use reqwest::{Client, header::HeaderMap};
use spangate_tracing::{SpanExt, inject}; // +
use tracing::{Span, info, instrument, level_filters::LevelFilter};
use tracing_subscriber::{fmt, prelude::*};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let runtime = spangate::Runtime::from_toml_file("spangate.toml").start()?; // +
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(fmt::layer())
        .with(spangate_tracing::layer(runtime.tracer("customer"))) // +
        .init();

    let url = env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:3000/orders/7".to_owned());
    let answer = look_up(&client()?, &url).await;
    println!("{}", runtime.shutdown_async(Duration::from_secs(5)).await); // +
    print!("{}", answer?);
    Ok(())
}

#[instrument(skip(client), err)]
async fn look_up(client: &Client, url: &str) -> Result<String, reqwest::Error> {
    let text = request(client, url).await?;
    info!(bytes = text.len(), "answered");
    Ok(text)
}

#[instrument(skip(client), fields(otel.kind = "client"))]
async fn request(client: &Client, url: &str) -> Result<String, reqwest::Error> {
    let mut headers = HeaderMap::new();
    inject(&Span::current().context(), &mut headers); // +
    client.get(url).headers(headers).send().await?.error_for_status()?.text().await
}

/// This workspace builds `reqwest` without a TLS library of its own choice; elsewhere `Client::new()` is all.
#[expect(clippy::disallowed_methods, reason = "a program may choose what its process uses")]
fn client() -> Result<Client, reqwest::Error> {
    // Fails if there is one already, which will do as well.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder().timeout(Duration::from_secs(20)).build()
}
