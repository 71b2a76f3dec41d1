//! The least HTTP a test needs: one request over loopback, the whole answer as text.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// `GET http://HOST:PORT/PATH`: status and body.
///
/// # Errors
/// If nobody answers, or the answer is not HTTP.
pub fn get(url: &str) -> Result<(u16, String)> {
    send("GET", url, &[], b"")
}

/// `POST` with a body: status and body.
///
/// # Errors
/// If nobody answers, or the answer is not HTTP.
pub fn post(url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<(u16, String)> {
    send("POST", url, headers, body)
}

fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Result<(u16, String)> {
    let rest = url.strip_prefix("http://").context("tests speak plain http")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    // HTTP/1.0: the answer ends with the connection and is never chunked.
    write!(stream, "{method} /{path} HTTP/1.0\r\nhost: {host}\r\ncontent-length: {}\r\n", body.len())?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { bail!("not an HTTP answer: {answer}") };
    let status = head.split(' ').nth(1).context("no status line")?.parse()?;
    Ok((status, body.to_owned()))
}
