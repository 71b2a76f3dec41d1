//! `[grants.http]` in checked form.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Proxy,
    header::{HeaderName, HeaderValue},
};

use super::{
    files::{Contents, Files, Look},
    grant_error::HttpGrantError,
    quota::QuotaGrant,
    request::is_host_header,
    secrets::Secrets,
};
use crate::{capability::egress::EgressPolicy, config};

/// `[grants.http]` in checked form.
#[derive(Debug)]
pub(crate) struct HttpGrant {
    pub(super) policy: Arc<EgressPolicy>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// By header, the key of the batch's metadata.
    pub(super) metadata_headers: Vec<(HeaderName, String)>,
    pub(super) secrets: Secrets,
    pub(super) files: Files,
    /// What the files held when the exporter was loaded, and what they looked like just before.
    pub(super) contents: (Look, Contents),
    pub(super) reload_interval: Duration,
    pub(super) proxy: Option<Proxy>,
    pub(super) timeout: Duration,
    pub(super) max_in_flight: usize,
    pub(super) max_requests_per_batch: usize,
    pub(super) max_requests_per_second: u32,
    pub(super) max_bytes_per_second: usize,
    pub(super) max_request_bytes: usize,
    pub(super) max_response_bytes: usize,
}

impl HttpGrant {
    /// Checks a grant and reads its files.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(crate) fn new(config: &config::HttpGrant) -> Result<Self, Vec<HttpGrantError>> {
        let mut errors = Vec::new();
        let policy = check_policy(config, &mut errors);
        let headers = check_headers(config, &mut errors);
        let metadata_headers = check_metadata_headers(config, &mut errors);
        let files = Files::of(config);
        let look = files.look();
        let contents = files.read().map_err(|wrong| errors.extend(wrong)).ok();
        let proxy = config.proxy.as_ref().and_then(|proxy| check_proxy(proxy, &mut errors));
        match (policy, contents) {
            (Some(policy), Some(contents)) if errors.is_empty() => Ok(Self {
                policy: Arc::new(policy),
                secrets: Secrets::of(&headers, config.proxy.as_ref()),
                headers,
                metadata_headers,
                files,
                contents: (look, contents),
                reload_interval: config.reload_interval,
                proxy,
                timeout: config.timeout,
                max_in_flight: config.max_in_flight,
                max_requests_per_batch: config.max_requests_per_batch,
                max_requests_per_second: config.max_requests_per_second,
                max_bytes_per_second: config.max_bytes_per_second,
                max_request_bytes: config.max_request_bytes,
                max_response_bytes: config.max_response_bytes,
            }),
            _ => Err(errors),
        }
    }

    /// Whether the host puts credentials on requests, which have to be masked in responses.
    pub(super) fn has_credentials(&self) -> bool {
        !self.secrets.is_empty() || self.contents.1.authorization.is_some()
    }

    /// What may be sent and got in a second.
    pub(super) fn quota(&self) -> QuotaGrant {
        QuotaGrant {
            requests_per_second: self.max_requests_per_second,
            bytes_per_second: self.max_bytes_per_second,
            max_request_bytes: self.max_request_bytes,
        }
    }

    /// The same for requests that never leave the process: any URL, no proxy, and as many in a second as there are.
    pub(crate) fn rehearsal(self) -> Self {
        let policy = Arc::new(EgressPolicy::rehearsal());
        Self { policy, proxy: None, max_requests_per_second: u32::MAX, max_bytes_per_second: usize::MAX, ..self }
    }
}

fn check_policy(config: &config::HttpGrant, errors: &mut Vec<HttpGrantError>) -> Option<EgressPolicy> {
    let policy = EgressPolicy::new(&config.allow, &config.allow_cidrs);
    let policy = policy.map_err(|wrong| errors.extend(wrong.into_iter().map(HttpGrantError::from))).ok()?;
    match &config.proxy {
        None => Some(policy),
        Some(proxy) => policy.through(&proxy.address).map_err(|error| errors.push(HttpGrantError::Proxy(error))).ok(),
    }
}

fn check_proxy(proxy: &config::HttpProxy, errors: &mut Vec<HttpGrantError>) -> Option<Proxy> {
    let made = Proxy::all(proxy.address.clone());
    let made = made.map_err(|error| errors.push(HttpGrantError::ProxyAddress(error.to_string()))).ok()?;
    Some(match &proxy.credentials {
        Some((name, password)) => made.basic_auth(name, password.expose()),
        None => made,
    })
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
