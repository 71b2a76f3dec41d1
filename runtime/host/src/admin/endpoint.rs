//! What is served where.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;

use super::host_check::is_for_loopback;
use crate::{
    config,
    receiver::{
        BindError, ConnectionStats,
        answer::Answer,
        bind::bind,
        listener::{Listening, listen},
        listener_limits::ListenerLimits,
        reply::{ReplyBody, put, reply},
    },
    telemetry::Log,
};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const INDEX: &str = "spangate\n\n/livez    is the process alive\n/readyz   is it ready to take spans, and if not, why\n\
    /metrics  counters for Prometheus\n/status   every exporter's state, last fault, cost and ledger, as JSON\n";
const LIMITS: ListenerLimits = ListenerLimits {
    max_handshakes: 0,
    max_connections: 64,
    max_body_bytes: 0,
    max_concurrent_streams: 16,
    first_request: Duration::from_secs(10),
    idle: Duration::from_secs(120),
};

/// What the admin endpoint shows. Each question is answered at once and from memory.
pub trait AdminSource: Send + Sync {
    /// Whether the process works at all.
    fn is_live(&self) -> bool;

    /// Whether spans are taken and required exporters deliver.
    ///
    /// # Errors
    /// Every reason why not, one line each.
    fn ready(&self) -> Result<(), Vec<String>>;

    /// The counters: content type and text of an exposition format.
    fn metrics_text(&self) -> (String, String);

    /// Everything an operator wants to know, for `/status`.
    fn status(&self) -> serde_json::Value;
}

/// The admin endpoint at work. Dropping it cuts every connection.
#[derive(Debug)]
pub struct BoundAdmin {
    local_addr: SocketAddr,
    listening: Listening,
}

impl BoundAdmin {
    /// Where it listens; tells the port if the configuration said 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Closes the port, lets answers finish, cuts what is left after `deadline`. Returns the connections cut.
    pub async fn stop(self, deadline: Duration) -> u64 {
        self.listening.stop(deadline).await
    }
}

/// Starts the admin endpoint on the current tokio runtime.
///
/// # Errors
/// [`BindError`] if the address is not a loopback one, is in use, or cannot be had.
pub async fn start_admin(
    config: config::Admin,
    source: Arc<dyn AdminSource>,
    log: Log,
) -> Result<BoundAdmin, BindError> {
    let table = "admin";
    if !config.listen.ip().is_loopback() {
        return Err(BindError::NotLoopback { address: config.listen, table });
    }
    let (listener, local_addr) = bind(config.listen, table).await?;
    let endpoint = Arc::new(Endpoint { source, port: local_addr.port() });
    let listening = listen(listener, endpoint, LIMITS, Arc::new(ConnectionStats::default()), None, log, table);
    Ok(BoundAdmin { local_addr, listening })
}

struct Endpoint {
    source: Arc<dyn AdminSource>,
    port: u16,
}

impl Answer for Endpoint {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<ReplyBody> {
        let mut response = self.dispatch(&request);
        put(&mut response, header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        put(&mut response, header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

impl Endpoint {
    fn dispatch<B>(&self, request: &Request<B>) -> Response<ReplyBody> {
        if !is_for_loopback(request, self.port) {
            return reply(StatusCode::FORBIDDEN, TEXT, "ask for localhost or a loopback address\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = reply(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD are served\n");
            put(&mut response, header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match request.uri().path() {
            "/" => reply(StatusCode::OK, TEXT, INDEX),
            "/livez" => self.livez(),
            "/readyz" => self.readyz(),
            "/metrics" => self.metrics(),
            "/status" => self.status(),
            _ => reply(StatusCode::NOT_FOUND, TEXT, "not found; / lists what is served\n"),
        }
    }

    fn livez(&self) -> Response<ReplyBody> {
        match self.source.is_live() {
            true => reply(StatusCode::OK, TEXT, "live\n"),
            false => reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, "not live\n"),
        }
    }

    fn readyz(&self) -> Response<ReplyBody> {
        match self.source.ready() {
            Ok(()) => reply(StatusCode::OK, TEXT, "ready\n"),
            Err(reasons) => {
                let lines: String = reasons.iter().map(|reason| format!("- {reason}\n")).collect();
                reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("not ready\n{lines}"))
            }
        }
    }

    fn metrics(&self) -> Response<ReplyBody> {
        let (content_type, text) = self.source.metrics_text();
        let mut response = reply(StatusCode::OK, TEXT, text);
        if let Ok(content_type) = HeaderValue::try_from(content_type) {
            put(&mut response, header::CONTENT_TYPE, content_type);
        }
        response
    }

    fn status(&self) -> Response<ReplyBody> {
        let status = self.source.status();
        // The alternate form is indented: people read it too.
        reply(StatusCode::OK, JSON, format!("{status:#}\n"))
    }
}
