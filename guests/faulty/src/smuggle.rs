//! Tries to have the backend at `url` read more requests than were sent, or another host's: every way is to be refused
//! before a byte leaves. Rejects the batch with the number of each way that was not.

use crate::exporter::http::{self, Body, Request};
use crate::{Batch, Outcome, Settings};

const SECOND: &str = "x\r\n\r\nPOST /smuggled HTTP/1.1\r\nhost: other\r\n\r\n";

pub fn export(_: Batch, settings: &Settings) -> Outcome {
    let through = ways(&settings.url).into_iter().enumerate().filter_map(|(number, request)| {
        let sent = http::send(request).ok()?;
        Some(format!("way {number} came through: {}", sent.status))
    });
    Outcome::Rejected(format!("tried everything: {}", through.collect::<Vec<_>>().join(", ")))
}

fn ways(url: &str) -> Vec<Request> {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = |method: &str, url: String, headers| {
        let body = Body::Text("0\r\n\r\nPOST /smuggled HTTP/1.1\r\n\r\n".to_owned());
        Request { method: method.to_owned(), url, headers, body, timeout_ms: None, http2: false }
    };
    let mut ways: Vec<Request> = [
        header("host", "169.254.169.254"),
        header("Host", "other"),
        header("content-length", "0"),
        header("Content-Length", "4, 5"),
        header("transfer-encoding", "chunked"),
        header("Transfer-Encoding", " chunked"),
        header("connection", "x-secret"),
        header("upgrade", "h2c"),
        header("te", "chunked"),
        header("proxy-authorization", "Basic eDp5"),
        header("x-a", SECOND),
        header("x-a\r\nx-b", "c"),
        header("x-a: b\r\nx-c", "d"),
        header("", "nameless"),
        header("x-nul", "a\0b"),
    ]
    .into_iter()
    .map(|header| request("POST", url.to_owned(), vec![header]))
    .collect();
    let authority = url.trim_start_matches("http://");
    for url in [
        format!("http://user:password@{authority}/"),
        format!("http://{authority}@other.example/"),
        format!("http://other.example\\@{authority}/"),
        format!("//{authority}/"),
        "/relative".to_owned(),
        format!("{url}\r\nhost: other"),
        format!("http://other.example/{url}"),
        format!("{url}.other.example/"),
        String::new(),
        "x".repeat(9 << 10),
    ] {
        ways.push(request("POST", url, Vec::new()));
    }
    for method in ["CONNECT", "TRACE", "PRI", "POST / HTTP/1.1\r\nx: y\r\n\r\nGET", "", "P OST"] {
        ways.push(request(method, url.to_owned(), Vec::new()));
    }
    ways
}
