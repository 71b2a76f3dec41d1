//! An HTTP server on loopback that keeps what it gets and answers what the test says.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use tokio::{net::TcpListener, runtime::Runtime};

/// One request.
#[derive(Clone, Debug)]
pub struct Received {
    /// Path and query.
    pub path: String,
    /// Request headers.
    pub headers: HeaderMap,
    /// The whole body, as sent.
    pub body: Bytes,
}

type Answer = dyn Fn(&Received) -> StatusCode + Send + Sync;

/// Keeps every request in memory. Stops on drop.
pub struct Collector {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
    _runtime: Runtime,
}

impl Collector {
    /// Answers 200 with an empty body to everything.
    pub fn start() -> Self {
        Self::answering(|_| StatusCode::OK)
    }

    /// Answers what `answer` says.
    pub fn answering(answer: impl Fn(&Received) -> StatusCode + Send + Sync + 'static) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a loopback port");
        let port = listener.local_addr().expect("a bound address").port();
        let received = Arc::new(Mutex::new(Vec::new()));
        runtime.spawn(accept(listener, received.clone(), Arc::new(answer)));
        Self { port, received, _runtime: runtime }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything received so far.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.received).clone()
    }
}

async fn accept(listener: TcpListener, received: Arc<Mutex<Vec<Received>>>, answer: Arc<Answer>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (received, answer) = (received.clone(), answer.clone());
        let service = service_fn(move |request| serve(request, received.clone(), answer.clone()));
        tokio::spawn(async move {
            let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn serve(
    request: Request<Incoming>,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<Answer>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let path = head.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    let request = Received { path, headers: head.headers, body };
    let mut response = Response::new(Full::default());
    *response.status_mut() = answer(&request);
    lock(&received).push(request);
    Ok(response)
}

fn lock(received: &Mutex<Vec<Received>>) -> MutexGuard<'_, Vec<Received>> {
    received.lock().unwrap_or_else(PoisonError::into_inner)
}
