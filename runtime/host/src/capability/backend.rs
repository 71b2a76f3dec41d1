//! What answers the requests of exporters in the place of the network, when an exporter is tried out.

use bytes::Bytes;

/// Answers requests without any network: in trials, benchmarks and tests of exporters.
///
/// Every check holds that a real request passes, but for the allow-list, which says what may be connected to: nothing is.
pub trait HttpBackend: Send + Sync {
    /// The answer to a request. Called on an I/O thread: it must not block.
    ///
    /// # Errors
    /// As a network would fail.
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure>;
}

/// A request as it would have been sent, the operator's headers included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// Such as `POST`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// Names in lower case; values that are not UTF-8 with replacement characters.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Bytes,
    /// HTTP/2 by prior knowledge.
    pub http2: bool,
}

/// A whole response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// Such as 200.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
    /// What gRPC puts its status into.
    pub trailers: Vec<(String, String)>,
}

/// How a network fails, as far as an exporter can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpFailure {
    /// Nobody listens there.
    Connect,
    /// No answer in time. The exporter is told at once.
    Timeout,
    /// The connection broke before the answer was whole.
    Broken,
}
