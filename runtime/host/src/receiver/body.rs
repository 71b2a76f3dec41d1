//! Reads a request body under a cap and against the clock.

use std::{error::Error, io, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::{Instant, timeout};

use super::failure::Failure;

/// Slower than this on average, after `read_timeout`, is too slow: bytes per second.
const SLOWEST_RATE: u64 = 4096;
/// How much of a refused body is read at most, so that the sender comes to read the answer: bytes.
pub(super) const MAX_DISCARDED_BYTES: u64 = 64 << 20;
/// Reserved at most for a body on the word of its announced length: bytes.
const MAX_RESERVED_BYTES: usize = 1 << 20;

/// What a body may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyLimits {
    /// Of the message as it comes over the wire.
    pub(super) max_bytes: usize,
    /// What comes on top around the message.
    pub(super) framing_bytes: usize,
    /// Longest wait for the next piece.
    pub(super) read_timeout: Duration,
}

impl BodyLimits {
    fn wire_bytes(self) -> usize {
        self.max_bytes.saturating_add(self.framing_bytes)
    }
}

/// Refuses a body by its announced length, before any of it is read.
///
/// # Errors
/// Too large.
pub(super) fn check_length<B: Body>(body: &B, limits: BodyLimits) -> Result<(), Failure> {
    match body.size_hint().lower() {
        announced if announced > limits.wire_bytes() as u64 => Err(too_large(limits)),
        _ => Ok(()),
    }
}

/// Reads a whole body. `counted` is told the size of each piece, and may refuse it.
///
/// It is copied into memory of exactly its size: hyper's pieces lie in read buffers, and a batch that waits in a queue
/// must not keep those alive.
///
/// # Errors
/// Too large, timed out, disconnected; malformed if the transfer coding is; what `counted` says.
pub(super) async fn read<B>(
    mut body: B,
    limits: BodyLimits,
    mut counted: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<Vec<u8>, Failure>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    check_length(&body, limits)?;
    let begun = Instant::now();
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = Vec::with_capacity(announced.min(MAX_RESERVED_BYTES));
    while let Some(piece) = next_piece(&mut body, begun, whole.len() as u64, limits.read_timeout).await? {
        counted(piece.len())?;
        if whole.len() + piece.len() > limits.wire_bytes() {
            return Err(too_large(limits));
        }
        whole.extend_from_slice(&piece);
    }
    whole.shrink_to_fit();
    Ok(whole)
}

async fn next_piece<B>(
    body: &mut B,
    begun: Instant,
    received: u64,
    read_timeout: Duration,
) -> Result<Option<Bytes>, Failure>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    let allowed = read_timeout.saturating_add(Duration::from_secs(received / SLOWEST_RATE));
    let left = allowed.saturating_sub(begun.elapsed());
    loop {
        let frame = match timeout(left.min(read_timeout), body.frame()).await {
            Err(_) => return Err(too_slow(received, read_timeout)),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => return Err(broken(&error)),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers of a request carry nothing that is used, and an empty piece is no progress.
        match frame.into_data() {
            Ok(piece) if !piece.is_empty() => return Ok(Some(piece)),
            _ if begun.elapsed() >= allowed => return Err(too_slow(received, read_timeout)),
            _ => {}
        }
    }
}

/// Reads and forgets what is left of a refused HTTP/1.1 body. A connection that is closed with unread data is reset,
/// and the sender would see that instead of the answer and send the same body again.
pub(super) async fn discard<B>(mut body: B, headers: &HeaderMap, max_bytes: u64, read_timeout: Duration)
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    // Who expects 100-continue waits for the answer before sending the body: reading would ask for it.
    if headers.contains_key(http::header::EXPECT) || body.size_hint().lower() > max_bytes {
        return;
    }
    let begun = Instant::now();
    let mut received = 0;
    while let Ok(Some(piece)) = next_piece(&mut body, begun, received, read_timeout).await {
        received += piece.len() as u64;
        if received > max_bytes {
            return;
        }
    }
}

fn too_large(limits: BodyLimits) -> Failure {
    Failure::TooLarge(format!("the body is larger than {} bytes", limits.max_bytes))
}

fn too_slow(received: u64, read_timeout: Duration) -> Failure {
    let message = format!("the body stopped or was too slow after {received} bytes, read timeout {read_timeout:?}");
    Failure::TimedOut(message)
}

fn broken(error: &hyper::Error) -> Failure {
    let message = format!("the body broke off: {error}");
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    match cause {
        // The transfer coding is not what it should be; anything else is the connection.
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => Failure::Malformed(message),
        _ => Failure::Disconnected(message),
    }
}
