//! `[exporters.NAME.grants]`

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use ipnet::IpNet;
use spangate_core::{columns::ColumnSet, narrow::Pattern};
use url::Url;

use super::super::secrets::Secret;

/// `[exporters.NAME.grants]`: what the exporter may reach, and what it may read. What is absent is not linked.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// `columns`: what it may read of a batch; what is not in it reads as zero or empty. Default: everything.
    pub columns: ColumnSet,
    /// `[grants.attributes]`
    pub attributes: AttributeGrant,
    /// `[grants.http]`
    pub http: Option<HttpGrant>,
    /// `terminal = true`
    pub terminal: bool,
}

/// `[exporters.NAME.grants.attributes]`: by key, whoever has the attribute: a span, an event, what is inside spans, a scope
/// or a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttributeGrant {
    /// `allow`: keys that it may read. None: all of them.
    pub allow: Option<Vec<Pattern>>,
    /// `deny`: keys that it may not read, whatever `allow` says.
    pub deny: Vec<Pattern>,
}

/// `[exporters.NAME.grants.http]`
#[derive(Clone, Debug)]
pub struct HttpGrant {
    /// `allow`: exact scheme, host and port; a path, if given, is a prefix.
    pub allow: Vec<Url>,
    /// `allow_cidrs`: private ranges that names may resolve to.
    pub allow_cidrs: Vec<IpNet>,
    /// `insecure`: plain `http://` to other machines. Default false.
    pub insecure: bool,
    /// `headers`: put on by the host, never seen by the guest.
    pub headers: BTreeMap<String, Secret>,
    /// `metadata_headers`: by header, the key of the batch's metadata whose value the host puts there. Batches without it
    /// go without the header, whatever the guest sets.
    pub metadata_headers: BTreeMap<String, String>,
    /// `timeout`: of one request. Default 10 s.
    pub timeout: Duration,
    /// `max_in_flight`: requests of one instance that have not ended; all instances share theirs. Default 4.
    pub max_in_flight: usize,
    /// `max_requests_per_second`, averaged over all instances; so many may come at once. Default 2,000.
    pub max_requests_per_second: u32,
    /// `max_bytes_per_second`: of bodies both ways, averaged over all instances. As many may come at once, or one request of
    /// `max_request_bytes`. Default 256 MiB.
    pub max_bytes_per_second: usize,
    /// `max_requests_per_batch`. Default 64.
    pub max_requests_per_batch: usize,
    /// `max_request_bytes`. Default 16 MiB.
    pub max_request_bytes: usize,
    /// `max_response_bytes`. Default 4 MiB.
    pub max_response_bytes: usize,
    /// `ca_file`: a PEM bundle used instead of the system's roots.
    pub ca_file: Option<PathBuf>,
    /// `client_cert_file` and `client_key_file`: PEM, shown to backends that ask.
    pub client_cert: Option<ClientCert>,
    /// `bearer_token_file`: its one line goes out as `authorization: Bearer ...`.
    pub bearer_token_file: Option<PathBuf>,
    /// `reload_interval`: how often the files above are looked at for changes. Default 10 s.
    pub reload_interval: Duration,
    /// `proxy`: every request goes through it, and it alone is connected to. Never taken from the environment.
    pub proxy: Option<HttpProxy>,
}

/// A certificate to be known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCert {
    /// `client_cert_file`: the chain, the client's own certificate first.
    pub cert_file: PathBuf,
    /// `client_key_file`
    pub key_file: PathBuf,
}

/// An HTTP proxy: CONNECT for https, absolute addresses for http.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpProxy {
    /// Scheme, host and port.
    pub address: Url,
    /// Name and password, sent as Basic.
    pub credentials: Option<(String, Secret)>,
}

impl Default for HttpGrant {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            allow_cidrs: Vec::new(),
            insecure: false,
            headers: BTreeMap::new(),
            metadata_headers: BTreeMap::new(),
            timeout: Duration::from_secs(10),
            max_in_flight: 4,
            max_requests_per_second: 2_000,
            max_bytes_per_second: 256 << 20,
            max_requests_per_batch: 64,
            max_request_bytes: 16 << 20,
            max_response_bytes: 4 << 20,
            ca_file: None,
            client_cert: None,
            bearer_token_file: None,
            reload_interval: Duration::from_secs(10),
            proxy: None,
        }
    }
}
