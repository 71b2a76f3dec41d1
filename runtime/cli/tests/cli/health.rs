use std::os::unix::net::UnixDatagram;

use rustix::process::Signal;

use crate::{
    process::{Running, output, spangate},
    run::free_port,
};

fn config(admin: u16) -> String {
    format!(
        "[receivers.otlp_http]\nlisten = \"127.0.0.1:{}\"\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n\
         [exporters.screen]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n",
        free_port()
    )
}

#[test]
fn a_running_spangate_is_alive_and_ready_and_one_that_has_stopped_is_neither() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = Running::run(folder.path(), &config(free_port()));
    let path = folder.path().join("spangate.toml");
    let path = path.to_str().expect("UTF-8");
    for args in [&["health", path][..], &["health", "--ready", path]] {
        let said = output(args);
        assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
        assert!(!said.stdout.is_empty());
    }
    running.signal(Signal::TERM);
    assert_eq!(running.end().code, Some(0));
    let said = output(&["health", path]);
    assert_eq!(said.code, Some(1));
    assert!(said.stderr.contains("/livez: "), "{}", said.stderr);
}

#[test]
fn without_an_admin_endpoint_there_is_nobody_to_ask() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spangate.toml");
    std::fs::write(&path, "[exporters.screen]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n")
        .expect("written");
    let said = output(&["health", path.to_str().expect("UTF-8")]);
    assert_eq!(said.code, Some(2));
    assert!(said.stderr.contains("add `[admin]`"), "{}", said.stderr);
}

#[test]
fn whoever_supervises_it_is_told_when_it_is_ready_and_when_it_stops() {
    let folder = tempfile::tempdir().expect("a folder");
    let manager = UnixDatagram::bind(folder.path().join("notify")).expect("a socket");
    manager.set_nonblocking(true).expect("a socket");
    let told = || {
        let mut buffer = [0; 64];
        manager.recv(&mut buffer).map(|length| String::from_utf8_lossy(&buffer[..length]).into_owned()).ok()
    };
    let path = folder.path().join("spangate.toml");
    std::fs::write(&path, config(free_port())).expect("written");
    let mut command = spangate(&["run", path.to_str().expect("UTF-8")]);
    command.env("NOTIFY_SOCKET", folder.path().join("notify"));
    let mut running = Running::start(command);
    running.wait_for("Ctrl-C");
    running.signal(Signal::TERM);
    running.end();
    assert_eq!([told(), told(), told()], [Some("READY=1".to_owned()), Some("STOPPING=1".to_owned()), None]);
}
