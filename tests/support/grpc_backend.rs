//! A gRPC server for OTLP on loopback that keeps what it gets and answers from a script.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http2,
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::Notify,
};

use crate::Received;

/// What a call gets.
#[derive(Clone, Debug)]
pub enum GrpcAnswer {
    /// OK, and nothing else to say.
    Ok,
    /// OK, but so many spans were refused.
    Partial(i64),
    /// Another status in the headers, and no more: code, message, and `grpc-status-details-bin`.
    TrailersOnly(&'static str, &'static str, Option<&'static str>),
    /// The same where it belongs if headers were sent before.
    Trailers(&'static str, &'static str),
    /// A message, and the end of the stream in place of trailers.
    NoTrailers,
    /// RST_STREAM after half of a message.
    ResetStream,
    /// The connection is closed before the answer.
    CloseConnection,
    /// OK, and GOAWAY while the call is served.
    GoAway,
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// The server. Stops on drop.
pub struct GrpcBackend {
    port: u16,
    state: Arc<State>,
    _runtime: Runtime,
}

struct State {
    script: Mutex<VecDeque<GrpcAnswer>>,
    received: Mutex<Vec<Received>>,
    connections: Mutex<usize>,
}

/// What a call does to its connection.
#[derive(Default)]
struct Connection {
    goes_away: Notify,
    closes: Notify,
}

impl GrpcBackend {
    /// Gives each call the next answer of `script`, and OK once that is at its end.
    ///
    /// # Panics
    /// If there is no loopback port.
    pub fn start(script: impl IntoIterator<Item = GrpcAnswer>) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a loopback port");
        let port = listener.local_addr().expect("a bound address").port();
        let script = Mutex::new(script.into_iter().collect());
        let state = Arc::new(State { script, received: Mutex::default(), connections: Mutex::default() });
        runtime.spawn(accept(listener, Arc::clone(&state)));
        Self { port, state, _runtime: runtime }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every call so far, its body unframed.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.state.received).clone()
    }

    /// How many connections there have been.
    pub fn connections(&self) -> usize {
        *lock(&self.state.connections)
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        *lock(&state.connections) += 1;
        tokio::spawn(serve(stream, Arc::clone(&state)));
    }
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    let connection = Arc::new(Connection::default());
    let of_calls = Arc::clone(&connection);
    let service = service_fn(move |request| answer(request, Arc::clone(&state), Arc::clone(&of_calls)));
    let mut serving = pin!(http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = serving.as_mut() => {}
        () = connection.closes.notified() => {}
        () = connection.goes_away.notified() => {
            serving.as_mut().graceful_shutdown();
            let _ = serving.await;
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
    connection: Arc<Connection>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let path = head.uri.path().to_owned();
    // A body that is cut short is no call.
    if let Some(message) = body.get(5..) {
        let message = body.slice_ref(message);
        lock(&state.received).push(Received { path, headers: head.headers, body: message });
    }
    let answer = lock(&state.script).pop_front().unwrap_or(GrpcAnswer::Ok);
    match answer {
        GrpcAnswer::CloseConnection => {
            connection.closes.notify_one();
            std::future::pending::<()>().await;
        }
        GrpcAnswer::GoAway => {
            connection.goes_away.notify_one();
            tokio::task::yield_now().await;
        }
        _ => {}
    }
    Ok(respond(answer))
}

fn respond(answer: GrpcAnswer) -> Response<Body> {
    let mut response = match answer {
        GrpcAnswer::TrailersOnly(code, message, details) => {
            let mut response = Response::new(whole(Bytes::new()));
            *response.headers_mut() = status(code, message, details);
            response
        }
        GrpcAnswer::Trailers(code, message) => Response::new(ended(Bytes::new(), status(code, message, None))),
        GrpcAnswer::NoTrailers => Response::new(whole(framed(&[]))),
        GrpcAnswer::ResetStream => Response::new(Half(Some(Bytes::from_static(b"\0\0"))).boxed_unsync()),
        GrpcAnswer::Partial(rejected_spans) => {
            let partial = ExportTracePartialSuccess { rejected_spans, error_message: "too old".to_owned() };
            let message = ExportTraceServiceResponse { partial_success: Some(partial) };
            Response::new(ended(framed(&message.encode_to_vec()), status("0", "", None)))
        }
        GrpcAnswer::Ok | GrpcAnswer::GoAway | GrpcAnswer::CloseConnection => {
            Response::new(ended(framed(&[]), status("0", "", None)))
        }
    };
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/grpc"));
    response
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).expect("a short message").to_be_bytes();
    [&[0][..], &length, message].concat().into()
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

fn ended(body: Bytes, trailers: HeaderMap) -> Body {
    whole(body).with_trailers(async move { Some(Ok(trailers)) }).boxed_unsync()
}

fn status(code: &'static str, message: &'static str, details: Option<&'static str>) -> HeaderMap {
    let pairs = [("grpc-status", Some(code)), ("grpc-message", Some(message)), ("grpc-status-details-bin", details)];
    let present = pairs.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    present.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

/// Half of a message, and an error in place of the rest.
struct Half(Option<Bytes>);

impl hyper::body::Body for Half {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        let next = self.0.take().ok_or_else(|| std::io::Error::other("told to"));
        Poll::Ready(Some(next.map(Frame::data)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
