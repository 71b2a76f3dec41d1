//! Looks for what it was not given: environment, arguments, files, and the operator's headers in what a backend says
//! back. Rejects the batch with everything that it found.

use crate::exporter::http::{self, Body, Request};
use crate::{Batch, Outcome, Settings};

pub fn export(batch: Batch, settings: &Settings) -> Outcome {
    let variables: Vec<_> = std::env::vars_os().collect();
    let arguments: Vec<_> = std::env::args_os().collect();
    let opened = ["/etc/passwd", "/proc/self/environ", ".", "/", "../spangate.toml"];
    let opened: Vec<_> = opened.into_iter().filter(|path| std::fs::metadata(path).is_ok()).collect();
    let listed = std::fs::read_dir("/").is_ok();
    let echoed = settings.urls.iter().map(|url| echo(url, batch.otlp()));
    let echoed = echoed.collect::<Vec<_>>().join(" | ");
    Outcome::Rejected(format!("{variables:?} {arguments:?} {opened:?} {listed} fished: {echoed}"))
}

fn echo(url: &str, body: Vec<u8>) -> String {
    let (method, url) = ("POST".to_owned(), url.to_owned());
    let request = Request { method, url, headers: Vec::new(), body: Body::Bytes(body), timeout_ms: None, http2: false };
    match http::send(request) {
        Ok(response) => format!("{:?} {}", response.headers, String::from_utf8_lossy(&response.body)),
        Err(error) => format!("{error:?}"),
    }
}
