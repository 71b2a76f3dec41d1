//! What can be wrong with a grant.

use std::path::{Path, PathBuf};

use crate::capability::egress::EntryError;

/// What is wrong with a `[grants.http]`, by key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpGrantError {
    #[error("allow: {0}")]
    Allow(#[from] EntryError),
    #[error("headers: `{0}` is not a header name")]
    HeaderName(String),
    #[error("headers: the value of `{0}` contains characters that no header may carry")]
    HeaderValue(String),
    #[error("headers: `{0}` belongs to the connection and cannot be set")]
    HostHeader(String),
    #[error("{key}: {}: {why}", .path.display())]
    File {
        /// `ca_file`, `client_cert_file`, `client_key_file` or `bearer_token_file`.
        key: &'static str,
        /// As configured.
        path: PathBuf,
        /// What reading it said.
        why: String,
    },
    #[error("proxy: {0}")]
    Proxy(EntryError),
    #[error("proxy: {0}")]
    ProxyAddress(String),
}

impl HttpGrantError {
    /// What is wrong with the file that `key` names.
    pub(super) fn in_file(key: &'static str, path: &Path, why: String) -> Self {
        Self::File { key, path: path.to_owned(), why }
    }
}
