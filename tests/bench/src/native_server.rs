//! What a server does that knows nothing better: decodes each OTLP request into structs and, if it hands it on, encodes it
//! again. It sends nothing. On a thread of its own, so that its CPU time is known.

use std::{
    convert::Infallible,
    hint::black_box,
    io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Buf;
use http_body_util::BodyExt;
use hyper::{Request, Response, StatusCode, body::Incoming};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    cpu::thread_cpu,
    sender::Protocol,
    serving::{Answer, PREFIX_BYTES, serve, taken},
};

/// What it does with a request that it has decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Forget,
    Encode,
}

/// Ends with the handle.
pub(crate) struct NativeServer {
    port: u16,
    cpu_nanoseconds: Arc<AtomicU64>,
    _running: oneshot::Sender<()>,
}

impl NativeServer {
    /// Listens on a free port.
    ///
    /// # Errors
    /// If the system gives no port or no thread.
    pub(crate) fn start(protocol: Protocol, then: Then) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let port = listener.local_addr()?.port();
        let (running, ended) = oneshot::channel();
        let cpu_nanoseconds = Arc::new(AtomicU64::new(0));
        let used = Arc::clone(&cpu_nanoseconds);
        std::thread::Builder::new().name("native".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    result = accept(listener, protocol, then, used) => result,
                    _ = ended => Ok(()),
                }
            })
        })?;
        Ok(Self { port, cpu_nanoseconds, _running: running })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// CPU time of its thread up to its latest answer.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.cpu_nanoseconds.load(Relaxed))
    }
}

async fn accept(listener: TcpListener, protocol: Protocol, then: Then, cpu: Arc<AtomicU64>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let cpu = Arc::clone(&cpu);
        serve(protocol, stream, move |request| answer(request, protocol, then, Arc::clone(&cpu)));
    }
}

async fn answer(
    request: Request<Incoming>,
    protocol: Protocol,
    then: Then,
    cpu: Arc<AtomicU64>,
) -> Result<Response<Answer>, Infallible> {
    let mut response = taken(protocol);
    let mut body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    if protocol == Protocol::Grpc {
        body.advance(PREFIX_BYTES.min(body.len()));
    }
    match ExportTraceServiceRequest::decode(body) {
        Ok(spans) if then == Then::Encode => {
            black_box(spans.encode_to_vec());
        }
        Ok(spans) => {
            black_box(spans);
        }
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    cpu.store(u64::try_from(thread_cpu().as_nanos()).unwrap_or(u64::MAX), Relaxed);
    Ok(response)
}
