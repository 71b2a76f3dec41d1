//! OpenTelemetry SDKs that nobody here wrote send traces to `spangate run`; sandboxed exporters deliver them to a real
//! Zipkin, to a real Jaeger over HTTP and to another over gRPC, and to a second spangate, and each returns the same tree.

use std::{path::Path, process::Command};

use anyhow::{Context, Result};
use serde_json::Value;
use spangate_tests::{
    Collector, OtelClient, Server, Spangate, Status, Tree, backend, free_port, get, tree, tree_in, wait_until,
};

struct Ports {
    grpc: u16,
    http: u16,
    admin: u16,
}

impl Ports {
    fn free() -> Self {
        Self { grpc: free_port(), http: free_port(), admin: free_port() }
    }

    fn receivers(&self) -> String {
        format!(
            r#"
            [receivers.otlp_http]
            listen = "127.0.0.1:{}"
            [receivers.otlp_grpc]
            listen = "127.0.0.1:{}"
            [admin]
            listen = "127.0.0.1:{}"
            [batch]
            schedule_delay = "100ms"
            "#,
            self.http, self.grpc, self.admin
        )
    }
}

fn exporter(name: &str, component: &str, allow: &str, endpoint: &str) -> String {
    format!(
        r#"
        [exporters.{name}]
        component = "builtin:{component}"
        [exporters.{name}.grants.http]
        allow = ["{allow}"]
        [exporters.{name}.settings]
        endpoint = "{endpoint}"
        "#
    )
}

#[test]
fn traces_of_otel_sdks_arrive_whole_in_zipkin_jaeger_and_a_second_spangate() -> Result<()> {
    let (Some(zipkin), Some(jaeger)) = (backend("zipkin"), backend("jaeger")) else { return Ok(()) };
    let Some(clients) = OtelClient::all() else { return Ok(()) };
    let zipkin = Zipkin::start(&zipkin)?;
    let (jaeger, grpc_jaeger) = (Jaeger::start(&jaeger)?, Jaeger::start(&jaeger)?);
    let sink = Collector::start();
    let (first, second) = (Ports::free(), Ports::free());
    let second_url = format!("http://127.0.0.1:{}", second.http);
    let far = second.receivers() + &exporter("sink", "otlp", &sink.url(), &sink.url());
    let near = first.receivers()
        + &exporter("zipkin", "zipkin", &zipkin.url, &format!("{}/api/v2/spans", zipkin.url))
        + &exporter("jaeger", "otlp", &jaeger.otlp, &jaeger.otlp)
        + &exporter("grpc_jaeger", "otlp", &grpc_jaeger.otlp_grpc, &grpc_jaeger.otlp_grpc)
        + "protocol = \"grpc\"\ncompression = \"gzip\"\n"
        + &exporter("second", "otlp", &second_url, &second_url);
    let far = Spangate::run(&far, second.admin)?;
    let near = Spangate::run(&near, first.admin)?;

    let http = format!("http://127.0.0.1:{}", first.http);
    let grpc = format!("http://127.0.0.1:{}", first.grpc);
    for client in clients {
        let trace_id = client.send(if client.is_grpc() { &grpc } else { &http }, &[])?;
        let expected = OtelClient::tree();
        // Zipkin lower-cases names.
        let lower =
            expected.iter().map(|(name, parent)| (name.to_lowercase(), parent.to_lowercase())).collect::<Tree>();
        assert_eq!(wait_until("the trace in Zipkin", || zipkin.tree(&trace_id)), lower, "{client:?}");
        assert_eq!(wait_until("the trace in Jaeger", || jaeger.tree(&trace_id)), expected, "{client:?}");
        let over_grpc = wait_until("the trace in the other Jaeger", || grpc_jaeger.tree(&trace_id));
        assert_eq!(over_grpc, expected, "{client:?}");
        assert_eq!(wait_until("the trace behind the second", || tree_in(&sink, &trace_id)), expected, "{client:?}");
    }
    for admin in [first.admin, second.admin] {
        Status::ask(admin).assert_accounted();
    }
    for spangate in [near, far] {
        let (status, log) = spangate.server.terminate()?;
        assert!(status.success(), "{status}\n{log}");
    }
    Ok(())
}

struct Zipkin {
    url: String,
    _server: Server,
}

impl Zipkin {
    fn start(jar: &Path) -> Result<Self> {
        let port = free_port();
        let url = format!("http://127.0.0.1:{port}");
        let mut command = Command::new("java");
        command.arg("-Xmx256m").arg("-jar").arg(jar).env("QUERY_PORT", port.to_string());
        let server = Server::start(&mut command, || matches!(get(&format!("{url}/health")), Ok((200, _))))?;
        Ok(Self { url, _server: server })
    }

    fn tree(&self, trace_id: &str) -> Option<Tree> {
        let spans = json(&format!("{}/api/v2/trace/{trace_id}", self.url)).ok()?;
        let text = |span: &Value, key: &str| span[key].as_str().unwrap_or_default().to_owned();
        let spans = spans.as_array()?.iter();
        tree(&spans.map(|span| (text(span, "id"), text(span, "parentId"), text(span, "name"))).collect::<Vec<_>>())
    }
}

struct Jaeger {
    otlp: String,
    otlp_grpc: String,
    query: String,
    _server: Server,
}

impl Jaeger {
    fn start(binary: &Path) -> Result<Self> {
        let [otlp, otlp_grpc, query, admin] = [(); 4].map(|()| free_port());
        let mut command = Command::new(binary);
        command.args(["--collector.otlp.enabled=true", &format!("--collector.otlp.http.host-port=127.0.0.1:{otlp}")]);
        command.arg(format!("--collector.otlp.grpc.host-port=127.0.0.1:{otlp_grpc}"));
        command.arg(format!("--query.http-server.host-port=127.0.0.1:{query}"));
        command.arg(format!("--admin.http.host-port=127.0.0.1:{admin}"));
        for other in [
            "collector.http-server.host-port",
            "collector.grpc-server.host-port",
            "query.grpc-server.host-port",
            "processor.jaeger-binary.server-host-port",
            "processor.jaeger-compact.server-host-port",
            "processor.zipkin-compact.server-host-port",
            "http-server.host-port",
        ] {
            command.arg(format!("--{other}=127.0.0.1:{}", free_port()));
        }
        let ready = format!("http://127.0.0.1:{admin}/");
        let server = Server::start(&mut command, || matches!(get(&ready), Ok((200, _))))?;
        let url = |port| format!("http://127.0.0.1:{port}");
        Ok(Self { otlp: url(otlp), otlp_grpc: url(otlp_grpc), query: url(query), _server: server })
    }

    fn tree(&self, trace_id: &str) -> Option<Tree> {
        let answer = json(&format!("{}/api/traces/{trace_id}", self.query)).ok()?;
        let spans = answer["data"][0]["spans"].as_array()?.iter().map(|span| {
            let parent = span["references"].as_array().into_iter().flatten().find(|to| to["refType"] == "CHILD_OF");
            let parent = parent.and_then(|to| to["spanID"].as_str()).unwrap_or_default();
            let text = |key: &str| span[key].as_str().unwrap_or_default().to_owned();
            (text("spanID"), parent.to_owned(), text("operationName"))
        });
        tree(&spans.collect::<Vec<_>>())
    }
}

fn json(url: &str) -> Result<Value> {
    let (_, body) = get(url)?;
    serde_json::from_str(&body).context("an answer in JSON")
}
