//! OTLP over gRPC out, to a server that nobody here wrote: grpcio.

use std::{net::TcpStream, path::Path, process::Command};

use anyhow::Result;
use spangate_tests::{Server, backend, free_port, wait_until};

use super::stage::Stage;

/// A server with these answers, and a spangate that sends to it with these settings; none without Python.
fn scene(answers: &[&str], settings: &str) -> Result<Option<(Server, Stage)>> {
    let Some(python) = backend("python") else { return Ok(None) };
    let port = free_port();
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("backends/python/serve.py"));
    command.arg(port.to_string()).args(answers);
    let server = Server::start(&mut command, || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
    let url = format!("http://127.0.0.1:{port}");
    let stage = Stage::start(
        "",
        &format!(
            r#"
            retry = {{ initial = "10ms", max = "100ms", pause = "300ms" }}
            [exporters.out.grants.http]
            allow = ["{url}"]
            [exporters.out.settings]
            protocol = "grpc"
            endpoint = "{url}"
            {settings}
            "#
        ),
    )?;
    Ok(Some((server, stage)))
}

#[test]
fn a_server_that_is_busy_and_one_that_does_not_know_us_yet_get_every_span_in_the_end() -> Result<()> {
    let answers = ["UNAVAILABLE", "exhausted", "UNAUTHENTICATED", "ABORTED"];
    let Some((server, stage)) = scene(&answers, "compression = \"gzip\"")? else { return Ok(()) };
    stage.send(&[])?;
    wait_until("everything", || (stage.status().rows("out", "delivered") == 6).then_some(()));
    let status = stage.status();
    let attempts = &status.exporter("out")["attempts"];
    assert_eq!((&attempts["retry_after"], &attempts["unauthorized"]), (&3.into(), &1.into()));
    status.assert_accounted();
    assert_eq!(server.log().lines().count(), 6, "{}", server.log());
    Ok(())
}

#[test]
fn an_answer_that_comes_compressed_is_heeded_and_so_is_a_status_in_another_alphabet() -> Result<()> {
    let settings = "headers = { \"grpc-accept-encoding\" = \"gzip\" }";
    let Some((_server, stage)) = scene(&["partial", "INVALID_ARGUMENT"], settings)? else { return Ok(()) };
    stage.send(&[])?;
    wait_until("the answer", || (stage.status().rows("out", "rejected") == 2).then_some(()));
    assert_eq!(stage.status().rows("out", "delivered"), 4);
    stage.send(&[])?;
    wait_until("the refusal", || (stage.status().rows("out", "rejected") == 8).then_some(()));
    stage.status().assert_accounted();
    let reason = "gRPC INVALID_ARGUMENT: told to: INVALID_ARGUMENT é";
    wait_until(reason, || stage.spangate.server.log().contains(reason).then_some(()));
    Ok(())
}
