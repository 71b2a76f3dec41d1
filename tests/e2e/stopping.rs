//! A process that is told to stop at a bad moment, or is stopped and goes on later: what was lost is told to the span, and
//! nothing is taken for a fault that was none.

use std::{
    fs,
    net::TcpListener,
    process::Command,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use anyhow::Result;
use http::StatusCode;
use prost::Message;
use spangate_tests::{
    Collector, Server, Spangate, Status, binary, dear_component, free_port, post, samples, wait_until,
};

/// Rows of one request.
const ROWS: u64 = 6;

/// An exporter that sends to `url`.
fn exporter(name: &str, url: &str) -> String {
    format!(
        "[exporters.{name}]\ncomponent = \"builtin:otlp\"\nlimits.deadline = \"2s\"\ngrants.http.allow = [\"{url}\"]\n\
         settings.endpoint = \"{url}\"\nretry = {{ initial = \"10ms\", max = \"50ms\" }}\n"
    )
}

struct Scene {
    spangate: Spangate,
    receiver: String,
    admin: u16,
}

impl Scene {
    fn with(exporters: &str, drain: &str) -> Result<Self> {
        let (http, admin) = (free_port(), free_port());
        let config = format!(
            "receivers.otlp_http.listen = \"127.0.0.1:{http}\"\nadmin.listen = \"127.0.0.1:{admin}\"\n\
             batch.schedule_delay = \"10ms\"\nshutdown.deadline = \"{drain}\"\n{exporters}"
        );
        let spangate = Spangate::run(&config, admin)?;
        Ok(Self { spangate, receiver: format!("http://127.0.0.1:{http}/v1/traces"), admin })
    }

    fn send(&self) -> Result<()> {
        let body = samples::every_span_field(2).encode_to_vec();
        let (status, answer) = post(&self.receiver, &[("content-type", "application/x-protobuf")], &body)?;
        anyhow::ensure!(status == 200, "{status} {answer}");
        Ok(())
    }

    fn status(&self) -> Status {
        Status::ask(self.admin)
    }

    fn wait_for_rows(&self, exporter: &str, column: &str, rows: u64) {
        wait_until(column, || (self.status().rows(exporter, column) == rows).then_some(()));
    }
}

/// A backend whose kernel takes connections that nobody ever looks at.
fn blackhole() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

#[test]
fn p3_sigterm_in_an_export_ends_within_its_deadline_and_counts_what_is_lost() -> Result<()> {
    let (_listener, url) = blackhole();
    let scene = Scene::with(&exporter("stuck", &url), "300ms")?;
    scene.send()?;
    scene.wait_for_rows("stuck", "in_flight", ROWS);
    scene.send()?;
    scene.wait_for_rows("stuck", "accepted", 2 * ROWS);
    let (status, log) = scene.spangate.server.terminate()?;
    assert_eq!(status.code(), Some(3), "{log}");
    assert!(log.contains("stuck lost 12: shutdown 12"), "{log}");
    Ok(())
}

#[test]
fn p3_a_second_sigterm_in_an_export_ends_the_drain_and_counts_what_is_lost() -> Result<()> {
    let (_listener, url) = blackhole();
    let scene = Scene::with(&exporter("stuck", &url), "20s")?;
    scene.send()?;
    scene.wait_for_rows("stuck", "in_flight", ROWS);
    let server = scene.spangate.server;
    server.signal("TERM")?;
    wait_until("the drain", || server.log().contains("stopping on SIGTERM").then_some(()));
    // Two that follow each other at once count as one.
    thread::sleep(Duration::from_millis(400));
    server.signal("TERM")?;
    let (status, log) = server.end()?;
    assert_eq!(status.code(), Some(3), "{log}");
    assert!(log.contains("stuck lost 6: undelivered 6"), "{log}");
    Ok(())
}

#[test]
fn p3_sigterm_while_a_component_is_compiled_waits_for_no_compiler() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let component = folder.path().join("dear.wasm");
    fs::write(&component, dear_component())?;
    let config = folder.path().join("spangate.toml");
    let toml = format!(
        "receivers.otlp_http.listen = \"127.0.0.1:{}\"\nsandbox.cache_dir = {:?}\n\
         [exporters.dear]\ncomponent = {component:?}\ngrants.terminal = true\n",
        free_port(),
        folder.path().join("cache")
    );
    fs::write(&config, toml)?;
    let server = Server::start(Command::new(binary()).arg("run").arg(&config).env("NO_COLOR", "1"), || true)?;
    wait_until("the compiler", || server.log().contains("dear: compiling").then_some(()));
    let (status, log) = server.terminate()?;
    assert_eq!(status.code(), Some(130), "{log}");
    assert!(!log.contains("runs "), "it was compiled before it was told to stop: {log}");
    Ok(())
}

/// Answers when it is opened, and counts who asks.
#[derive(Default)]
struct Gate {
    asked: AtomicUsize,
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) -> StatusCode {
        self.asked.fetch_add(1, SeqCst);
        drop(self.opened.wait_while(self.is_open.lock().expect("a gate"), |is_open| !*is_open).expect("a gate"));
        StatusCode::OK
    }

    fn open(&self) {
        *self.is_open.lock().expect("a gate") = true;
        self.opened.notify_all();
    }
}

#[test]
fn p5_k2_a_process_that_stood_still_takes_its_calls_up_where_they_were() -> Result<()> {
    const EXPORTERS: [&str; 3] = ["one", "two", "three"];
    let gates = EXPORTERS.map(|_| Arc::<Gate>::default());
    let collectors = gates.clone().map(|gate| Collector::answering(move |_| gate.pass()));
    let exporters: String =
        EXPORTERS.iter().zip(&collectors).map(|(name, collector)| exporter(name, &collector.url())).collect();
    let scene = Scene::with(&exporters, "5s")?;
    scene.send()?;
    for gate in &gates {
        wait_until("the requests", || (gate.asked.load(SeqCst) == 1).then_some(()));
    }
    // Twice as long as a call may take, and the answers come meanwhile.
    scene.spangate.server.signal("STOP")?;
    let stat = format!("/proc/{}/stat", scene.spangate.server.id());
    let is_stopped = || fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "));
    wait_until("the stop", || is_stopped().then_some(()));
    thread::sleep(Duration::from_secs(4));
    assert!(is_stopped(), "somebody else woke it");
    gates.iter().for_each(|gate| gate.open());
    scene.spangate.server.signal("CONT")?;
    for (name, gate) in EXPORTERS.iter().zip(&gates) {
        scene.wait_for_rows(name, "delivered", ROWS);
        let asked = gate.asked.load(SeqCst);
        assert!(asked <= 2, "{name} asked {asked} times for one batch");
    }
    let status = scene.status();
    for name in EXPORTERS {
        assert_eq!(status.exporter(name)["last_fault"], serde_json::Value::Null, "{name}");
        assert_eq!(status.exporter(name)["state"], "healthy", "{name}");
    }
    status.assert_accounted();
    let (ended, log) = scene.spangate.server.terminate()?;
    assert!(ended.success(), "{log}");
    Ok(())
}
