//! Servers that do as they are told and keep what they got.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
};

/// What to do with a request.
#[derive(Clone)]
pub(super) enum Script {
    /// Sends these bytes and waits for the next request.
    Answer(Vec<u8>),
    /// Sends these bytes and closes.
    AnswerAndClose(Vec<u8>),
    /// Sends these bytes and then one byte every few milliseconds until the client goes.
    Trickle(Vec<u8>),
    /// Sends these bytes and then as much as the client takes.
    Flood(Vec<u8>),
    /// Sends these bytes before anything was asked, and waits for the client to go.
    Greet(Vec<u8>),
    /// Agrees to a tunnel, whatever it was asked for, and makes it to this address.
    Tunnel(SocketAddr),
    /// Sends nothing and waits for the client to go.
    Hang,
    /// Sends these bytes for the first request of a connection, and nothing after the second: what a client sees of a
    /// connection that a NAT has forgotten.
    AnswerOnce(Vec<u8>),
    /// Reads nothing and sends nothing.
    Blackhole,
    /// Resets the connection after a few bytes of the request.
    ResetRequest,
    /// Sends these bytes after a few bytes of the request, and resets the connection.
    ResetAnswer(Vec<u8>),
    /// Reads a byte every few milliseconds.
    Sip,
}

/// A server that speaks raw bytes.
pub(super) struct Raw {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    script: Mutex<Option<Script>>,
    connections: AtomicUsize,
    received: Mutex<Vec<Vec<u8>>>,
    gone: Notify,
    got: Notify,
}

impl Raw {
    pub(super) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, state) = (listener.local_addr().unwrap(), Arc::new(State::default()));
        *state.script.lock().unwrap() = Some(script);
        let serving = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.connections.fetch_add(1, Relaxed);
                let state = Arc::clone(&serving);
                tokio::spawn(async move {
                    let _ = serve(stream, &state).await;
                    state.gone.notify_one();
                });
            }
        });
        Self { address, state, task }
    }

    /// Answers 200 with `body` and `headers`, whole lines.
    pub(super) async fn answering(headers: &str, body: &str) -> Self {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
        Self::start(Script::Answer(answer.into_bytes())).await
    }

    /// From the next request on, another script.
    pub(super) fn play(&self, script: Script) {
        *self.state.script.lock().unwrap() = Some(script);
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) fn connections(&self) -> usize {
        self.state.connections.load(Relaxed)
    }

    /// Every request, head and body.
    pub(super) fn received(&self) -> Vec<String> {
        let received = self.state.received.lock().unwrap();
        received.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    /// The bytes of the first request's body.
    pub(super) fn first_body(&self) -> Vec<u8> {
        let received = self.state.received.lock().unwrap();
        let at = received[0].windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        received[0][at + 4..].to_vec()
    }

    /// Waits until a request has been read.
    pub(super) async fn got_one(&self) {
        self.state.got.notified().await;
    }

    /// Waits until a connection has ended.
    pub(super) async fn lost_one(&self) {
        self.state.gone.notified().await;
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is said before a request is whole; none if that is read first.
async fn serve_early(stream: &mut TcpStream, script: &Script) -> Option<std::io::Result<()>> {
    let mut few = [0; 8];
    Some(match script {
        Script::Greet(bytes) => match stream.write_all(bytes).await {
            Ok(()) => read_to_end(stream).await,
            failed => failed,
        },
        Script::Blackhole => std::future::pending().await,
        // Closing a connection on which bytes are not read resets it.
        Script::ResetRequest => stream.read_exact(&mut few).await.map(drop),
        Script::ResetAnswer(bytes) => match stream.read_exact(&mut few).await {
            Ok(_) => stream.write_all(bytes).await,
            Err(error) => Err(error),
        },
        Script::Sip => loop {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            match stream.read(&mut few[..1]).await {
                Ok(0) => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        },
        _ => return None,
    })
}

async fn serve(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut requests = 0;
    let script = || state.script.lock().unwrap().clone().unwrap();
    let first = script();
    if let Some(ended) = serve_early(&mut stream, &first).await {
        return ended;
    }
    loop {
        let Some(request) = read_request(&mut stream).await? else { return Ok(()) };
        state.received.lock().unwrap().push(request);
        state.got.notify_one();
        requests += 1;
        match &script() {
            Script::AnswerOnce(_) if requests > 1 => return read_to_end(&mut stream).await,
            Script::Answer(bytes) | Script::AnswerOnce(bytes) => stream.write_all(bytes).await?,
            Script::AnswerAndClose(bytes) => return stream.write_all(bytes).await,
            Script::Tunnel(address) => {
                let mut far = TcpStream::connect(address).await?;
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
                return tokio::io::copy_bidirectional(&mut stream, &mut far).await.map(drop);
            }
            Script::Hang => return read_to_end(&mut stream).await,
            Script::Trickle(bytes) => {
                stream.write_all(bytes).await?;
                loop {
                    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
                    stream.write_all(b"x").await?;
                }
            }
            Script::Flood(bytes) => {
                stream.write_all(bytes).await?;
                loop {
                    stream.write_all(&[b'x'; 16 << 10]).await?;
                }
            }
            // Played meanwhile, for the next connection.
            _ => return Ok(()),
        }
    }
}

async fn read_to_end(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.map(drop)
}

/// One request by its content-length, or nothing if the client went before it began.
async fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    request.extend(body);
    Ok(Some(request))
}

/// A server that speaks HTTP/1.1 and HTTP/2, says in a header which, echoes the body and adds a trailer.
pub(super) struct Echo {
    pub(super) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Echo {
    pub(super) async fn plain() -> Self {
        Self::start(|stream| async { Some(stream) }).await
    }

    /// With TLS as `config` says.
    pub(super) async fn tls(config: rustls::ServerConfig) -> Self {
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        Self::start(move |stream| {
            let acceptor = acceptor.clone();
            async move { acceptor.accept(stream).await.ok() }
        })
        .await
    }

    /// With a stream of the caller's on top of every connection, or none.
    pub(super) async fn start<S, F>(mut wrap: impl FnMut(TcpStream) -> F + Send + 'static) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = Option<S>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let wrapping = wrap(stream);
                tokio::spawn(async move {
                    let Some(stream) = wrapping.await else { return };
                    let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service_fn(echo)).await;
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = http::Response<http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>>;

async fn echo(request: http::Request<hyper::body::Incoming>) -> Result<Answer, Infallible> {
    let version = format!("{:?}", request.version());
    let length = request.headers().get("content-length").cloned().unwrap_or(http::HeaderValue::from_static("none"));
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let trailers = http::HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        http::HeaderValue::from_static("0"),
    )]);
    let body = Full::new(body).with_trailers(async move { Some(Ok(trailers)) }).boxed_unsync();
    let answer = http::Response::builder().header("x-version", version).header("x-length", length);
    let answer = answer.header("trailer", "grpc-status");
    Ok(answer.body(body).unwrap())
}
