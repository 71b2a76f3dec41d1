//! Connections that a network has forgotten: nothing comes back, and nothing says so.

use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::{server::*, *};

/// Which connections there are, and how many of the first are forgotten.
#[derive(Default)]
struct Network {
    made: AtomicUsize,
    forgotten: AtomicUsize,
}

/// What a server sees of it: what it sends is swallowed, and it hears nothing.
struct Far {
    stream: TcpStream,
    number: usize,
    network: Arc<Network>,
}

impl Far {
    fn is_forgotten(&self) -> bool {
        self.number < self.network.forgotten.load(SeqCst)
    }
}

impl AsyncRead for Far {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.is_forgotten() { Poll::Pending } else { Pin::new(&mut self.stream).poll_read(cx, buffer) }
    }
}

impl AsyncWrite for Far {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_forgotten() {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Sends, forgets the connection, waits so long in virtual time and sends again with so much more time. How that ended, and
/// how many connections there were.
async fn send_again_after(silence: Duration, patience: Duration) -> (Result<u16, HttpError>, usize) {
    let network = Arc::<Network>::default();
    let made = network.clone();
    let server = Echo::start(move |stream| {
        let (network, number) = (made.clone(), made.made.fetch_add(1, SeqCst));
        async move { Some(Far { stream, number, network }) }
    })
    .await;
    // A request's deadline goes by the machine's clock, which the virtual one leaves behind.
    let url = format!("http://{}", server.address);
    let mut ctx = instance(grant(&[&url], |grant| grant.timeout = silence + patience));
    let request = Request { http2: true, ..post(url + "/", b"x") };
    assert_eq!(ctx.send(request.clone()).await.unwrap().status, 200);
    network.forgotten.store(1, SeqCst);
    tokio::time::pause();
    // Goes from one timer to the next: the wait for the probe's answer begins when the probe was sent.
    tokio::time::sleep(silence).await;
    tokio::time::resume();
    let sent = ctx.send(request).await.map(|response| response.status);
    (sent, network.made.load(SeqCst))
}

// A probe comes after 30 s of silence, and 20 s are for its answer.

#[tokio::test]
async fn n10_a_forgotten_http2_connection_is_given_up_once_its_probe_is_not_answered() {
    let (silence, patience) = (Duration::from_secs(51), Duration::from_secs(60));
    assert_eq!(send_again_after(silence, patience).await, (Ok(200), 2));
}

#[tokio::test]
async fn n10_a_forgotten_http2_connection_is_still_used_while_its_probe_may_be_answered() {
    let (silence, patience) = (Duration::from_secs(49), Duration::from_millis(300));
    assert_eq!(send_again_after(silence, patience).await, (Err(HttpError::Timeout), 1));
}
