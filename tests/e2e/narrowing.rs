//! What an exporter is not granted never reaches it, whatever it does to get at it; who is granted it has it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Result;
use opentelemetry_proto::tonic::{
    collector::{logs::v1::ExportLogsServiceRequest, trace::v1::ExportTraceServiceRequest},
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status as SpanStatus, span},
};
use prost::Message;
use sha2::{Digest, Sha256};
use spangate::{
    Runtime,
    telemetry::{LogRecord as Said, LogSink},
};
use spangate_tests::{Collector, Ports, Status, exporter_to, get, guest, post, wait_until};

/// What everything begins with that only those may see who are granted it.
const CANARY: &str = "canary-";
/// The attributes that hold it begin so.
const SECRET: &str = "secret.";

/// What everybody says.
#[derive(Default)]
struct Lines(Mutex<Vec<(String, String)>>);

impl LogSink for Lines {
    fn log(&self, said: &Said<'_>) {
        self.0.lock().expect("a log").push((said.target.to_owned(), said.message.to_string()));
    }
}

impl Lines {
    /// What an exporter and its guest said.
    fn of(&self, exporter: &str) -> String {
        let lines = self.0.lock().expect("a log");
        let is_its_own = |target: &str| target.split('.').next() == Some(exporter);
        lines.iter().filter(|(target, _)| is_its_own(target)).map(|(_, line)| line.as_str()).collect()
    }
}

/// A runtime in this process, with a backend for each exporter.
struct Scene {
    runtime: Runtime,
    ports: Ports,
    lines: Arc<Lines>,
    backends: Vec<(&'static str, Collector)>,
}

impl Scene {
    /// Exporters by name, component and further lines. `fisher` is the guest that reads everything.
    fn start(exporters: &[(&'static str, &str, &str)]) -> Result<Self> {
        let (ports, lines) = (Ports::free(), Arc::new(Lines::default()));
        let mut text = format!("{}\n[batch]\nschedule_delay = \"20ms\"\n", ports.tables());
        let mut backends = Vec::new();
        for (name, component, more) in exporters {
            let backend = Collector::start();
            let url = backend.url();
            text += &match *component {
                "fisher" => format!(
                    "[exporters.{name}]\ncomponent = \"{}\"\ngrants.http.allow = [\"{url}\"]\n\
                     settings = {{ fault = \"attribute_fisher\", urls = [\"{url}\"] }}\n\
                     limits = {{ log_line_bytes = \"8KiB\", log_lines_per_second = 1000 }}\n",
                    guest("faulty").display()
                ),
                component => exporter_to(&url, name, component),
            };
            text += &format!("{more}\n");
            backends.push((*name, backend));
        }
        let runtime = Runtime::builder().toml(text).log(lines.clone()).start()?;
        Ok(Self { runtime, ports, lines, backends })
    }

    fn send(&self, path: &str, body: &impl Message) -> Result<()> {
        let url = format!("http://127.0.0.1:{}{path}", self.ports.http);
        let (code, answer) = post(&url, &[("content-type", "application/x-protobuf")], &body.encode_to_vec())?;
        anyhow::ensure!(code == 200, "{code} {answer}");
        Ok(())
    }

    /// Everything that was sent so far has come to its end.
    fn settle(&self) {
        self.runtime.flush(Duration::from_secs(30));
        let status = Status::of(&self.runtime.status());
        status.assert_accounted();
        for (name, _) in &self.backends {
            assert_eq!((status.rows(name, "queued"), status.rows(name, "in_flight")), (0, 0), "{name}");
        }
    }

    fn status(&self) -> Status {
        Status::of(&self.runtime.status())
    }

    fn backend(&self, name: &str) -> &Collector {
        &self.backends.iter().find(|(known, _)| *known == name).expect("a backend").1
    }

    /// Every place that an exporter can carry something to: its backend, its log, `/status` and `/metrics`.
    fn traces_of(&self, name: &str) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let bodies = wait_until("a request", || {
            let requests = self.backend(name).received();
            (!requests.is_empty()).then(|| requests.into_iter().flat_map(|request| request.body).collect())
        });
        let (_, metrics) = get(&format!("http://127.0.0.1:{}/metrics", self.ports.admin))?;
        let its_own = format!("exporter=\"{name}\"");
        let metrics: String = metrics.lines().filter(|line| line.contains(&its_own)).collect();
        Ok(vec![
            ("backend", bodies),
            ("log", self.lines.of(name).into_bytes()),
            ("status", self.status().exporter(name).to_string().into_bytes()),
            ("metrics", metrics.into_bytes()),
        ])
    }
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// The words that begin with the canary. Each ends with a full stop, since texts stand side by side in an arena.
fn canaries(haystack: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(haystack);
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let word = |(at, _): (usize, &str)| text[at..].split(|letter| !is_part(letter)).next().map(str::to_owned);
    text.match_indices(CANARY).filter_map(word).collect()
}

fn text(text: &str) -> AnyValue {
    AnyValue { value: Some(Value::StringValue(text.to_owned())) }
}

fn attribute(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// A granted attribute, and secrets of every shape.
fn attributes(owner: &str) -> Vec<KeyValue> {
    let canary = |shape: &str| format!("{CANARY}{owner}-{shape}.");
    let bytes = AnyValue { value: Some(Value::BytesValue(canary("bytes").into_bytes())) };
    let array = Value::ArrayValue(ArrayValue { values: vec![text("plain"), text(&canary("element"))] });
    let list = KeyValueList { values: vec![attribute(&canary("key"), text(&canary("nested")))] };
    vec![
        attribute("public", text(&format!("public-{owner}"))),
        attribute("secret.text", text(&canary("text"))),
        attribute("secret.bytes", bytes),
        attribute("secret.array", AnyValue { value: Some(array) }),
        attribute("secret.list", AnyValue { value: Some(Value::KvlistValue(list)) }),
    ]
}

fn resource() -> Option<Resource> {
    Some(Resource { attributes: attributes("resource"), ..Resource::default() })
}

fn scope() -> Option<InstrumentationScope> {
    Some(InstrumentationScope { name: "shop".to_owned(), attributes: attributes("scope"), ..Default::default() })
}

/// Two spans, with secrets wherever there are attributes.
fn spans() -> ExportTraceServiceRequest {
    let span = |number: u8| Span {
        trace_id: vec![number; 16],
        span_id: vec![number; 8],
        name: format!("span {number}"),
        attributes: attributes("span"),
        events: vec![span::Event { name: "event".to_owned(), attributes: attributes("event"), ..Default::default() }],
        links: vec![span::Link { attributes: attributes("link"), ..Default::default() }],
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans { scope: scope(), spans: vec![span(1), span(2)], ..Default::default() }];
    let resource_spans = vec![ResourceSpans { resource: resource(), scope_spans, ..Default::default() }];
    ExportTraceServiceRequest { resource_spans }
}

fn log_records() -> ExportLogsServiceRequest {
    let record = LogRecord { event_name: "paid".to_owned(), attributes: attributes("record"), ..Default::default() };
    let scope_logs = vec![ScopeLogs { scope: scope(), log_records: vec![record], ..Default::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(), scope_logs, ..Default::default() }];
    ExportLogsServiceRequest { resource_logs }
}

#[test]
fn an_attribute_that_is_denied_to_one_exporter_and_granted_to_another_never_reaches_the_first() -> Result<()> {
    let deny = |name: &str| format!("[exporters.{name}.grants.attributes]\ndeny = [\"{SECRET}*\"]");
    let (fisher, otlp, webhook) = (deny("fisher"), deny("otlp"), deny("webhook"));
    let scene = Scene::start(&[
        ("fisher", "fisher", &fisher),
        ("otlp", "builtin:otlp", &otlp),
        ("webhook", "builtin:webhook", &webhook),
        ("trusted_fisher", "fisher", ""),
        ("trusted_otlp", "builtin:otlp", ""),
    ])?;
    scene.send("/v1/traces", &spans())?;
    scene.send("/v1/logs", &log_records())?;
    let tracer = scene.runtime.tracer("shop");
    tracer.span("recorded").attribute("public", 1).attribute("secret.own", format!("{CANARY}own.")).start().end();
    scene.settle();

    // What the trusted ones have shows that there was something to get, and that the fisher fishes.
    let everything: BTreeSet<String> = ["span", "event", "link", "scope", "resource"]
        .iter()
        .flat_map(|owner| ["text", "bytes", "element", "key", "nested"].map(|shape| format!("{CANARY}{owner}-{shape}")))
        .chain([format!("{CANARY}own")])
        .collect();
    for name in ["trusted_fisher", "trusted_otlp"] {
        let [(_, bodies), (_, log), ..] = &scene.traces_of(name)?[..] else { unreachable!("four places") };
        assert!(canaries(bodies).is_superset(&everything), "{name}: {:?}", canaries(bodies));
        assert!(name != "trusted_fisher" || holds(log, &format!("{CANARY}span-text")), "the fisher says what it found");
    }
    for name in ["fisher", "otlp", "webhook"] {
        for (place, found) in scene.traces_of(name)? {
            assert_eq!(canaries(&found), BTreeSet::new(), "{name} took them to its {place}");
            let is_told = place == "status";
            assert!(is_told || !holds(&found, SECRET), "{name} knows the key, in its {place}");
        }
        assert!(holds(&scene.traces_of(name)?[0].1, "public-span"), "{name} has what it is granted");
    }
    let status = scene.status();
    // Four of each owner: of two spans with an event and a link each, and their scope and resource; of a record with its own;
    // and the one that was recorded here.
    let spans_alone = &status.exporter("webhook")["narrowing"];
    let all = &status.exporter("fisher")["narrowing"];
    assert!(spans_alone["attributes_not_granted"].as_u64() >= Some(4 * (2 * 3 + 2) + 1), "{spans_alone}");
    assert_eq!(all["attributes_not_granted"], 4 * (2 * 3 + 2) + 1 + 4 * 3, "{all}");
    assert_eq!((&all["deny"][0], &status.exporter("trusted_otlp")["narrowing"]), (&"secret.*".into(), &().into()));
    Ok(())
}

/// One span with a canary in every column that is no attribute.
fn telling_span() -> ExportTraceServiceRequest {
    let canary = |column: &str| format!("{CANARY}{column}.");
    let span = Span {
        trace_id: b"canary-trace-id-".to_vec(),
        span_id: b"canary-s".to_vec(),
        parent_span_id: b"canary-p".to_vec(),
        trace_state: "canary-state=1".to_owned(),
        name: canary("name"),
        kind: 2,
        start_time_unix_nano: 0x7a7a_7a7a_7a7a_7a7a,
        end_time_unix_nano: 0x7a7a_7a7a_7a7a_7a7a,
        status: Some(SpanStatus { message: canary("message"), code: 2 }),
        attributes: vec![attribute(&canary("attribute"), text("x"))],
        events: vec![span::Event { name: canary("event"), ..Default::default() }],
        links: vec![span::Link { trace_state: "canary-link=1".to_owned(), ..Default::default() }],
        ..Span::default()
    };
    let scope = InstrumentationScope { name: canary("scope"), version: canary("version"), ..Default::default() };
    let scope_spans =
        vec![ScopeSpans { scope: Some(scope), spans: vec![span], schema_url: canary("scope-schema-url") }];
    let attributes = vec![attribute(&canary("resource"), text("x"))];
    let resource = Some(Resource { attributes, ..Default::default() });
    let schema_url = canary("resource-schema-url");
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { resource, scope_spans, schema_url }] }
}

#[test]
fn a_column_that_is_not_granted_is_in_no_getter_view_or_payload() -> Result<()> {
    // None at all; the trace id; everything but the name, and so on: who has a column has its canary, and no other.
    let cases: [(&str, &[&str]); 7] = [
        ("", &[]),
        ("\"trace_id\"", &["canary-trace-id-"]),
        ("\"name\"", &["canary-name"]),
        ("\"name\", \"span_events\"", &["canary-name", "canary-event"]),
        ("\"scope\"", &["canary-scope", "canary-version", "canary-scope-schema-url"]),
        ("\"resource\"", &["canary-resource", "canary-resource-schema-url"]),
        ("\"status_message\", \"attributes\"", &["canary-message", "canary-attribute"]),
    ];
    for (columns, granted) in cases {
        let grant = format!("grants.columns = [{columns}]");
        let scene = Scene::start(&[("fisher", "fisher", &grant)])?;
        scene.send("/v1/traces", &telling_span())?;
        scene.settle();
        let granted: BTreeSet<_> = granted.iter().map(|word| (*word).to_owned()).collect();
        for (place, found) in scene.traces_of("fisher")? {
            let found = canaries(&found);
            let is_right = if place == "backend" { found == granted } else { found.is_subset(&granted) };
            assert!(is_right, "[{columns}]: {found:?} in its {place}");
        }
        let bodies = &scene.traces_of("fisher")?[0].1;
        assert!(!holds(bodies, "zzzzzzzz"), "the times");
    }
    Ok(())
}

/// The users of the spans that a backend got, which are those that nobody drops and have no card unless `is_whole`.
fn users_at(backend: &Collector, is_whole: bool) -> Result<BTreeSet<String>> {
    let mut users = BTreeSet::new();
    for request in backend.received() {
        let request = ExportTraceServiceRequest::decode(request.body)?;
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            assert!(is_whole || matches!(span.name.as_str(), "GET /cart" | "POST /pay"), "{span:?}");
            let has_card = span.attributes.iter().any(|it| it.key == "card.number");
            assert_eq!(has_card, is_whole && span.name != "work");
            let values = span.attributes.into_iter().filter(|it| it.key == "user.id").filter_map(|it| it.value?.value);
            users.extend(values.map(|value| match value {
                Value::StringValue(text) => text,
                other => panic!("{other:?}"),
            }));
        }
    }
    Ok(users)
}

#[test]
fn rows_are_dropped_and_attributes_hashed_before_the_exporter_sees_them_and_counted() -> Result<()> {
    let select = |name: &str, key: &str| {
        format!(
            "[exporters.{name}.select]\nhash = [\"user.id\"]\ndelete = [\"card.*\"]\n{key}\n\
             drop = [{{ name = \"GET /health*\", status = \"unset\" }}, {{ attributes = {{ internal = true }} }}]"
        )
    };
    let (plain, keyed) = (select("plain", ""), select("keyed", "hash_key = \"0123456789abcdef\""));
    let scene = Scene::start(&[
        ("plain", "builtin:otlp", &plain),
        ("keyed", "builtin:otlp", &keyed),
        ("whole", "builtin:otlp", ""),
    ])?;
    let tracer = scene.runtime.tracer("shop");
    for name in ["GET /cart", "GET /health", "GET /healthz", "POST /pay"] {
        tracer.span(name).attribute("user.id", "ada").attribute("card.number", 4711).start().end();
    }
    tracer.span("work").attribute("internal", true).start().end();
    scene.settle();
    let status = scene.status();
    for name in ["plain", "keyed"] {
        assert_eq!((status.rows(name, "delivered"), status.dropped(name, "select")), (2, 3));
        let narrowing = &status.exporter(name)["narrowing"];
        assert_eq!((&narrowing["attributes_hashed"], &narrowing["attributes_deleted"]), (&2.into(), &2.into()));
        assert_eq!(narrowing["hash_keyed"], name == "keyed");
    }
    assert_eq!((status.rows("whole", "delivered"), status.dropped("whole", "select")), (5, 0));
    let seen = |name| users_at(scene.backend(name), name == "whole");
    let sha_256: String = Sha256::digest(b"ada").iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(seen("plain")?, BTreeSet::from([sha_256.clone()]));
    assert_eq!(seen("whole")?, BTreeSet::from(["ada".to_owned()]));
    let keyed = seen("keyed")?;
    assert_eq!((keyed.len(), keyed.contains(&sha_256), keyed.first().map(String::len)), (1, false, Some(64)));
    let (_, page) = get(&format!("http://127.0.0.1:{}/metrics", scene.ports.admin))?;
    for line in [
        "spangate_exporter_rows_dropped_total{exporter=\"plain\",reason=\"select\"} 3",
        "spangate_exporter_attributes_not_shown_total{exporter=\"plain\",change=\"hashed\"} 2",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is missing in:\n{page}");
    }
    let report = scene.runtime.shutdown(Duration::from_secs(5));
    assert_eq!((report.undelivered_rows(), report.is_complete), (0, true), "{report}");
    Ok(())
}

#[test]
fn rows_that_are_dropped_leave_the_bytes_of_the_others_as_they_came() -> Result<()> {
    let drop = "[exporters.out.select]\ndrop = [{ name = \"span 1\" }]";
    let scene = Scene::start(&[("out", "builtin:otlp", drop)])?;
    let mut request = spans();
    scene.send("/v1/traces", &request)?;
    scene.settle();
    request.resource_spans[0].scope_spans[0].spans.remove(0);
    let received = wait_until("a request", || scene.backend("out").received().into_iter().next());
    assert_eq!(ExportTraceServiceRequest::decode(received.body)?, request);
    assert_eq!(scene.status().dropped("out", "select"), 1);
    Ok(())
}
