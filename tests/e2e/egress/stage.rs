//! `spangate run` with OTLP receivers and the OTLP exporter.

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use spangate_tests::{Spangate, Status, free_port, get, post, samples};
use tokio::{net::TcpStream, runtime::Runtime};

/// A running spangate and where it listens.
pub(super) struct Stage {
    pub(super) spangate: Spangate,
    http: u16,
    grpc: u16,
    admin: u16,
}

impl Stage {
    /// Receivers with the keys in `receivers`, and the exporter `out`, whose tables are in `exporter`.
    pub(super) fn start(receivers: &str, exporter: &str) -> Result<Self> {
        Self::start_with_delay("50ms", receivers, exporter)
    }

    /// The same, with rows that wait for others for so long.
    pub(super) fn start_with_delay(delay: &str, receivers: &str, exporter: &str) -> Result<Self> {
        let (http, grpc, admin) = (free_port(), free_port(), free_port());
        let config = format!(
            r#"
            [receivers.otlp_http]
            listen = "127.0.0.1:{http}"
            {receivers}
            [receivers.otlp_grpc]
            listen = "127.0.0.1:{grpc}"
            {receivers}
            [admin]
            listen = "127.0.0.1:{admin}"
            [batch]
            schedule_delay = "{delay}"
            [shutdown]
            deadline = "20s"
            [exporters.out]
            component = "builtin:otlp"
            required = true
            {exporter}
            "#
        );
        Ok(Self { spangate: Spangate::run(&config, admin)?, http, grpc, admin })
    }

    /// Posts six spans over HTTP.
    pub(super) fn send(&self, headers: &[(&str, &str)]) -> Result<()> {
        self.post(&samples::every_span_field(2).encode_to_vec(), headers)
    }

    /// Posts an encoded request over HTTP.
    pub(super) fn post(&self, body: &[u8], headers: &[(&str, &str)]) -> Result<()> {
        let headers: Vec<_> = [("content-type", "application/x-protobuf")].iter().chain(headers).copied().collect();
        let (status, answer) = post(&format!("http://127.0.0.1:{}/v1/traces", self.http), &headers, body)?;
        anyhow::ensure!(status == 200, "{status} {answer}");
        Ok(())
    }

    /// Sends an encoded request over gRPC.
    pub(super) fn call(&self, message: &[u8], metadata: &[(&str, &str)]) -> Result<()> {
        Runtime::new()?.block_on(call(self.grpc, message, metadata))
    }

    pub(super) fn status(&self) -> Status {
        Status::ask(self.admin)
    }

    /// What the admin endpoint answers.
    pub(super) fn ask(&self, path: &str) -> (u16, String) {
        get(&format!("http://127.0.0.1:{}{path}", self.admin)).expect("an answer")
    }
}

/// One unary call of the trace service.
async fn call(port: u16, message: &[u8], metadata: &[(&str, &str)]) -> Result<()> {
    let stream = TokioIo::new(TcpStream::connect(("127.0.0.1", port)).await?);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream).await?;
    let connection = tokio::spawn(connection);
    let mut request = http::Request::post(format!(
        "http://127.0.0.1:{port}/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    ));
    for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")].iter().chain(metadata) {
        request = request.header(*name, *value);
    }
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(message.len())?.to_be_bytes());
    framed.extend_from_slice(message);
    let answer = sender.send_request(request.body(Full::new(Bytes::from(framed)))?).await?;
    let in_headers = answer.headers().get("grpc-status").cloned();
    let body = answer.into_body().collect().await?;
    let status = in_headers.or_else(|| body.trailers()?.get("grpc-status").cloned());
    anyhow::ensure!(status.as_ref().is_some_and(|status| status == "0"), "grpc-status {status:?}");
    connection.abort();
    Ok(())
}
