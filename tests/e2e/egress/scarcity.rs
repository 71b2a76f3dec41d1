//! No more files and sockets to be had: connections are refused on both sides, and everything goes on once there are.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use anyhow::Result;
use prost::Message;
use spangate_tests::{Collector, Ports, Spangate, Status, exporter_to, post, samples, wait_until};

const MAX_FILES: u32 = 64;

#[test]
fn n14_without_a_free_descriptor_nothing_is_lost_and_the_receiver_comes_back() -> Result<()> {
    let (backend, ports) = (Collector::start(), Ports::free());
    let config = format!(
        r#"
        {tables}
        [batch]
        schedule_delay = "10ms"
        {out}
        retry = {{ initial = "10ms", max = "100ms" }}
        "#,
        tables = ports.tables(),
        out = exporter_to(&backend.url(), "out", "builtin:otlp"),
    );
    let Ports { http, admin } = ports;
    let spangate = Spangate::run_with_few_files(&config, admin, MAX_FILES)?;
    let body = samples::every_span_field(2).encode_to_vec();
    let mut open_already = TcpStream::connect(("127.0.0.1", http))?;
    let answer = exchange(&mut open_already, b"")?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let idle: Vec<_> = (0..2 * MAX_FILES).map_while(|_| TcpStream::connect(("127.0.0.1", http)).ok()).collect();
    wait_until("the last descriptor", || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", spangate.server.id())).ok()?.count();
        (open >= MAX_FILES as usize).then_some(())
    });
    let answer = exchange(&mut open_already, &body)?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    wait_until("a connection that cannot be made", || {
        let log = spangate.server.log();
        log.lines().any(|line| line.contains(" out: ") && line.contains("os error 24")).then_some(())
    });
    assert!(backend.received().is_empty());

    drop(idle);
    let (status, _) = wait_until("the receiver", || {
        post(&format!("http://127.0.0.1:{http}/v1/traces"), &[("content-type", "application/x-protobuf")], &body).ok()
    });
    assert_eq!(status, 200);
    let status =
        wait_until("everything", || Some(Status::ask(admin)).filter(|status| status.rows("out", "delivered") == 12));
    status.assert_accounted();
    let (ended, log) = spangate.server.terminate()?;
    assert!(ended.success(), "{ended}\n{log}");
    Ok(())
}

/// Posts `body` over a connection that stays open: the head of the answer.
fn exchange(stream: &mut TcpStream, body: &[u8]) -> Result<String> {
    let length = body.len();
    write!(
        stream,
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: {length}\r\n\r\n"
    )?;
    stream.write_all(body)?;
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer[..read]).into_owned())
}
