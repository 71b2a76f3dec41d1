//! One connection, HTTP/1.1 or HTTP/2, and the clock that watches it.
//!
//! hyper's own header timeout also runs while a kept-alive connection is idle, so it cannot be both strict with a slow
//! first request and patient with a sender that exports once a minute. Therefore it is off, and [`Activity`] decides:
//! the first request must come soon, further ones may take their time, and a connection that serves none may be closed.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::TcpStream,
    sync::{Notify, watch},
    time::{Instant, sleep_until},
};

use super::{
    http2::Unread,
    listener::{Answer, ListenerLimits, stopped},
    opening::{Transport, Unopened, open},
    room::Room,
    slots::ConnectionSlots,
};

/// Request line and headers of HTTP/1.1, and the decoded header list of HTTP/2, bytes.
const MAX_HEADER_BYTES: u32 = 32 * 1024;
/// How often an HTTP/2 peer is asked whether it is still there, and how long its answer may take.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// A connection whose requests have neither begun nor ended for so long goes if there is no other room for a new one.
const STUCK: Duration = Duration::from_secs(2);
/// How long a connection that was asked to close may take.
const CLOSING: Duration = Duration::from_secs(1);

/// What a connection has done so far.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    evicted: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests being answered.
    active: usize,
    /// Whether its TLS handshake has yet to end.
    is_opening: bool,
    /// Whether there was a request at all.
    has_begun: bool,
    /// Whether it was asked to close, to make room.
    is_evicted: bool,
    /// Whether what it is doing is not waited for.
    is_cut: bool,
    /// When the connection was accepted, or its last request ended.
    since: Instant,
    /// When its last request began or ended.
    changed: Instant,
}

impl Activity {
    /// A connection that was accepted just now, and has a TLS handshake before it or not.
    pub(super) fn new(now: Instant, is_opening: bool) -> Self {
        let (has_begun, is_evicted, is_cut) = Default::default();
        let state = State { active: 0, is_opening, has_begun, is_evicted, is_cut, since: now, changed: now };
        Self { state: Mutex::new(state), evicted: Notify::new() }
    }

    /// When the connection was accepted, or its last request ended.
    fn since(&self) -> Instant {
        self.lock().since
    }

    /// Since when no request is being answered; none if there is one, or if the connection is about to close anyway.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.active == 0 && !state.is_evicted).then_some(state.since)
    }

    /// Since when requests are being answered and none has begun or ended, if that is long; none if the connection is about
    /// to close anyway.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        let state = self.lock();
        let is_stuck = state.active > 0 && !state.is_evicted && state.changed.elapsed() >= STUCK;
        is_stuck.then_some(state.changed)
    }

    /// Whether the TLS handshake has yet to end.
    pub(super) fn is_opening(&self) -> bool {
        self.lock().is_opening
    }

    /// Since when it has been at its TLS handshake; none if that is over, or if the connection is about to close anyway.
    pub(super) fn opening_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.is_opening && !state.is_evicted).then_some(state.since)
    }

    fn end_opening(&self) {
        self.lock().is_opening = false;
    }

    /// Asks the connection to close.
    pub(super) fn evict(&self) {
        self.lock().is_evicted = true;
        self.evicted.notify_one();
    }

    /// Asks the connection to close, and cuts it if it does not: what it is doing has taken long already.
    pub(super) fn cut(&self) {
        self.lock().is_cut = true;
        self.evict();
    }

    fn begin(self: &Arc<Self>) -> Answering {
        let mut state = self.lock();
        state.active += 1;
        state.has_begun = true;
        state.changed = Instant::now();
        Answering(self.clone())
    }

    /// When the connection is to be closed, if nothing happens until then; none while a request is being answered that is
    /// waited for.
    fn deadline(&self, limits: &ListenerLimits) -> Option<Instant> {
        let state = self.lock();
        let allowed = if state.has_begun { limits.idle } else { limits.first_request };
        (state.active == 0 || state.is_cut).then(|| state.since + allowed)
    }

    /// What becomes of the connection now; `closing` is when it is to be cut, once it was asked to close.
    fn decide(&self, closing: Option<Instant>, limits: &ListenerLimits) -> Decision {
        // None while a request is being answered: one that came just before the connection was to close is finished.
        let Some(deadline) = self.deadline(limits) else { return Decision::Wait };
        let now = Instant::now();
        match closing {
            Some(end) if now >= end => Decision::Cut,
            None if now >= deadline && self.lock().has_begun => Decision::Close,
            None if now >= deadline => Decision::TimeOut,
            _ => Decision::Wait,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of a connection when its deadline was looked at.
enum Decision {
    Wait,
    /// It is asked to close.
    Close,
    /// It was asked to close, and has had its time.
    Cut,
    /// It never sent a request.
    TimeOut,
}

/// Lasts as long as one request is being answered.
struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.active = state.active.saturating_sub(1);
        state.since = Instant::now();
        state.changed = state.since;
    }
}

/// Serves one connection until it ends, is idle for too long, is evicted, or the listener stops.
pub(super) async fn serve<A: Answer>(
    stream: TcpStream,
    room: &Room<A>,
    activity: Arc<Activity>,
    mut stopping: watch::Receiver<bool>,
) {
    // Answers are small and complete: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let peer = stream.peer_addr();
    let deadline = activity.since() + room.limits.first_request;
    let opened = tokio::select! {
        opened = open(stream, room.tls.as_ref()) => opened,
        () = stopped(&mut stopping) => return,
        () = activity.evicted.notified() => return,
        () = sleep_until(deadline) => {
            room.stats.timed_out.add(1);
            return;
        }
    };
    match opened {
        Ok(transport) => {
            activity.end_opening();
            converse(transport, room, activity, stopping).await;
        }
        Err(Unopened::Silent) => {}
        Err(unopened) => {
            room.stats.unopened.add(1);
            let peer = peer.map_or_else(|_| "somebody".to_owned(), |peer| peer.ip().to_string());
            room.unopened.complain(format_args!("connection of {peer}: {unopened}"));
        }
    }
}

/// Speaks HTTP until the connection ends.
async fn converse<A: Answer>(
    transport: Box<dyn Transport>,
    room: &Room<A>,
    activity: Arc<Activity>,
    mut stopping: watch::Receiver<bool>,
) {
    let slots = ConnectionSlots::default();
    let service = service_fn(|mut request: Request<Incoming>| {
        let answering = activity.begin();
        request.extensions_mut().insert(slots.clone());
        let answer = room.answer.clone().answer(request);
        async move {
            let response = answer.await;
            drop(answering);
            Ok::<_, Infallible>(response)
        }
    });
    let builder = protocol(&room.limits);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(transport), service));
    let mut closing: Option<Instant> = None;
    let mut is_stopping = false;
    loop {
        let deadline = activity.deadline(&room.limits).map(|idle| closing.unwrap_or(idle));
        // Looked at again now and then, since a request that begins or ends does not wake this task.
        let again = Instant::now() + room.limits.idle.min(room.limits.first_request);
        let wake = deadline.map_or(again, |deadline| deadline.min(again));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = stopped(&mut stopping), if !is_stopping => {
                is_stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = activity.evicted.notified(), if closing.is_none() => {
                closing = Some(Instant::now() + CLOSING);
                connection.as_mut().graceful_shutdown();
            }
            () = sleep_until(wake) => match activity.decide(closing, &room.limits) {
                Decision::Wait => {}
                Decision::Close => {
                    closing = Some(Instant::now() + CLOSING);
                    connection.as_mut().graceful_shutdown();
                }
                Decision::Cut => return,
                Decision::TimeOut => {
                    room.stats.timed_out.add(1);
                    return;
                }
            }
        }
    }
}

/// HTTP/1.1 or HTTP/2 by the client's first bytes. The caps on resets and pending streams are those of the h2 crate.
fn protocol(limits: &ListenerLimits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(MAX_HEADER_BYTES as usize);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_concurrent_streams)
        .max_header_list_size(MAX_HEADER_BYTES)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    Unread::of_bodies(limits.max_body_bytes).offer(&mut builder);
    builder
}
