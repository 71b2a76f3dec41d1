//! Sends the same OTLP request over one kept connection, again and again. It costs next to nothing, so that who is measured
//! is never waited for.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http2, client::conn::http2::SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::Runtime;

/// How long a connection is listened to before it is used again.
const MEANWHILE: Duration = Duration::from_millis(2);

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

/// One connection, and what is sent over it.
pub(crate) struct Sender {
    protocol: Protocol,
    port: u16,
    body: Bytes,
    connection: Connection,
}

enum Connection {
    Http { stream: BufReader<TcpStream>, request: Vec<u8> },
    Grpc { runtime: Runtime, connection: SendRequest<Full<Bytes>>, url: String, message: Bytes },
}

impl Sender {
    /// Connects to a port of this machine, to send `body` as spans over HTTP.
    ///
    /// # Errors
    /// If nobody listens.
    pub(crate) fn connect(port: u16, body: &[u8]) -> anyhow::Result<Self> {
        Self::speaking(Protocol::Http, port, body)
    }

    /// As [`Sender::connect`], by this protocol.
    ///
    /// # Errors
    /// If nobody listens.
    pub(crate) fn speaking(protocol: Protocol, port: u16, body: &[u8]) -> anyhow::Result<Self> {
        let connection = Connection::open(protocol, port, body)?;
        Ok(Self { protocol, port, body: Bytes::copy_from_slice(body), connection })
    }

    /// Connects anew if the other side has closed the connection, as it does with those that are idle.
    ///
    /// # Errors
    /// As [`Sender::connect`].
    pub(crate) fn refresh(&mut self) -> anyhow::Result<()> {
        if !self.connection.is_open()? {
            self.connection = Connection::open(self.protocol, self.port, &self.body)?;
        }
        Ok(())
    }

    /// Sends it once and reads the answer.
    ///
    /// # Errors
    /// If the answer is not 200, or its status not OK.
    pub(crate) fn send(&mut self) -> anyhow::Result<()> {
        match &mut self.connection {
            Connection::Http { stream, request } => post(stream, request),
            Connection::Grpc { runtime, connection, url, message } => runtime.block_on(call(connection, url, message)),
        }
    }
}

impl Connection {
    fn open(protocol: Protocol, port: u16, body: &[u8]) -> anyhow::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        match protocol {
            Protocol::Http => Ok(Self::http(stream, port, body)),
            Protocol::Grpc => Self::grpc(stream, port, body),
        }
    }

    fn http(stream: TcpStream, port: u16, body: &[u8]) -> Self {
        let mut request = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/x-protobuf\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        Self::Http { stream: BufReader::new(stream), request }
    }

    fn grpc(stream: TcpStream, port: u16, body: &[u8]) -> anyhow::Result<Self> {
        stream.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(async {
            let stream = TokioIo::new(tokio::net::TcpStream::from_std(stream)?);
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await?;
            tokio::spawn(connection);
            anyhow::Ok(sender)
        })?;
        let url = format!("http://127.0.0.1:{port}/opentelemetry.proto.collector.trace.v1.TraceService/Export");
        Ok(Self::Grpc { runtime, connection, url, message: framed(body)? })
    }

    fn is_open(&mut self) -> std::io::Result<bool> {
        match self {
            Self::Http { stream, .. } => {
                let stream = stream.get_ref();
                stream.set_nonblocking(true)?;
                let waits = stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
                stream.set_nonblocking(false)?;
                Ok(waits)
            }
            // What has come meanwhile is read, and pings are answered.
            Self::Grpc { runtime, connection, .. } => Ok(runtime.block_on(async {
                tokio::time::sleep(MEANWHILE).await;
                !connection.is_closed() && connection.ready().await.is_ok()
            })),
        }
    }
}

/// gRPC's prefix, and the message.
///
/// # Errors
/// If the message has more than 4 GiB.
fn framed(message: &[u8]) -> anyhow::Result<Bytes> {
    let length = u32::try_from(message.len())?.to_be_bytes();
    Ok([&[0][..], &length, message].concat().into())
}

fn post(stream: &mut BufReader<TcpStream>, request: &[u8]) -> anyhow::Result<()> {
    stream.get_mut().write_all(request)?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    anyhow::ensure!(line.starts_with("HTTP/1.1 200"), "the answer is {line:?}");
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(bytes) = header.strip_prefix("content-length:") {
            length = bytes.trim().parse().context("a content-length")?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(())
}

async fn call(connection: &mut SendRequest<Full<Bytes>>, url: &str, message: &Bytes) -> anyhow::Result<()> {
    let request = Request::post(url).header("content-type", "application/grpc").header("te", "trailers");
    connection.ready().await?;
    let answer = connection.send_request(request.body(Full::new(message.clone()))?).await?;
    let body = answer.into_body().collect().await?;
    let status = body.trailers().and_then(|trailers| trailers.get("grpc-status"));
    anyhow::ensure!(status.is_some_and(|status| status == "0"), "the status is {status:?}");
    Ok(())
}
