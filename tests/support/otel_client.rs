//! SDKs of OpenTelemetry that send one trace of three spans.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use crate::{Collector, backend};

/// Name of each span and of its parent, empty for the root.
pub type Tree = BTreeMap<String, String>;

/// One SDK and the protocol it is to speak.
#[derive(Clone, Debug)]
pub struct OtelClient {
    program: PathBuf,
    script: PathBuf,
    protocol: &'static str,
}

impl OtelClient {
    /// Every SDK with every protocol it has; none if one of them is not installed.
    pub fn all() -> Option<Vec<Self>> {
        let (python, javascript) = (backend("python")?, backend("javascript")?);
        let python_script = Path::new(env!("CARGO_MANIFEST_DIR")).join("backends/python/send.py");
        let client = |program: &Path, script: &Path, protocol| Self {
            program: program.to_owned(),
            script: script.to_owned(),
            protocol,
        };
        let (node, javascript_script) = (Path::new("node"), javascript.join("send.mjs"));
        Some(vec![
            client(&python, &python_script, "http"),
            client(&python, &python_script, "grpc"),
            client(node, &javascript_script, "json"),
            client(node, &javascript_script, "protobuf"),
            client(node, &javascript_script, "grpc"),
        ])
    }

    /// Whether it speaks gRPC.
    pub fn is_grpc(&self) -> bool {
        self.protocol == "grpc"
    }

    /// Sends the trace and returns its id, whether or not it arrives.
    ///
    /// # Errors
    /// If the client fails; with what it said.
    pub fn send(&self, endpoint: &str, variables: &[(&str, String)]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .arg(&self.script)
            .args([self.protocol, endpoint])
            .envs(variables.iter().map(|(name, value)| (name, value)));
        // They would win over the SDK's own variables.
        command.env_remove("REQUESTS_CA_BUNDLE").env_remove("CURL_CA_BUNDLE");
        let output = command.output()?;
        anyhow::ensure!(output.status.success(), "{self:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// The trace that each of them sends.
    pub fn tree() -> Tree {
        let owned = |(name, parent): (&str, &str)| (name.to_owned(), parent.to_owned());
        [("GET /cart", ""), ("load cart", "GET /cart"), ("price", "GET /cart")].map(owned).into_iter().collect()
    }
}

/// The tree of spans `(id, parent id, name)`, once all three are there.
pub fn tree(spans: &[(String, String, String)]) -> Option<Tree> {
    let name_of =
        |id: &str| spans.iter().find(|(own, ..)| own == id).map_or_else(String::new, |(.., name)| name.clone());
    (spans.len() == 3).then(|| spans.iter().map(|(_, parent, name)| (name.clone(), name_of(parent))).collect())
}

/// The tree of a trace in OTLP requests that a collector got, once all three spans are there.
pub fn tree_in(sink: &Collector, trace_id: &str) -> Option<Tree> {
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
