//! Bad senders against the whole program: rows I22, I25 and I30 of the list of bad inputs.

use std::{
    io::Write,
    net::TcpStream,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use anyhow::Result;
use http::StatusCode;
use prost::Message;
use serde_json::Value;
use spangate_tests::{
    Collector, OtelClient, Server, Spangate, Status, binary, free_port, get, post, samples, tree_in, wait_until,
};

const PROTOBUF: &[(&str, &str)] = &[("content-type", "application/x-protobuf")];

struct Ports {
    http: u16,
    grpc: u16,
    admin: u16,
}

impl Ports {
    fn free() -> Self {
        Self { http: free_port(), grpc: free_port(), admin: free_port() }
    }

    fn traces(&self) -> String {
        format!("http://127.0.0.1:{}/v1/traces", self.http)
    }

    /// Everything goes to `sink`; what is full refuses.
    fn config(&self, sink: &Collector) -> String {
        let Self { http, grpc, admin } = self;
        let url = sink.url();
        format!(
            r#"
            [receivers.otlp_http]
            listen = "127.0.0.1:{http}"
            [receivers.otlp_grpc]
            listen = "127.0.0.1:{grpc}"
            [admin]
            listen = "127.0.0.1:{admin}"
            [batch]
            schedule_delay = "50ms"
            [exporters.sink]
            component = "builtin:otlp"
            required = true
            queue.max_queue_size = 8
            retry = {{ initial = "100ms", max = "200ms" }}
            grants.http.allow = ["{url}"]
            settings.endpoint = "{url}"
            "#
        )
    }

    /// A number of both receivers together, by its path in `/status`.
    fn counted(&self, path: &[&str]) -> Option<u64> {
        let (_, text) = get(&format!("http://127.0.0.1:{}/status", self.admin)).ok()?;
        let status: Value = serde_json::from_str(&text).ok()?;
        let receivers = status["receivers"].as_array()?;
        let count =
            |receiver| path.iter().fold(receiver, |value: &Value, key| &value[*key]).as_u64().unwrap_or_default();
        Some(receivers.iter().map(count).sum())
    }

    /// A metric of the receiver of OTLP over HTTP.
    fn metric(&self, name: &str) -> Option<u64> {
        let (_, text) = get(&format!("http://127.0.0.1:{}/metrics", self.admin)).ok()?;
        let line = text.lines().find(|line| line.starts_with(&format!("{name}{{receiver=\"otlp_http\"")))?;
        line.rsplit(' ').next()?.parse::<f64>().ok().map(|value| value as u64)
    }
}

fn good() -> Vec<u8> {
    samples::every_span_field(1).encode_to_vec()
}

/// Resident memory of a process, KiB.
fn resident_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a running process");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its resident memory");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn i22_ten_thousand_idle_connections_lock_nobody_out_and_cost_what_the_cap_allows() -> Result<()> {
    let (ports, sink) = (Ports::free(), Collector::start());
    let spangate = Spangate::run(&ports.config(&sink), ports.admin)?;
    assert_eq!(post(&ports.traces(), PROTOBUF, &good())?.0, 200);
    let before = resident_kib(spangate.server.id());
    let mut idle = Vec::new();
    for number in 0..10_000 {
        let mut stream = TcpStream::connect(("127.0.0.1", ports.http))?;
        // Every second one has begun to say something.
        if number % 2 == 0 {
            let _ = stream.write_all(b"POST /v1/traces HTTP/1.1\r\nhost: x\r\n");
        }
        idle.push(stream);
        if number % 1_000 == 0 {
            assert_eq!(post(&ports.traces(), PROTOBUF, &good())?.0, 200, "beside {number} idle connections");
        }
    }
    assert_eq!(post(&ports.traces(), PROTOBUF, &good())?.0, 200);
    // What is open now is 1,024 connections and what is on its way out: far below a megabyte for each ten.
    let grown = resident_kib(spangate.server.id()).saturating_sub(before);
    assert!(grown < 96 << 10, "{grown} KiB");
    wait_until("the cap holds", || (ports.metric("spangate_receiver_connections_open")? <= 1_024).then_some(()));
    assert_eq!(ports.metric("spangate_receiver_connections_refused_total"), Some(0));
    drop(idle);
    wait_until("all of them are gone", || (ports.metric("spangate_receiver_connections_open")? == 0).then_some(()));
    assert_eq!(post(&ports.traces(), PROTOBUF, &good())?.0, 200);
    let (status, log) = spangate.server.terminate()?;
    assert!(status.success(), "{log}");
    Ok(())
}

#[test]
fn i25_a_process_without_file_descriptors_accepts_again_once_it_has_some() -> Result<()> {
    let (ports, sink) = (Ports::free(), Collector::start());
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("spangate.toml");
    std::fs::write(&config, ports.config(&sink))?;
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64 && exec \"$0\" run \"$1\""]).arg(binary()).arg(&config).env("NO_COLOR", "1");
    let ready = format!("http://127.0.0.1:{}/readyz", ports.admin);
    let server = Server::start(&mut command, || matches!(get(&ready), Ok((200, _))))?;
    let mut many = Vec::new();
    for _ in 0..100 {
        many.push(TcpStream::connect(("127.0.0.1", ports.http))?);
    }
    wait_until("it has run out", || server.log().contains("cannot accept connections").then_some(()));
    drop(many);
    wait_until("it accepts again", || matches!(get(&ready), Ok((200, _))).then_some(()));
    assert!(ports.metric("spangate_receiver_accept_errors_total") > Some(0), "{}", server.log());
    wait_until("a request is taken", || matches!(post(&ports.traces(), PROTOBUF, &good()), Ok((200, _))).then_some(()));
    wait_until("and delivered", || (!sink.received().is_empty()).then_some(()));
    Status::ask(ports.admin).assert_accounted();
    let (status, log) = server.terminate()?;
    assert!(status.success(), "{log}");
    Ok(())
}

#[test]
fn i30_sdks_that_send_into_an_overload_lose_nothing() -> Result<()> {
    let Some(clients) = OtelClient::all() else { return Ok(()) };
    let is_down = Arc::new(AtomicBool::new(true));
    let answer = is_down.clone();
    let sink = Collector::answering(move |_| match answer.load(Relaxed) {
        true => StatusCode::SERVICE_UNAVAILABLE,
        false => StatusCode::OK,
    });
    let ports = Ports::free();
    let spangate = Spangate::run(&ports.config(&sink), ports.admin)?;
    let mut refused_clients = 0;
    // The fifth, of JavaScript over gRPC, does not try again: it gives up what it is refused.
    for client in &clients[..4] {
        is_down.store(true, Relaxed);
        let before = ports.counted(&["requests", "refused"]).expect("a count");
        let trace_id = std::thread::scope(|scope| {
            let mut own = 0u64;
            // Keeps the queue full: what is taken is delivered later.
            let fill =
                |own: &mut u64| *own += u64::from(matches!(post(&ports.traces(), PROTOBUF, &good()), Ok((429, _))));
            (0..20).for_each(|_| fill(&mut own));
            let endpoint = format!("http://127.0.0.1:{}", if client.is_grpc() { ports.grpc } else { ports.http });
            let sending = scope.spawn(move || client.send(&endpoint, &[]));
            while ports.counted(&["requests", "refused"]).unwrap_or_default() <= before + own && !sending.is_finished()
            {
                fill(&mut own);
            }
            refused_clients += u32::from(!sending.is_finished());
            is_down.store(false, Relaxed);
            sending.join().expect("a client")
        })?;
        let arrived = wait_until("its trace", || tree_in(&sink, &trace_id));
        assert_eq!(arrived, OtelClient::tree(), "{client:?}");
    }
    assert!(refused_clients > 0, "nobody was refused");
    Status::ask(ports.admin).assert_accounted();
    let (status, log) = spangate.server.terminate()?;
    assert!(status.success(), "{log}");
    Ok(())
}
