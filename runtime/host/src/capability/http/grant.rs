//! `[grants.http]` in checked form.

use std::{path::PathBuf, sync::Arc, time::Duration};

use reqwest::header::{HeaderName, HeaderValue};
use rustls::RootCertStore;

use super::{request::is_host_header, secrets::Secrets, tls};
use crate::{
    capability::egress::{EgressPolicy, EntryError},
    config,
};

/// `[grants.http]` in checked form.
#[derive(Debug)]
pub(crate) struct HttpGrant {
    pub(super) policy: Arc<EgressPolicy>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// By header, the key of the batch's metadata.
    pub(super) metadata_headers: Vec<(HeaderName, String)>,
    pub(super) secrets: Secrets,
    pub(super) roots: Option<Arc<RootCertStore>>,
    pub(super) timeout: Duration,
    pub(super) max_in_flight: usize,
    pub(super) max_requests_per_batch: usize,
    pub(super) max_request_bytes: usize,
    pub(super) max_response_bytes: usize,
}

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
    #[error("ca_file: {}: {why}", .path.display())]
    CaFile {
        /// As configured.
        path: PathBuf,
        /// What reading it said.
        why: String,
    },
}

impl HttpGrant {
    /// Checks a grant and reads its `ca_file`.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the keys.
    pub(crate) fn new(config: &config::HttpGrant) -> Result<Self, Vec<HttpGrantError>> {
        let mut errors = Vec::new();
        let policy = EgressPolicy::new(&config.allow, &config.allow_cidrs);
        let policy = policy.map_err(|wrong| errors.extend(wrong.into_iter().map(HttpGrantError::from)));
        let headers = check_headers(config, &mut errors);
        let metadata_headers = check_metadata_headers(config, &mut errors);
        let roots = config.ca_file.as_ref().and_then(|path| match tls::read_roots(path) {
            Ok(roots) => Some(Arc::new(roots)),
            Err(why) => {
                errors.push(HttpGrantError::CaFile { path: path.clone(), why });
                None
            }
        });
        match policy {
            Ok(policy) if errors.is_empty() => Ok(Self {
                policy: Arc::new(policy),
                secrets: Secrets::of(&headers),
                headers,
                metadata_headers,
                roots,
                timeout: config.timeout,
                max_in_flight: config.max_in_flight,
                max_requests_per_batch: config.max_requests_per_batch,
                max_request_bytes: config.max_request_bytes,
                max_response_bytes: config.max_response_bytes,
            }),
            _ => Err(errors),
        }
    }
}

fn check_headers(config: &config::HttpGrant, errors: &mut Vec<HttpGrantError>) -> Vec<(HeaderName, HeaderValue)> {
    let mut headers = Vec::new();
    for (name, secret) in &config.headers {
        let Some(checked) = check_name(name, errors) else { continue };
        match HeaderValue::from_str(secret.expose()) {
            Ok(mut value) => {
                value.set_sensitive(true);
                headers.push((checked, value));
            }
            Err(_) => errors.push(HttpGrantError::HeaderValue(name.clone())),
        }
    }
    headers
}

fn check_metadata_headers(config: &config::HttpGrant, errors: &mut Vec<HttpGrantError>) -> Vec<(HeaderName, String)> {
    let headers = config.metadata_headers.iter();
    headers.filter_map(|(name, key)| Some((check_name(name, errors)?, key.clone()))).collect()
}

fn check_name(name: &str, errors: &mut Vec<HttpGrantError>) -> Option<HeaderName> {
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(checked) if !is_host_header(checked.as_str()) => return Some(checked),
        Ok(_) => errors.push(HttpGrantError::HostHeader(name.to_owned())),
        Err(_) => errors.push(HttpGrantError::HeaderName(name.to_owned())),
    }
    None
}
