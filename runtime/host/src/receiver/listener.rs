//! One HTTP listener: accepts connections, caps them, and closes everything within a deadline.
//!
//! Constraints: an error of `accept` never ends the loop (no file descriptors left is a passing state); connections are
//! capped, and a newcomer pushes out the one that has been idle longest rather than being locked out by idle ones;
//! closing the port comes first when stopping, so that senders go elsewhere while what is in flight is finished.

use std::{future::Future, io, sync::Arc, time::Duration};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, timeout},
};

use super::{
    activity::Activity, answer::Answer, connection::serve, listener_limits::ListenerLimits, room::Room,
    security::TlsSource, stats::ConnectionStats, stopping::stopped,
};
use crate::telemetry::{Level, Log};

const FIRST_BACKOFF: Duration = Duration::from_millis(10);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// Where connections come from.
pub(crate) trait Accept: Send + 'static {
    /// The next connection.
    fn accept(&mut self) -> impl Future<Output = io::Result<TcpStream>> + Send;
}

impl Accept for TcpListener {
    async fn accept(&mut self) -> io::Result<TcpStream> {
        TcpListener::accept(self).await.map(|(stream, _)| stream)
    }
}

/// A listener at work. Dropping it cuts every connection.
#[derive(Debug)]
pub(crate) struct Listening {
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
    stats: Arc<ConnectionStats>,
}

impl Listening {
    /// Closes the port at once, lets requests that have begun finish, and cuts what is left after `deadline`.
    /// Returns how many connections were cut.
    pub(crate) async fn stop(mut self, deadline: Duration) -> u64 {
        self.stop.send_replace(true);
        match timeout(deadline, &mut self.accepting).await {
            Ok(_) => 0,
            Err(_) => self.stats.open(),
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves `listener` on the current tokio runtime until it is stopped, under TLS if there is any. Speaks as `target`.
pub(crate) fn listen<L: Accept, A: Answer>(
    listener: L,
    answer: Arc<A>,
    limits: ListenerLimits,
    stats: Arc<ConnectionStats>,
    tls: Option<TlsSource>,
    log: Log,
    target: &'static str,
) -> Listening {
    let (stop, stopping) = watch::channel(false);
    let room = Arc::new(Room::new(answer, limits, stats.clone(), tls, log, target));
    let accepting = tokio::spawn(accept_until_stopped(listener, room, stopping));
    Listening { stop, accepting, stats }
}

async fn accept_until_stopped<L: Accept, A: Answer>(
    mut listener: L,
    room: Arc<Room<A>>,
    stopping: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let mut backoff = FIRST_BACKOFF;
    let mut next_number = 0;
    let mut stop = stopping.clone();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(ended) = connections.join_next() => report_panic(&room, ended),
            accepted = listener.accept() => match accepted {
                Ok(stream) => {
                    backoff = FIRST_BACKOFF;
                    next_number += 1;
                    admit(&mut connections, &room, stream, next_number, &stopping);
                }
                Err(cause) if is_of_one_connection(&cause) => room.stats.accept_errors.add(1),
                Err(cause) => {
                    room.stats.accept_errors.add(1);
                    report_accept_error(&room, &cause, backoff);
                    // Returns early if the listener is to stop.
                    let _ = timeout(backoff, stopped(&mut stopping.clone())).await;
                    backoff = (backoff * 2).min(LONGEST_BACKOFF);
                }
            },
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        report_panic(&room, ended);
    }
}

fn admit<A: Answer>(
    connections: &mut JoinSet<()>,
    room: &Arc<Room<A>>,
    stream: TcpStream,
    number: u64,
    stopping: &watch::Receiver<bool>,
) {
    let activity = Arc::new(Activity::new(Instant::now(), room.tls.is_some()));
    let Some(registration) = room.enter(number, &activity) else { return };
    let stopping = stopping.clone();
    connections.spawn(async move {
        serve(stream, &registration.room, activity, stopping).await;
    });
}

/// The peer went away before it was accepted: says nothing about the next one.
fn is_of_one_connection(cause: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(cause.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

fn report_accept_error<A>(room: &Room<A>, cause: &io::Error, backoff: Duration) {
    let message = format_args!("cannot accept connections: {cause}; trying again in {backoff:?}");
    room.log.say(Level::Warn, room.target, message);
}

fn report_panic<A>(room: &Room<A>, ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        room.log.say(Level::Error, room.target, format_args!("a connection ended by a defect of spangate: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, future::pending, net::SocketAddr, sync::atomic::AtomicU64};

    use http::{Request, Response, StatusCode};
    use hyper::body::Incoming;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{
        receiver::reply::{ReplyBody, reply},
        telemetry::LogRecord,
    };

    /// Fails as told before it accepts.
    struct Failing(VecDeque<io::Error>, TcpListener);

    impl Accept for Failing {
        async fn accept(&mut self) -> io::Result<TcpStream> {
            match self.0.pop_front() {
                Some(error) => Err(error),
                None => Accept::accept(&mut self.1).await,
            }
        }
    }

    struct Hello;

    impl Answer for Hello {
        async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<ReplyBody> {
            match request.uri().path() {
                "/panic" => panic!("a defect"),
                "/never" => pending().await,
                _ => reply(StatusCode::OK, "text/plain", "hello"),
            }
        }
    }

    #[derive(Default)]
    struct Count(AtomicU64);

    impl crate::telemetry::LogSink for Count {
        fn log(&self, _: &LogRecord<'_>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    async fn start(errors: Vec<io::Error>) -> (SocketAddr, Listening, Arc<Count>) {
        let (listener, address) =
            super::super::bind::bind(SocketAddr::from(([127, 0, 0, 1], 0)), "test").await.unwrap();
        let limits = ListenerLimits {
            max_connections: 4,
            max_handshakes: 2,
            max_body_bytes: 0,
            max_concurrent_streams: 4,
            first_request: Duration::from_secs(10),
            idle: Duration::from_millis(50),
        };
        let count = Arc::new(Count::default());
        let listener = Failing(errors.into(), listener);
        let listening =
            listen(listener, Arc::new(Hello), limits, Arc::default(), None, Log::new(count.clone()), "test");
        (address, listening, count)
    }

    async fn get(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn errors_of_accept_are_counted_and_do_not_end_the_listener() {
        let too_many_files = || io::Error::from_raw_os_error(24);
        let aborted = io::Error::from(io::ErrorKind::ConnectionAborted);
        let (address, listening, count) = start(vec![too_many_files(), aborted, too_many_files()]).await;
        assert!(get(address, "/").await.ends_with("hello"));
        assert_eq!(listening.stats.accept_errors.get(), 3);
        // The one that was aborted says nothing about this machine.
        assert_eq!(count.0.load(std::sync::atomic::Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_panic_ends_its_connection_and_is_told() {
        let (address, listening, count) = start(vec![]).await;
        assert_eq!(get(address, "/panic").await, "");
        assert!(get(address, "/").await.ends_with("hello"));
        assert_eq!(count.0.load(std::sync::atomic::Ordering::Relaxed), 1);
        assert_eq!(listening.stop(Duration::from_secs(10)).await, 0);
    }

    #[tokio::test]
    async fn an_idle_connection_is_closed_after_its_last_request() {
        let (address, _listening, _) = start(vec![]).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        timeout(Duration::from_secs(10), read).await.expect("closed").unwrap();
        assert!(answer.ends_with("hello"));
    }

    #[tokio::test]
    async fn stopping_does_not_wait_for_the_next_attempt_to_accept() {
        let errors = (0..1000).map(|_| io::Error::from_raw_os_error(24)).collect();
        let (_, listening, count) = start(errors).await;
        while count.0.load(std::sync::atomic::Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(listening.stop(Duration::from_secs(10)).await, 0);
    }

    #[tokio::test]
    async fn dropping_a_listener_cuts_its_connections() {
        let (address, listening, _) = start(vec![]).await;
        let answer = tokio::spawn(async move { get(address, "/never").await });
        while listening.stats.open() == 0 {
            tokio::task::yield_now().await;
        }
        drop(listening);
        assert_eq!(timeout(Duration::from_secs(10), answer).await.expect("cut").unwrap(), "");
    }
}
