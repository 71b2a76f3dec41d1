//! Why a request got no response, told apart by the types of the errors and never by their texts.

use std::{error::Error, fmt::Write as _, io};

use crate::{
    capability::egress::{Refusal, ResolveError},
    text::escape_line,
};

/// The longest text about one failure, in bytes.
const MAX_TEXT_BYTES: usize = 512;

/// The cases of the contract's `http.error`, by the same names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("denied: {0}")]
    Denied(String),
    #[error("invalid request: {0}")]
    InvalidRequest(String),
    #[error("dns: {0}")]
    Dns(String),
    #[error("connect: {0}")]
    Connect(String),
    #[error("tls: {0}")]
    Tls(String),
    #[error("timeout")]
    Timeout,
    #[error("broken: {0}")]
    Broken(String),
    #[error("response too large")]
    ResponseTooLarge,
    #[error("over quota: {0}")]
    OverQuota(String),
}

impl From<Refusal> for HttpError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(why) => Self::Denied(bound(&why)),
            Refusal::Invalid(why) => Self::InvalidRequest(bound(&why)),
        }
    }
}

impl From<reqwest::Error> for HttpError {
    fn from(error: reqwest::Error) -> Self {
        // The URL may carry a key in its query; the guest knows where it sent the request.
        let to = error.url().and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        let error = error.without_url();
        let text = bound(&describe(&error));
        match find::<ResolveError>(&error) {
            Some(ResolveError::Denied(why)) => return Self::Denied(bound(why)),
            Some(other) => return Self::Dns(bound(&other.to_string())),
            None => {}
        }
        if error.is_dns() {
            return Self::Dns(text);
        }
        if let Some(tls) = find::<rustls::Error>(&error) {
            return Self::Tls(bound(&tls.to_string()));
        }
        if error.is_builder() {
            return Self::InvalidRequest(text);
        }
        if error.is_connect() {
            return Self::Connect(bound(&format!("{}: {text}", to.as_deref().unwrap_or("the backend"))));
        }
        if error.is_timeout() { Self::Timeout } else { Self::Broken(text) }
    }
}

/// The first error of type `T` in the chain. What an I/O error wraps is not its `source` but the error itself.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// The causes from the outermost to the root, without those that only announce the next.
fn describe(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let word = cause.to_string();
        if !text.contains(&word) && word != "client error (Connect)" && word != "client error (SendRequest)" {
            let separator = if text.is_empty() { "" } else { ": " };
            let _ = write!(text, "{separator}{word}");
        }
        next = cause.source();
    }
    if text.is_empty() { error.to_string() } else { text }
}

/// What is kept of a text: some come from the other side.
pub(super) fn bound(text: &str) -> String {
    escape_line(text, MAX_TEXT_BYTES)
}
