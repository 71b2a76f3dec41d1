//! OpenTelemetry SDKs that nobody here wrote send traces to `spangate run`; sandboxed exporters deliver them to a real
//! Zipkin, a real Jaeger and a second spangate, and each returns the same tree.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context, Result};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::Value;
use spangate_tests::{Collector, Server, Spangate, Status, backend, free_port, get, wait_until};

/// Name of each span and of its parent, empty for the root. Zipkin lower-cases names.
type Tree = BTreeMap<String, String>;

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
    let (Some(python), Some(javascript)) = (backend("python"), backend("javascript")) else { return Ok(()) };
    let zipkin = Zipkin::start(&zipkin)?;
    let jaeger = Jaeger::start(&jaeger)?;
    let sink = Collector::start();
    let (first, second) = (Ports::free(), Ports::free());
    let second_url = format!("http://127.0.0.1:{}", second.http);
    let far = second.receivers() + &exporter("sink", "otlp", &sink.url(), &sink.url());
    let near = first.receivers()
        + &exporter("zipkin", "zipkin", &zipkin.url, &format!("{}/api/v2/spans", zipkin.url))
        + &exporter("jaeger", "otlp", &jaeger.otlp, &jaeger.otlp)
        + &exporter("second", "otlp", &second_url, &second_url);
    let far = Spangate::run(&far, second.admin)?;
    let near = Spangate::run(&near, first.admin)?;

    let http = format!("http://127.0.0.1:{}", first.http);
    let grpc = format!("http://127.0.0.1:{}", first.grpc);
    let python_client = python;
    let javascript_client = Path::new("node");
    let python_script = Path::new(env!("CARGO_MANIFEST_DIR")).join("backends/python/send.py");
    let javascript_script = javascript.join("send.mjs");
    let clients = [
        (python_client.as_path(), &python_script, "http", &http),
        (python_client.as_path(), &python_script, "grpc", &grpc),
        (javascript_client, &javascript_script, "json", &http),
        (javascript_client, &javascript_script, "protobuf", &http),
        (javascript_client, &javascript_script, "grpc", &grpc),
    ];
    for (client, script, protocol, endpoint) in clients {
        let trace_id = send(client, script, protocol, endpoint)?;
        let expected: Tree =
            [("GET /cart", ""), ("load cart", "GET /cart"), ("price", "GET /cart")].map(owned).into_iter().collect();
        let lower =
            expected.iter().map(|(name, parent)| (name.to_lowercase(), parent.to_lowercase())).collect::<Tree>();
        assert_eq!(wait_until("the trace in Zipkin", || zipkin.tree(&trace_id)), lower, "{protocol}");
        assert_eq!(wait_until("the trace in Jaeger", || jaeger.tree(&trace_id)), expected, "{protocol}");
        assert_eq!(wait_until("the trace behind the second", || tree_in(&sink, &trace_id)), expected, "{protocol}");
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

fn owned((name, parent): (&str, &str)) -> (String, String) {
    (name.to_owned(), parent.to_owned())
}

fn send(client: &Path, script: &Path, protocol: &str, endpoint: &str) -> Result<String> {
    let output = Command::new(client).arg(script).args([protocol, endpoint]).output()?;
    anyhow::ensure!(output.status.success(), "{script:?} {protocol}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The tree of spans `(id, parent id, name)`, once all three are there.
fn tree(spans: &[(String, String, String)]) -> Option<Tree> {
    let name_of =
        |id: &str| spans.iter().find(|(own, ..)| own == id).map_or_else(String::new, |(.., name)| name.clone());
    (spans.len() == 3).then(|| spans.iter().map(|(_, parent, name)| (name.clone(), name_of(parent))).collect())
}

fn tree_in(sink: &Collector, trace_id: &str) -> Option<Tree> {
    let hex = |id: &[u8]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut spans = Vec::new();
    for received in sink.received() {
        let request = ExportTraceServiceRequest::decode(received.body).ok()?;
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans).filter(|span| hex(&span.trace_id) == trace_id) {
            spans.push((hex(&span.span_id), hex(&span.parent_span_id), span.name));
        }
    }
    tree(&spans)
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
    query: String,
    _server: Server,
}

impl Jaeger {
    fn start(binary: &Path) -> Result<Self> {
        let [otlp, query, admin] = [(); 3].map(|()| free_port());
        let mut command = Command::new(binary);
        command.args(["--collector.otlp.enabled=true", &format!("--collector.otlp.http.host-port=127.0.0.1:{otlp}")]);
        command.arg(format!("--query.http-server.host-port=127.0.0.1:{query}"));
        command.arg(format!("--admin.http.host-port=127.0.0.1:{admin}"));
        for other in [
            "collector.otlp.grpc.host-port",
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
        Ok(Self { otlp: url(otlp), query: url(query), _server: server })
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
