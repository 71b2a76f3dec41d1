//! A backend that reads requests and forgets them: HTTP or gRPC on loopback, on a thread of its own whose CPU time is known.

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{Request, Response, body::Incoming};
use tokio::{net::TcpListener, sync::oneshot};
use url::Url;

use crate::{
    cpu::thread_cpu,
    sender::Protocol,
    serving::{Answer, serve, taken},
};

/// Ends with the handle.
pub(crate) struct Sink {
    address: SocketAddr,
    counts: Arc<Counts>,
    _running: oneshot::Sender<()>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    bytes: AtomicU64,
    cpu_nanoseconds: AtomicU64,
}

impl Sink {
    /// Listens on a free port, for HTTP.
    ///
    /// # Errors
    /// If the system gives no port or no thread.
    pub(crate) fn start() -> anyhow::Result<Self> {
        Self::speaking(Protocol::Http)
    }

    /// As [`Sink::start`], for this protocol.
    ///
    /// # Errors
    /// If the system gives no port or no thread.
    pub(crate) fn speaking(protocol: Protocol) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let (running, ended) = oneshot::channel();
        let counts = Arc::new(Counts::default());
        let served = Arc::clone(&counts);
        std::thread::Builder::new().name("sink".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    result = accept(listener, protocol, served) => result,
                    _ = ended => Ok(()),
                }
            })
        })?;
        Ok(Self { address, counts, _running: running })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Never: an address makes a URL.
    pub(crate) fn url(&self) -> anyhow::Result<Url> {
        Ok(Url::parse(&format!("http://{}", self.address))?)
    }

    /// CPU time of its thread up to its latest answer.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_nanos(self.counts.cpu_nanoseconds.load(Relaxed))
    }

    /// Requests that were answered, and the bytes of their bodies.
    pub(crate) fn taken(&self) -> (u64, u64) {
        (self.counts.requests.load(Relaxed), self.counts.bytes.load(Relaxed))
    }
}

async fn accept(listener: TcpListener, protocol: Protocol, counts: Arc<Counts>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let counts = Arc::clone(&counts);
        serve(protocol, stream, move |request| answer(request, protocol, Arc::clone(&counts)));
    }
}

async fn answer(
    request: Request<Incoming>,
    protocol: Protocol,
    counts: Arc<Counts>,
) -> Result<Response<Answer>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(frame)) = body.frame().await {
        counts.bytes.fetch_add(frame.data_ref().map_or(0, Bytes::len) as u64, Relaxed);
    }
    counts.requests.fetch_add(1, Relaxed);
    counts.cpu_nanoseconds.store(u64::try_from(thread_cpu().as_nanos()).unwrap_or(u64::MAX), Relaxed);
    Ok(taken(protocol))
}
