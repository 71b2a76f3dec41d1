//! One connection, HTTP/1.1 or HTTP/2, and the clock that watches it.
//!
//! hyper's own header timeout also runs while a kept-alive connection is idle, so it cannot be both strict with a slow
//! first request and patient with a sender that exports once a minute. Therefore it is off, and [`Activity`] decides:
//! the first request must come soon, further ones may take their time, and a connection that serves none may be closed.

use std::{convert::Infallible, pin::pin, sync::Arc, time::Duration};

use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use tokio::{
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    activity::{Activity, Decision},
    answer::Answer,
    http2::Unread,
    listener_limits::ListenerLimits,
    opening::{Transport, Unopened, open},
    room::Room,
    slots::ConnectionSlots,
    stopping::stopped,
};

/// Request line and headers of HTTP/1.1, and the decoded header list of HTTP/2, bytes.
const MAX_HEADER_BYTES: u32 = 32 * 1024;
/// How often an HTTP/2 peer is asked whether it is still there, and how long its answer may take.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a connection that was asked to close may take.
const CLOSING: Duration = Duration::from_secs(1);

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
        () = activity.evicted() => return,
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
            () = activity.evicted(), if closing.is_none() => {
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
