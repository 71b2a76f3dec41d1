//! How much memory many requests at once cost. A process of its own, since a peak is one of the whole process.
#![cfg(target_os = "linux")]

#[path = "receivers/peak.rs"]
mod peak;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use spangate::{
    config,
    receiver::{Outcome, ReceiverStats, start_otlp_http},
    telemetry::Log,
};

use self::peak::{Nobody, peak_bytes};

const SENDERS: u64 = 40;
const BODY_BYTES: usize = 10 << 20;
const BUDGET_BYTES: usize = 80 << 20;

/// Sends all of a body but its last byte, and goes away when told.
fn hold(address: SocketAddr, has_ended: impl Fn() -> bool) {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {BODY_BYTES}\r\n\r\n").unwrap();
    let piece = [0; 16 << 10];
    let mut left = BODY_BYTES - 1;
    while left > 0 {
        let length = left.min(piece.len());
        // Who was refused may also be cut off.
        if stream.write_all(&piece[..length]).is_err() {
            return;
        }
        left -= length;
    }
    for _ in 0..3000 {
        if has_ended() {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let _ = stream.read_to_end(&mut Vec::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_requests_at_once_cost_their_budget_and_not_what_they_are_together() {
    let mut config = config::Receiver::otlp_http();
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.max_inflight_bytes = BUDGET_BYTES;
    let stats = Arc::new(ReceiverStats::default());
    let receiver = start_otlp_http(config, Arc::new(Nobody), Log::new(Arc::new(Nobody)), stats.clone()).await.unwrap();
    let address = receiver.local_addr();
    let before = peak_bytes();
    let holding = (0..SENDERS).map(|_| {
        let stats = stats.clone();
        // Once the others have been refused: those who hold the budget cannot be more than fit into it.
        let has_ended = move || stats.requests(Outcome::Busy) + BUDGET_BYTES as u64 / BODY_BYTES as u64 >= SENDERS;
        thread::spawn(move || hold(address, has_ended))
    });
    let holding: Vec<_> = holding.collect();
    #[expect(clippy::disallowed_methods, reason = "waits for the senders, which end")]
    tokio::task::spawn_blocking(move || holding.into_iter().for_each(|sender| sender.join().unwrap())).await.unwrap();
    let grown = peak_bytes() - before;
    // A body that grows has its old and its new memory for a moment; the rest are stacks and read buffers.
    let allowed = 2 * BUDGET_BYTES + (64 << 20);
    assert!(grown < allowed, "grown by {grown} bytes");
    assert!(allowed < SENDERS as usize * BODY_BYTES);
    assert!(stats.requests(Outcome::Busy) >= SENDERS - 8);
    assert_eq!(receiver.stop(Duration::from_secs(10)).await, 0);
}
