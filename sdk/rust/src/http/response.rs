//! A response, or why there is none.

use std::fmt;

/// A whole response, whatever its status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// In the order received.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// What came after the body.
    pub trailers: Vec<(String, String)>,
}

impl Response {
    /// Whether the status is 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// The first trailer of this name, in any case.
    pub fn trailer(&self, name: &str) -> Option<&str> {
        first(&self.trailers, name)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Why there is no response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The address is not in the grant, or never allowed. Nothing was sent.
    Denied(String),
    /// The request itself is malformed or over a size limit.
    InvalidRequest(String),
    /// The name could not be resolved.
    Dns(String),
    /// No connection.
    Connect(String),
    /// No secure connection.
    Tls(String),
    /// It took too long.
    Timeout,
    /// The connection broke before a whole response was read.
    Broken(String),
    /// More of a response than the operator allows.
    ResponseTooLarge,
    /// A quota of requests, bytes or requests in flight is used up.
    OverQuota(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(what) => write!(f, "denied: {what}"),
            Self::InvalidRequest(what) => write!(f, "invalid request: {what}"),
            Self::Dns(what) => write!(f, "name not resolved: {what}"),
            Self::Connect(what) => write!(f, "no connection: {what}"),
            Self::Tls(what) => write!(f, "no secure connection: {what}"),
            Self::Timeout => write!(f, "timed out"),
            Self::Broken(what) => write!(f, "connection broke: {what}"),
            Self::ResponseTooLarge => write!(f, "response too large"),
            Self::OverQuota(what) => write!(f, "over quota: {what}"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(target_family = "wasm")]
impl From<crate::bindings::spangate::exporter::http::Error> for Error {
    fn from(error: crate::bindings::spangate::exporter::http::Error) -> Self {
        use crate::bindings::spangate::exporter::http::Error as Host;
        match error {
            Host::Denied(what) => Self::Denied(what),
            Host::InvalidRequest(what) => Self::InvalidRequest(what),
            Host::Dns(what) => Self::Dns(what),
            Host::Connect(what) => Self::Connect(what),
            Host::Tls(what) => Self::Tls(what),
            Host::Timeout => Self::Timeout,
            Host::Broken(what) => Self::Broken(what),
            Host::ResponseTooLarge => Self::ResponseTooLarge,
            Host::OverQuota(what) => Self::OverQuota(what),
        }
    }
}
