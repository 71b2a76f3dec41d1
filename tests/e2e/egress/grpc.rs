//! OTLP over gRPC out: what a backend says in a status, in trailers or not at all is heeded, and what breaks on the way
//! costs no span.

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use spangate_tests::{Authority, Collector, GrpcAnswer, GrpcBackend, Spangate, Status, free_port, samples, wait_until};

use super::stage::Stage;

/// RESOURCE_EXHAUSTED with RetryInfo and a delay of no seconds: a google.rpc.Status in base64.
const RETRY_INFO: &str = "CAgaLgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxICCgA=";

fn exporter(url: &str, more: &str) -> String {
    format!(
        r#"
        retry = {{ initial = "10ms", max = "100ms", pause = "300ms" }}
        {more}
        [exporters.out.grants.http]
        allow = ["{url}"]
        [exporters.out.settings]
        protocol = "grpc"
        endpoint = "{url}"
        "#
    )
}

/// Sends six spans to a backend that gives these answers, and returns both once all is delivered.
fn delivered(script: &[GrpcAnswer]) -> Result<(GrpcBackend, Stage)> {
    let backend = GrpcBackend::start(script.iter().cloned());
    let stage = Stage::start("", &exporter(&backend.url(), ""))?;
    stage.send(&[])?;
    let status =
        wait_until("everything", || Some(stage.status()).filter(|status| status.rows("out", "delivered") == 6));
    status.assert_accounted();
    assert_eq!(status.exporter("out")["state"], "healthy", "{script:?}");
    assert_eq!(status.rows("out", "in_flight"), 0, "{script:?}");
    Ok((backend, stage))
}

fn attempts(stage: &Stage, outcome: &str) -> u64 {
    stage.status().exporter("out")["attempts"][outcome].as_u64().expect("a count")
}

#[test]
fn a_batch_is_one_call_with_the_request_as_its_message() -> Result<()> {
    let (backend, stage) = delivered(&[])?;
    let call = backend.received().remove(0);
    assert_eq!(call.path, "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")] {
        assert_eq!(call.headers[name], value);
    }
    assert!(call.headers["grpc-timeout"].to_str()?.ends_with('m'), "{:?}", call.headers);
    assert!(call.headers.contains_key("idempotency-key"));
    assert_eq!(ExportTraceServiceRequest::decode(call.body)?, samples::every_span_field(2));
    assert_eq!(attempts(&stage, "accepted"), 1);
    Ok(())
}

#[test]
fn what_may_come_right_is_tried_again_under_the_same_id_until_it_does() -> Result<()> {
    let (busy, busy_late) = (GrpcAnswer::TrailersOnly("14", "busy", None), GrpcAnswer::Trailers("14", "busy"));
    let exhausted = GrpcAnswer::TrailersOnly("8", "slow down", Some(RETRY_INFO));
    let script = [busy, busy_late, exhausted, GrpcAnswer::Trailers("4", "late"), GrpcAnswer::Ok];
    let (backend, stage) = delivered(&script)?;
    let received = backend.received();
    assert_eq!(received.len(), 5);
    for call in &received {
        assert_eq!(call.headers["idempotency-key"], received[0].headers["idempotency-key"]);
        assert_eq!(call.body, received[0].body);
    }
    assert_eq!((attempts(&stage, "retry_after"), attempts(&stage, "accepted")), (4, 1));
    Ok(())
}

#[test]
fn streams_and_connections_that_end_in_the_middle_cost_no_span() -> Result<()> {
    for fault in [GrpcAnswer::ResetStream, GrpcAnswer::CloseConnection] {
        let (backend, stage) = delivered(&[fault.clone(), fault.clone()])?;
        assert_eq!((backend.received().len(), attempts(&stage, "retry_after")), (3, 2), "{fault:?}");
    }
    Ok(())
}

#[test]
fn a_server_that_says_goaway_gets_the_next_call_on_another_connection() -> Result<()> {
    let (backend, stage) = delivered(&[GrpcAnswer::GoAway, GrpcAnswer::GoAway])?;
    for sent in 2..=3 {
        stage.send(&[])?;
        wait_until("the next", || (stage.status().rows("out", "delivered") == 6 * sent).then_some(()));
    }
    assert_eq!((backend.received().len(), backend.connections()), (3, 3));
    assert_eq!(attempts(&stage, "retry_after"), 0);
    stage.status().assert_accounted();
    Ok(())
}

#[test]
fn what_is_refused_for_good_is_rejected_with_the_reason_and_not_sent_again() -> Result<()> {
    for (answer, reason) in [
        (GrpcAnswer::TrailersOnly("8", "too large%21", None), "gRPC RESOURCE_EXHAUSTED: too large!"),
        (GrpcAnswer::Trailers("3", "not%20so"), "gRPC INVALID_ARGUMENT: not so"),
        (GrpcAnswer::NoTrailers, "its trailers are missing"),
    ] {
        let backend = GrpcBackend::start([answer]);
        let stage = Stage::start("", &exporter(&backend.url(), ""))?;
        stage.send(&[])?;
        let status =
            wait_until("the refusal", || Some(stage.status()).filter(|status| status.rows("out", "rejected") == 6));
        status.assert_accounted();
        wait_until(reason, || stage.spangate.server.log().contains(reason).then_some(()));
        assert_eq!(backend.received().len(), 1);
    }
    Ok(())
}

#[test]
fn spans_that_a_backend_refuses_by_partial_success_are_counted() -> Result<()> {
    let backend = GrpcBackend::start([GrpcAnswer::Partial(2)]);
    let stage = Stage::start("", &exporter(&backend.url(), ""))?;
    stage.send(&[])?;
    wait_until("the answer", || (stage.status().rows("out", "rejected") == 2).then_some(()));
    let status = stage.status();
    assert_eq!(status.rows("out", "delivered"), 4);
    status.assert_accounted();
    Ok(())
}

#[test]
fn a_backend_that_does_not_take_the_credentials_pauses_the_exporter_and_costs_no_span() -> Result<()> {
    for (code, name) in [("16", "UNAUTHENTICATED"), ("7", "PERMISSION_DENIED")] {
        let backend = GrpcBackend::start([GrpcAnswer::TrailersOnly(code, "who%3F", None)]);
        let stage = Stage::start("", &exporter(&backend.url(), ""))?;
        stage.send(&[])?;
        wait_until("everything", || (stage.status().rows("out", "delivered") == 6).then_some(()));
        stage.status().assert_accounted();
        assert_eq!((attempts(&stage, "unauthorized"), stage.status().rows("out", "rejected")), (1, 0));
        let (ended, log) = stage.spangate.server.terminate()?;
        assert!(ended.success(), "{ended}\n{log}");
        assert!(log.contains(&format!("{} answered gRPC {name}", backend.url())), "{log}");
    }
    Ok(())
}

/// A spangate that takes gRPC, as `receiver` says, and hands on to `sink`.
fn far(sink: &Collector, receiver: &str) -> Result<(Spangate, u16, u16)> {
    let (grpc, admin) = (free_port(), free_port());
    let config = format!(
        r#"
        [receivers.otlp_grpc]
        listen = "127.0.0.1:{grpc}"
        {receiver}
        [admin]
        listen = "127.0.0.1:{admin}"
        [batch]
        schedule_delay = "50ms"
        [exporters.sink]
        component = "builtin:otlp"
        grants.http.allow = ["{sink}"]
        settings.endpoint = "{sink}"
        "#,
        sink = sink.url()
    );
    Ok((Spangate::run(&config, admin)?, grpc, admin))
}

fn spans_of(sink: &Collector) -> usize {
    let requests = sink.received();
    let decoded = requests.iter().map(|request| ExportTraceServiceRequest::decode(request.body.clone()).unwrap());
    let scopes = decoded.flat_map(|request| request.resource_spans).flat_map(|resource| resource.scope_spans);
    scopes.map(|scope| scope.spans.len()).sum()
}

#[test]
fn one_spangate_hands_on_to_another_compressed_or_not() -> Result<()> {
    let sink = Collector::start();
    let (far, grpc, far_admin) = far(&sink, "")?;
    for (round, compression) in ["none", "gzip"].into_iter().enumerate() {
        let url = format!("http://127.0.0.1:{grpc}");
        let stage = Stage::start("", &(exporter(&url, "") + &format!("compression = \"{compression}\"\n")))?;
        for _ in 0..5 {
            stage.call(&samples::every_span_field(2).encode_to_vec(), &[])?;
        }
        wait_until("both hops", || (spans_of(&sink) == 30 * (round + 1)).then_some(()));
        wait_until("the answers", || (stage.status().rows("out", "delivered") == 30).then_some(()));
        stage.status().assert_accounted();
    }
    Status::ask(far_admin).assert_accounted();
    let (ended, log) = far.server.terminate()?;
    assert!(ended.success(), "{ended}\n{log}");
    Ok(())
}

#[test]
fn over_tls_a_token_that_is_mended_in_its_file_ends_the_pause() -> Result<()> {
    let (authority, sink) = (Authority::new(), Collector::start());
    authority.issue("server");
    let path = |name: &str| authority.path(name).display().to_string();
    authority.write("tokens", "the-right-token-0123\n");
    authority.write("token", "an-expired-token-0123\n");
    let receiver = format!(
        "tls = {{ cert_file = \"{}\", key_file = \"{}\" }}\nauth.bearer_token_file = \"{}\"\n",
        path("server.pem"),
        path("server.key"),
        path("tokens")
    );
    let (far, grpc, _) = far(&sink, &receiver)?;
    let url = format!("https://localhost:{grpc}");
    let grant = format!(
        "retry.pause = \"200ms\"\n[exporters.out.grants.http]\nallow = [\"{url}\"]\nca_file = \"{}\"\n\
         bearer_token_file = \"{}\"\nreload_interval = \"100ms\"\n[exporters.out.settings]\nprotocol = \"grpc\"\n\
         endpoint = \"{url}\"\n",
        path("ca.pem"),
        path("token")
    );
    let stage = Stage::start("", &grant)?;
    stage.send(&[])?;
    let paused = wait_until("the pause", || {
        let status = stage.status();
        (status.exporter("out")["state"] == "paused").then(|| status.exporter("out")["paused"].to_string())
    });
    assert!(paused.contains(&format!("{url} answered gRPC UNAUTHENTICATED")), "{paused}");
    assert_eq!(spans_of(&sink), 0);
    authority.write("token", "the-right-token-0123\n");
    wait_until("everything", || (stage.status().rows("out", "delivered") == 6).then_some(()));
    wait_until("the sink", || (spans_of(&sink) == 6).then_some(()));
    stage.status().assert_accounted();
    for spangate in [stage.spangate, far] {
        let (ended, log) = spangate.server.terminate()?;
        assert!(ended.success(), "{ended}\n{log}");
        assert!(!log.contains("token-0123"), "{log}");
    }
    Ok(())
}
