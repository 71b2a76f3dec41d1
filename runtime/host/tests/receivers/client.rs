//! Clients that keep to one connection, so that a test notices if it does not survive.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

pub(crate) const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const GZIP: (&str, &str) = ("content-encoding", "gzip");
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) trailers: HeaderMap,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// `grpc-status`, from trailers or from headers.
    pub(crate) fn grpc_status(&self) -> u32 {
        let status = self.trailers.get("grpc-status").or(self.headers.get("grpc-status")).expect("grpc-status");
        status.to_str().unwrap().parse().unwrap()
    }
}

async fn collect(response: http::Response<hyper::body::Incoming>) -> Reply {
    let (head, body) = response.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    Reply { status: head.status, headers: head.headers, body: collected.to_bytes(), trailers }
}

/// What HTTP is spoken over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for T {}

/// One HTTP/1.1 connection.
pub(crate) struct Http1(http1::SendRequest<Full<Bytes>>, SocketAddr);

impl Http1 {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), address).await
    }

    /// Over a connection that is there already.
    pub(crate) async fn over(stream: impl Stream, address: SocketAddr) -> Self {
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender, address)
    }

    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", self.1.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let exchange = async {
            self.0.ready().await.expect("the connection is still open");
            self.0.send_request(request).await.expect("an answer")
        };
        collect(timeout(PATIENCE, exchange).await.expect("an answer in time")).await
    }

    pub(crate) async fn post(&mut self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        self.send("POST", path, headers, body).await
    }

    pub(crate) async fn traces(&mut self, body: impl Into<Bytes>) -> Reply {
        self.post("/v1/traces", &[PROTOBUF], body).await
    }

    /// Sends a good request and expects it to be taken: what came before has disturbed nothing.
    pub(crate) async fn still_works(&mut self) {
        let reply = self.traces(super::samples::good()).await;
        assert_eq!((reply.status, &reply.body[..]), (StatusCode::OK, &b""[..]));
    }
}

/// One HTTP/2 connection that speaks gRPC. Clones share it.
#[derive(Clone)]
pub(crate) struct Grpc(http2::SendRequest<Full<Bytes>>, SocketAddr);

pub(crate) const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
pub(crate) const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
pub(crate) const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

impl Grpc {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap(), address).await
    }

    /// Over a connection that is there already.
    pub(crate) async fn over(stream: impl Stream, address: SocketAddr) -> Self {
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self(sender, address)
    }

    /// Sends a body as it is.
    pub(crate) async fn send(&mut self, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let mut request = Request::post(format!("http://{}{path}", self.1)).header("te", "trailers");
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/grpc");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let exchange = async {
            self.0.ready().await.expect("the connection is still open");
            self.0.send_request(request).await.expect("an answer")
        };
        collect(timeout(PATIENCE, exchange).await.expect("an answer in time")).await
    }

    /// Calls `path` with one message.
    pub(crate) async fn call(&mut self, path: &str, message: &[u8]) -> Reply {
        self.send(path, &[], frame(0, message)).await
    }

    pub(crate) async fn call_gzip(&mut self, path: &str, message: &[u8]) -> Reply {
        self.send(path, &[("grpc-encoding", "gzip")], frame(1, &super::samples::gzip(message))).await
    }

    pub(crate) async fn still_works(&mut self) {
        let reply = self.call(TRACES, &super::samples::good()).await;
        assert_eq!((reply.grpc_status(), &reply.body[..]), (0, &[0; 5][..]));
    }
}

pub(crate) fn frame(flag: u8, message: &[u8]) -> Vec<u8> {
    [&[flag][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

/// Bytes as a test wants them.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn write(&mut self, text: impl AsRef<[u8]>) {
        self.0.write_all(text.as_ref()).await.unwrap();
    }

    /// Kind, flags and stream of the next frame of HTTP/2.
    pub(crate) async fn http2_frame(&mut self) -> (u8, u8, u32) {
        let mut head = [0; 9];
        let read = async {
            self.0.read_exact(&mut head).await?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            self.0.read_exact(&mut vec![0; length]).await
        };
        timeout(PATIENCE, read).await.expect("a frame in time").expect("a frame");
        (head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]))
    }

    /// Everything until the other side closes.
    pub(crate) async fn read_to_end(&mut self) -> String {
        let mut bytes = Vec::new();
        // A reset also ends what there is to read.
        let _ = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.expect("closed in time");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
