use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
};

use rustix::process::Signal;

use crate::process::{Running, Said, output, spangate};

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// Sends one span in OTLP's JSON encoding; the status line of the answer.
pub(crate) fn send_span(port: u16, name: &str) -> String {
    let body = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174",
        "name":"{name}","kind":2,"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000"}}]}}]}}]}}"#
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a receiver");
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

fn console(port: u16) -> String {
    format!(
        "[receivers.otlp_http]\nlisten = \"127.0.0.1:{port}\"\n[batch]\nschedule_delay = \"10ms\"\n\
         [exporters.screen]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n"
    )
}

/// An exporter whose backend does not exist.
fn nowhere(port: u16, deadline: &str) -> String {
    let backend = free_port();
    format!(
        "[receivers.otlp_http]\nlisten = \"127.0.0.1:{port}\"\n[batch]\nschedule_delay = \"10ms\"\n[shutdown]\ndeadline = \"{deadline}\"\n\
         [exporters.nowhere]\ncomponent = \"builtin:zipkin\"\ngrants.http.allow = [\"http://127.0.0.1:{backend}\"]\n\
         settings.endpoint = \"http://127.0.0.1:{backend}/api/v2/spans\"\n"
    )
}

#[test]
fn what_was_received_is_delivered_and_accounted_for_at_the_end() {
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let mut running = Running::run(folder.path(), &console(port));
    assert!(running.said().contains(&format!("127.0.0.1:{port}")), "{}", running.said());
    assert_eq!(send_span(port, "buy-a-book"), "HTTP/1.1 200 OK");
    running.wait_for("buy-a-book");
    running.signal(Signal::TERM);
    let said = running.end();
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("buy-a-book"), "{}", said.stdout);
    for part in ["received 1", "screen", "nothing was lost"] {
        assert!(said.stderr.contains(part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn what_could_not_be_delivered_is_told_and_the_exit_code_says_so() {
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let mut running = Running::run(folder.path(), &nowhere(port, "300ms"));
    assert_eq!(send_span(port, "lost"), "HTTP/1.1 200 OK");
    running.wait_for("1 rows are tried again later");
    running.signal(Signal::INT);
    let said = running.end();
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("nowhere lost 1"), "{}", said.stderr);
}

#[test]
fn a_second_interrupt_stops_at_once() {
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let mut running = Running::run(folder.path(), &nowhere(port, "50s"));
    assert_eq!(send_span(port, "stuck"), "HTTP/1.1 200 OK");
    running.signal(Signal::INT);
    running.wait_for("again");
    let said = running.signal_until_the_end(Signal::INT);
    assert_eq!(said.code, Some(130), "{}", said.stderr);
    assert!(said.stderr.contains("undelivered"), "{}", said.stderr);
}

#[test]
fn a_port_in_use_is_named_with_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spangate.toml");
    std::fs::write(&path, console(port)).expect("written");
    let said = output(&["run", path.to_str().expect("UTF-8")]);
    assert_eq!(said.code, Some(1), "{}", said.stderr);
    for part in [format!("127.0.0.1:{port}"), "otlp_http".to_owned(), "in use".to_owned()] {
        assert!(said.stderr.contains(&part), "no {part} in\n{}", said.stderr);
    }
}

#[test]
fn a_wrong_configuration_starts_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spangate.toml");
    let refused = |config: &str| -> Said {
        std::fs::write(&path, config).expect("written");
        output(&["run", path.to_str().expect("UTF-8")])
    };
    let said = refused("[exporters.a]\ncomponent = 5\n[receivers.otlp_http]\nlisten = \"x\"\n");
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("2 errors"), "{}", said.stderr);
    let said =
        refused("[receivers.otlp_http]\nlisten = \"127.0.0.1:0\"\n[exporters.a]\ncomponent = \"builtin:zipkin\"\n");
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    assert!(said.stderr.contains("not granted") && said.stderr.contains("spangate.toml:3:"), "{}", said.stderr);
}

#[test]
fn secrets_show_in_no_output_of_a_run() {
    let (folder, port) = (tempfile::tempdir().expect("a folder"), free_port());
    let config = nowhere(port, "300ms") + "grants.http.headers.authorization = \"Bearer canary-4cb1d0\"\n";
    let path = folder.path().join("spangate.toml");
    std::fs::write(&path, config).expect("written");
    let mut command = crate::process::spangate(&["run", "--log", "debug", path.to_str().expect("UTF-8")]);
    command.env("RUST_BACKTRACE", "1");
    let mut running = Running::start(command);
    running.wait_for("Ctrl-C");
    assert_eq!(send_span(port, "quiet"), "HTTP/1.1 200 OK");
    running.signal(Signal::TERM);
    let said = running.end();
    assert!(!said.stdout.contains("4cb1d0") && !said.stderr.contains("4cb1d0"), "{}\n{}", said.stdout, said.stderr);
}

#[test]
fn a_terminal_that_is_closed_ends_it_as_any_signal_does_unless_it_is_to_outlive_it() {
    let folder = tempfile::tempdir().expect("a folder");
    for (disposition, is_ended) in [("--default-signal=HUP", true), ("--ignore-signal=HUP", false)] {
        let path = folder.path().join("spangate.toml");
        std::fs::write(&path, console(free_port())).expect("written");
        let plain = spangate(&["run", path.to_str().expect("UTF-8")]);
        let mut command = std::process::Command::new("env");
        command.arg(disposition).arg(plain.get_program()).args(plain.get_args()).stdin(std::process::Stdio::null());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut running = Running::start(command);
        running.wait_for("Ctrl-C");
        running.signal(Signal::HUP);
        if !is_ended {
            running.signal(Signal::TERM);
        }
        let said = running.end();
        assert_eq!((said.code, said.stderr.contains("SIGHUP")), (Some(0), is_ended), "{}", said.stderr);
    }
}
