//! Reads a request body under a cap and against the clock.

use std::{error::Error, io, time::Duration};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::Body;
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;

/// Slower than this for as long as `read_timeout` is too slow: bytes per second.
const SLOWEST_RATE: u64 = 4096;
/// How many times `read_timeout` a whole body may take. Senders give up much earlier: an OTLP exporter waits for 10 s.
const LONGEST_BODY: u32 = 6;
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
    /// What the first piece says of the whole's length, in bytes; 0 if nothing.
    pub(super) announced: fn(&[u8]) -> usize,
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
    let mut pace = Pace::new(Instant::now(), limits.read_timeout);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut whole = Vec::with_capacity(announced.min(MAX_RESERVED_BYTES));
    while let Some(piece) = next_piece(&mut body, &mut pace).await? {
        counted(piece.len())?;
        if whole.len() + piece.len() > limits.wire_bytes() {
            return Err(too_large(limits));
        }
        if whole.is_empty() {
            whole.reserve_exact((limits.announced)(&piece).min(MAX_RESERVED_BYTES));
        }
        whole.extend_from_slice(&piece);
    }
    whole.shrink_to_fit();
    Ok(whole)
}

async fn next_piece<B>(body: &mut B, pace: &mut Pace) -> Result<Option<Bytes>, Failure>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    loop {
        let frame = match timeout_at(pace.deadline, body.frame()).await {
            Err(_) => return Err(pace.too_slow()),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => return Err(broken(&error)),
            Ok(Some(Ok(frame))) => frame,
        };
        // Trailers of a request carry nothing that is used, and an empty piece is no progress.
        match frame.into_data() {
            Ok(piece) if !piece.is_empty() => {
                pace.receive(piece.len() as u64, Instant::now());
                return Ok(Some(piece));
            }
            _ if Instant::now() >= pace.deadline => return Err(pace.too_slow()),
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
    let mut pace = Pace::new(Instant::now(), read_timeout);
    while let Ok(Some(_)) = next_piece(&mut body, &mut pace).await {
        if pace.received > max_bytes {
            return;
        }
    }
}

fn too_large(limits: BodyLimits) -> Failure {
    Failure::TooLarge(format!("the body is larger than {} bytes", limits.max_bytes))
}

/// How long a sender may take for the next piece. What it sends fast earns it no more than one `read_timeout`: a body that
/// came quickly but for its last byte must not hold its slot for an hour.
struct Pace {
    received: u64,
    /// When it is too slow.
    deadline: Instant,
    /// When even a steady sender has taken too long.
    end: Instant,
    read_timeout: Duration,
}

impl Pace {
    fn new(now: Instant, read_timeout: Duration) -> Self {
        Self {
            received: 0,
            deadline: now + read_timeout,
            end: now + read_timeout.saturating_mul(LONGEST_BODY),
            read_timeout,
        }
    }

    fn receive(&mut self, bytes: u64, now: Instant) {
        self.received = self.received.saturating_add(bytes);
        let earned = Duration::from_nanos(bytes.saturating_mul(1_000_000_000) / SLOWEST_RATE);
        self.deadline = (self.deadline + earned).min(now + self.read_timeout).min(self.end);
    }

    fn too_slow(&self) -> Failure {
        let Self { received, read_timeout, .. } = self;
        let message = format!("the body stopped or was too slow after {received} bytes, read timeout {read_timeout:?}");
        Failure::TimedOut(message)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    /// Seconds until a sender is too slow that begins with so many bytes and then sends so many each second.
    fn lasts(first: u64, each_second: u64) -> u64 {
        let begun = Instant::now();
        let mut pace = Pace::new(begun, PATIENCE);
        pace.receive(first, begun);
        for second in 1.. {
            let now = begun + Duration::from_secs(second);
            if now >= pace.deadline {
                return second;
            }
            pace.receive(each_second, now);
        }
        unreachable!("it ends")
    }

    #[test]
    fn what_came_fast_earns_a_sender_no_more_than_one_read_timeout() {
        assert_eq!(lasts(20 << 20, 1), 11);
        assert_eq!(lasts(0, 1), 11);
        assert_eq!(lasts(0, SLOWEST_RATE / 2), 19);
    }

    #[test]
    fn a_steady_sender_has_its_time_and_no_more() {
        assert_eq!(lasts(0, SLOWEST_RATE), 60);
        assert_eq!(lasts(0, 1 << 20), 60);
    }
}
