//! Records one span with `tracing`, has a sandboxed exporter send it over loopback, and looks whether it came.
//!
//! `empty COMPONENT CACHE_DIR`: COMPONENT is `builtin:otlp` or a file, CACHE_DIR holds compiled components.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
    time::Duration,
};

use tracing_subscriber::layer::SubscriberExt;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [component, cache] = [1, 2].map(|n| std::env::args().nth(n).expect("COMPONENT CACHE_DIR"));
    let sink = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", sink.local_addr()?);
    let received = thread::spawn(move || receive(&sink));

    let runtime = spangate::Runtime::from_toml(format!(
        "sandbox.cache_dir = {cache:?}\n[exporters.otlp]\ncomponent = {component:?}\n\
         grants.http.allow = [{url:?}]\nsettings.endpoint = {url:?}\n"
    ))
    .start()?;
    let layer = spangate_tracing::layer(runtime.tracer("empty"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        tracing::info_span!("checkout", order = 7).in_scope(|| ());
    });
    let report = runtime.shutdown(Duration::from_secs(10));
    println!("{report}");
    assert!(report.is_complete, "the span was delivered");

    let request = received.join().expect("a request")?;
    assert!(request.windows(8).any(|bytes| bytes == b"checkout"), "the span is in it");
    Ok(())
}

/// One request, answered with success.
fn receive(sink: &TcpListener) -> std::io::Result<Vec<u8>> {
    let (mut stream, _) = sink.accept()?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&request) {
        let length = stream.read(&mut piece)?;
        request.extend_from_slice(&piece[..length]);
    }
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")?;
    Ok(request)
}

fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    request.len() - end - 4 >= length.unwrap_or(0)
}
