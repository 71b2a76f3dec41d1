//! How much HTTP/2 lets a peer send at once.

use tokio::io::AsyncReadExt;

use crate::{
    client::{Grpc, Raw},
    connections::{headers, http2_frame},
    fake::{Running, eventually},
};

const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const LARGEST: usize = 64 << 10;
const GOAWAY: u8 = 0x7;

/// A connection that has begun.
async fn begun(running: &Running) -> Raw {
    let mut raw = Raw::connect(running.address).await;
    raw.write([HELLO, &http2_frame(0x4, 0, 0, &[])].concat()).await;
    raw
}

/// The identifiers and values of the receiver's settings, and what it adds to the connection's window.
async fn told(raw: &mut Raw) -> (Vec<(u16, u32)>, u32) {
    let mut settings = vec![];
    loop {
        let mut head = [0; 9];
        raw.0.read_exact(&mut head).await.unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        raw.0.read_exact(&mut payload).await.unwrap();
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        match head[3] {
            0x4 => settings.extend(payload.chunks(6).map(|pair| (number(&pair[..2]) as u16, number(&pair[2..])))),
            0x8 => return (settings, number(&payload)),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_peer_is_told_of_frames_of_64_kib_and_of_a_window_that_makes_up_for_them() {
    let running = Running::grpc(|_| ()).await;
    let (settings, more) = told(&mut begun(&running).await).await;
    let window = (1 << 20) - 6 * (LARGEST as u32 - 16_384);
    assert!(settings.contains(&(5, LARGEST as u32)), "SETTINGS_MAX_FRAME_SIZE: {settings:?}");
    assert!(settings.contains(&(4, window)), "SETTINGS_INITIAL_WINDOW_SIZE: {settings:?}");
    assert_eq!(more, window - 65_535, "what every connection begins with is 65,535");
}

#[tokio::test]
async fn a_frame_of_64_kib_is_taken_and_one_byte_more_ends_the_connection() {
    for (bytes, is_taken) in [(LARGEST - 1, true), (LARGEST, true), (LARGEST + 1, false)] {
        let running = Running::grpc(|_| ()).await;
        let mut raw = begun(&running).await;
        told(&mut raw).await;
        // What it was told holds once it says that it knows.
        raw.write(http2_frame(0x4, 0x1, 0, &[])).await;
        raw.write([http2_frame(0x1, 0x4, 1, &headers()), http2_frame(0x0, 0, 1, &vec![0; bytes])].concat()).await;
        if is_taken {
            eventually("it is read", || running.stats.bytes_received.get() == bytes as u64).await;
        } else {
            while raw.http2_frame().await.0 != GOAWAY {}
            assert_eq!(running.stats.bytes_received.get(), 0);
        }
        Grpc::connect(running.address).await.still_works().await;
    }
}

#[tokio::test]
async fn where_no_body_is_that_large_no_frame_is() {
    let running = Running::grpc(|config| config.max_request_bytes = 20_000).await;
    let (settings, _) = told(&mut begun(&running).await).await;
    assert!(settings.contains(&(5, 20_005)), "{settings:?}");
}
