//! A program whose spans leave through a sandboxed exporter, as a text in TOML describes. A thread of its own plays the
//! Zipkin server, so that the example runs anywhere.
//!
//! `cargo run -p spangate --example from_toml`; with `OTEL_SERVICE_NAME=till` before it the name changes.

use std::{
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use spangate::Runtime;

fn main() -> Result<(), Box<dyn Error>> {
    let (url, requests) = play_zipkin()?;

    // What is wrong with the text, with a variable, with a component or with its settings is all told by `start`.
    let runtime = Runtime::from_toml(format!(
        r#"
        [resource]
        service.name = "shop"

        [exporters.zipkin]
        component = "builtin:zipkin"
        grants.http.allow = ["{url}"]       # it reaches nothing else
        settings.endpoint = "{url}/api/v2/spans"
        "#
    ))
    .read_env()
    .start()?;

    let tracer = runtime.tracer("checkout");
    let checkout = tracer.span("checkout").attribute("order", 7).start();
    tracer.span("pay").child_of(&checkout).start().end();
    drop(checkout);

    let report = runtime.shutdown(Duration::from_secs(5));
    println!("{report}");
    assert!(report.is_complete && report.undelivered_rows() == 0, "the server takes everything");

    let body = requests.recv_timeout(Duration::from_secs(5))?;
    assert!(body.contains(r#""name":"pay""#), "{body}");
    println!("the server got {body}");
    Ok(())
}

/// A server on a port of its own that accepts everything; its address, and the bodies it gets.
fn play_zipkin() -> Result<(String, Receiver<String>), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let (sender, requests) = sync_channel(100);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sender = sender.clone();
            thread::spawn(move || serve(&stream, &sender));
        }
    });
    Ok((url, requests))
}

/// Answers one request and closes the connection.
fn serve(mut stream: &TcpStream, requests: &SyncSender<String>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    for line in reader.by_ref().lines() {
        let line = line.ok()?.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()?;
    requests.send(String::from_utf8_lossy(&body).into_owned()).ok()
}
