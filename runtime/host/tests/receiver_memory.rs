//! How much memory the worst requests cost. A process of its own, since a peak is one of the whole process.
#![cfg(target_os = "linux")]

#[path = "receivers/peak.rs"]
mod peak;

use std::{
    io::{Read, Write, copy, repeat},
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use flate2::{Compression, write::GzEncoder};
use spangate::{
    config,
    receiver::{Outcome, ReceiverStats, start_otlp_http},
    telemetry::Log,
};

use self::peak::{Nobody, peak_bytes};

fn post(address: SocketAddr, content_type: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
    )
    .unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// 1 GiB of zeros in a thousandth of it.
fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    copy(&mut repeat(0).take(1 << 20), &mut encoder).unwrap();
    encoder.finish().unwrap().repeat(1024)
}

/// Spans of two bytes each, up to just below the limit of 20 MiB.
fn empty_spans() -> Vec<u8> {
    let content = 20 * 1024 * 1024 - 64;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut head = vec![0x0a];
    prost::encoding::encode_varint(content as u64 + 5, &mut head);
    head.push(0x12);
    prost::encoding::encode_varint(content as u64, &mut head);
    encoder.write_all(&head).unwrap();
    encoder.write_all(&[0x12, 0].repeat(content / 2)).unwrap();
    encoder.finish().unwrap()
}

/// A number that is a text, of a letter that a quotation escapes with six, up to just below the limit of 20 MiB.
fn number_of_text() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":""#).unwrap();
    copy(&mut repeat(0x7f).take((20 << 20) - 128), &mut encoder).unwrap();
    encoder.write_all(br#""}]}]}]}"#).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn i03_i04_bombs_cost_some_bodies_and_not_what_they_would_become() {
    let mut config = config::Receiver::otlp_http();
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let limit = config.max_request_bytes;
    let stats = Arc::new(ReceiverStats::default());
    let log = Log::new(Arc::new(Nobody));
    let receiver = start_otlp_http(config, Arc::new(Nobody), log, stats.clone()).await.unwrap();
    let (bomb, empty_spans, number, address) = (bomb(), empty_spans(), number_of_text(), receiver.local_addr());
    // Making them has cost memory too, which is part of the peak that later ones are measured against.
    let before = peak_bytes();
    let sending = std::thread::spawn(move || {
        for body in [&bomb, &empty_spans].into_iter().cycle().take(2) {
            let answer = post(address, "application/x-protobuf", body);
            assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        }
        let answer = post(address, "application/json", &number);
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("startTimeUnixNano"), "{answer}");
    });
    while !sending.is_finished() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    sending.join().unwrap();
    let grown = peak_bytes() - before;
    assert_eq!(stats.requests(Outcome::TooLarge), 2);
    // The inflated body, and what the allocator keeps of earlier ones on each thread; nothing per span, and nothing
    // beyond the limit: either would be gigabytes.
    assert!(grown < 6 * limit, "{grown} bytes");
}
