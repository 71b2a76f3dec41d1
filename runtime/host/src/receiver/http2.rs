//! How much an HTTP/2 peer may send that no request has read yet.
//!
//! Constraint: what lies unread in a connection is charged to no budget, since nobody knows yet whose it is; so it is
//! bounded for each connection, and `max_connections` bounds the connections.
//!
//! A peer that follows the protocol fills the window and one frame. One that does not can send a block of headers whose
//! first text never ends: h2 keeps one HEADERS and five CONTINUATION frames of it before it hangs up. Both together stay
//! below what the smallest frames and a window of 1 MiB would be.
//!
//! Source: RFC 9113, 4.2 (frame size) and 6.9.2 (initial window).

use hyper_util::{rt::TokioExecutor, server::conn::auto};

use super::grpc_frame::PREFIX_BYTES;

/// The smallest that HTTP/2 allows as the largest frame of a connection, bytes.
const SMALLEST_FRAME: usize = 16 << 10;
/// A frame is read and handed on at once: with small ones a request of 512 spans takes fifteen of each. Bytes.
const LARGEST_FRAME: usize = 64 << 10;
/// Frames of headers that h2 keeps while it waits for the end of a text.
const FRAMES_OF_HEADERS: usize = 6;
/// What one connection may hold unread, bytes.
const MAX_UNREAD_BYTES: usize = (1 << 20) + FRAMES_OF_HEADERS * SMALLEST_FRAME;

/// What a peer is told when a connection begins, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unread {
    /// Of one frame: `SETTINGS_MAX_FRAME_SIZE`.
    frame: u32,
    /// Of all streams together, and of each: `SETTINGS_INITIAL_WINDOW_SIZE`.
    window: u32,
}

impl Unread {
    /// For bodies of at most so many bytes. A frame that no body fills is not offered.
    pub(super) fn of_bodies(max_bytes: usize) -> Self {
        let frame = max_bytes.saturating_add(PREFIX_BYTES).clamp(SMALLEST_FRAME, LARGEST_FRAME);
        let window = MAX_UNREAD_BYTES - FRAMES_OF_HEADERS * frame;
        // Both are far below what 31 bits hold.
        Self { frame: frame as u32, window: window as u32 }
    }

    /// Tells it.
    pub(super) fn offer(self, builder: &mut auto::Builder<TokioExecutor>) {
        builder
            .http2()
            .max_frame_size(self.frame)
            .initial_stream_window_size(self.window)
            .initial_connection_window_size(self.window);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_holds_a_small_body_whole_and_of_a_large_one_64_kib() {
        let frame = |max_bytes| Unread::of_bodies(max_bytes).frame as usize;
        for (max_bytes, expected) in [
            (0, SMALLEST_FRAME),
            (SMALLEST_FRAME - PREFIX_BYTES, SMALLEST_FRAME),
            (SMALLEST_FRAME - PREFIX_BYTES + 1, SMALLEST_FRAME + 1),
            (LARGEST_FRAME - PREFIX_BYTES - 1, LARGEST_FRAME - 1),
            (LARGEST_FRAME - PREFIX_BYTES, LARGEST_FRAME),
            (4 << 20, LARGEST_FRAME),
            (usize::MAX, LARGEST_FRAME),
        ] {
            assert_eq!(frame(max_bytes), expected, "{max_bytes}");
        }
    }

    #[test]
    fn larger_frames_are_taken_from_the_window() {
        for max_bytes in [0, 20_000, 60_000, 4 << 20] {
            let Unread { frame, window } = Unread::of_bodies(max_bytes);
            assert_eq!(window as usize + FRAMES_OF_HEADERS * frame as usize, MAX_UNREAD_BYTES);
            assert!(window >= 8 * frame, "{window} for frames of {frame}");
        }
    }
}
