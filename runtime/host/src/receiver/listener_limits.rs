//! What a listener allows.

use std::time::Duration;

/// What a listener allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ListenerLimits {
    /// Connections at once.
    pub(crate) max_connections: usize,
    /// Connections at once that have not finished their TLS handshake. One more pushes out the one that has been at it
    /// longest.
    pub(crate) max_handshakes: usize,
    /// Of a request's body, bytes.
    pub(crate) max_body_bytes: usize,
    /// HTTP/2 streams at once, of one connection.
    pub(crate) max_concurrent_streams: u32,
    /// From accepting a connection, its TLS handshake included, to the last byte of its first request's headers.
    pub(crate) first_request: Duration,
    /// From the end of one request to the last byte of the next one's headers.
    pub(crate) idle: Duration,
}
