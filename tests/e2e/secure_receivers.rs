//! OpenTelemetry SDKs that nobody here wrote send over TLS, with a token and a certificate of their own, as their variables
//! have it.

use anyhow::Result;
use serde_json::Value;
use spangate_tests::{Authority, Collector, OtelClient, Spangate, Status, free_port, get, tree_in, wait_until};

const TOKEN: &str = "canary-4cb1d0-canary";

#[test]
fn otel_sdks_send_over_tls_with_a_token_and_a_certificate() -> Result<()> {
    let Some(clients) = OtelClient::all() else { return Ok(()) };
    let (authority, sink) = (Authority::new(), Collector::start());
    authority.issue("server");
    authority.issue("client");
    authority.write("tokens", &format!("# of the shop\n{TOKEN}\n"));
    let [http, grpc, admin] = [(); 3].map(|()| free_port());
    let spangate = Spangate::run(&config(&authority, &sink, [http, grpc, admin]), admin)?;

    let path = |name: &str| authority.path(name).display().to_string();
    let trusting = ("OTEL_EXPORTER_OTLP_CERTIFICATE", path("ca.pem"));
    let certificate = [
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", path("client.pem")),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", path("client.key")),
    ];
    let token = |token: &str| ("OTEL_EXPORTER_OTLP_HEADERS", format!("authorization=Bearer%20{token}"));
    for client in &clients {
        let endpoint = format!("https://localhost:{}", if client.is_grpc() { grpc } else { http });
        let variables = [[trusting.clone(), token(TOKEN)], certificate.clone()].concat();
        let trace_id = client.send(&endpoint, &variables)?;
        assert_eq!(
            wait_until("the trace behind spangate", || tree_in(&sink, &trace_id)),
            OtelClient::tree(),
            "{client:?}"
        );
    }
    // One with a wrong token, of each protocol, gets nothing in.
    let arrived = sink.received().len();
    for client in &clients[..2] {
        let endpoint = format!("https://localhost:{}", if client.is_grpc() { grpc } else { http });
        let variables = [[trusting.clone(), token("another-4cb1d0-canary")], certificate.clone()].concat();
        client.send(&endpoint, &variables)?;
    }
    let status = wait_until("both refusals are counted", || {
        let (_, text) = get(&format!("http://127.0.0.1:{admin}/status")).ok()?;
        let status: Value = serde_json::from_str(&text).ok()?;
        let is_counted = |receiver: &Value| receiver["requests"]["unauthenticated"].as_u64() > Some(0);
        status["receivers"].as_array()?.iter().all(is_counted).then_some(status)
    });
    assert_eq!(sink.received().len(), arrived);
    for receiver in status["receivers"].as_array().into_iter().flatten() {
        assert_eq!(
            (&receiver["tls"]["client_certificates"], &receiver["auth"]["bearer_tokens"]),
            (&true.into(), &1.into())
        );
        assert!(receiver["tls"]["not_after_unix_seconds"].as_u64() > Some(2_000_000_000), "{receiver}");
    }
    let (_, metrics) = get(&format!("http://127.0.0.1:{admin}/metrics"))?;
    assert!(metrics.contains("spangate_receiver_tls_enabled{receiver=\"otlp_grpc\"} 1"), "{metrics}");
    Status::ask(admin).assert_accounted();
    let (exit, log) = spangate.server.terminate()?;
    assert!(exit.success(), "{exit}\n{log}");
    assert!(!format!("{log}{metrics}{status}").contains("4cb1d0"), "{log}");
    Ok(())
}

fn config(authority: &Authority, sink: &Collector, [http, grpc, admin]: [u16; 3]) -> String {
    let path = |name: &str| authority.path(name).display().to_string();
    let receiver = |name: &str, port| {
        format!(
            r#"
            [receivers.{name}]
            listen = "127.0.0.1:{port}"
            tls = {{ cert_file = "{}", key_file = "{}", client_ca_file = "{}" }}
            auth.bearer_token_file = "{}"
            "#,
            path("server.pem"),
            path("server.key"),
            path("ca.pem"),
            path("tokens"),
        )
    };
    let url = sink.url();
    let rest = format!(
        r#"
        [admin]
        listen = "127.0.0.1:{admin}"
        [batch]
        schedule_delay = "100ms"
        [exporters.sink]
        component = "builtin:otlp"
        grants.http.allow = ["{url}"]
        settings.endpoint = "{url}"
        "#
    );
    receiver("otlp_http", http) + &receiver("otlp_grpc", grpc) + &rest
}
