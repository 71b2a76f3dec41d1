//! Which URLs and which addresses an exporter may reach.
//!
//! A URL is judged as the `url` crate (WHATWG) understands it, and the very URL that was judged is the one that is
//! used: what looks like a name and is an address (`2852039166`, `0xA9FEA9FE`, `0177.0.0.1`) has become an address.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::address::{AddressClass, embedded};

/// The longest URL a guest may ask for, in bytes.
const MAX_URL_BYTES: usize = 8 << 10;

/// The operator's allow-list in checked form.
#[derive(Clone, Debug)]
pub(crate) struct EgressPolicy {
    entries: Vec<Entry>,
    cidrs: Vec<IpNet>,
    /// Name of the operator's proxy: the only name that is looked up then.
    proxy: Option<String>,
    /// Whether every URL is permitted, because nothing is connected to.
    is_rehearsal: bool,
}

/// One line of the allow-list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    scheme: String,
    host: Host<String>,
    port: u16,
    /// Without a slash at its end; empty if every path is meant.
    path: String,
}

/// Why an entry of the allow-list cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum EntryError {
    #[error("`{0}` is not http or https")]
    Scheme(String),
    #[error("`{0}` names no host")]
    NoHost(String),
    #[error("the entry for {0} carries a user name or a password; put credentials into `headers`")]
    Userinfo(String),
    #[error("the entry for {0} has a query or a fragment; an entry is scheme, host, port and at most a path prefix")]
    Suffix(String),
    #[error("`{0}` is {1}, which no exporter may reach")]
    NeverReachable(String, &'static str),
}

/// Why a guest's URL is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Well formed, and not allowed.
    Denied(String),
    /// Not a URL that could be allowed.
    Invalid(String),
}

impl EgressPolicy {
    /// Checks an allow-list. All that is wrong is reported.
    pub(crate) fn new(allow: &[Url], cidrs: &[IpNet]) -> Result<Self, Vec<EntryError>> {
        let mut entries = Vec::new();
        let mut errors = Vec::new();
        for url in allow {
            match Entry::new(url) {
                Ok(entry) => entries.push(entry),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(Self { entries, cidrs: cidrs.to_vec(), proxy: None, is_rehearsal: false })
        } else {
            Err(errors)
        }
    }

    /// Permits every URL: for requests that a backend inside the process answers.
    #[cfg(feature = "http")]
    pub(crate) fn rehearsal() -> Self {
        Self { entries: Vec::new(), cidrs: Vec::new(), proxy: None, is_rehearsal: true }
    }

    /// Requests go through this proxy. Naming it permits its address, private or not. Which address a request's own name
    /// has is the proxy's to look up and to judge: here the list alone decides.
    ///
    /// # Errors
    /// [`EntryError::NeverReachable`] for a literal address that no configuration can permit.
    pub(crate) fn through(self, proxy: &Url) -> Result<Self, EntryError> {
        let Some(host) = proxy.host() else { return Err(EntryError::NoHost(proxy.scheme().into())) };
        if let Some(class) = literal_class(&host).filter(|class| class.is_never_reachable()) {
            return Err(EntryError::NeverReachable(host.to_string(), class.describe()));
        }
        Ok(Self { proxy: Some(host.to_string()), ..self })
    }

    /// Whether any entry needs TLS.
    #[cfg(feature = "http")]
    pub(crate) fn has_https(&self) -> bool {
        self.entries.iter().any(|entry| entry.scheme == "https")
    }

    /// Parses and judges what a guest asked for. The URL to use is the one returned, never the text.
    pub(crate) fn judge_url(&self, text: &str) -> Result<Url, Refusal> {
        let mut url = parse(text)?;
        // A fragment is never sent; without it no two spellings of one request differ.
        url.set_fragment(None);
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refusal::Denied(format!("scheme `{}` is not allowed, only http and https are", url.scheme())));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(Refusal::Invalid("the URL names no host".into()));
        };
        if self.is_rehearsal {
            return Ok(url);
        }
        let origin = || format!("{}://{host}:{port}", url.scheme());
        if let Some(class) = literal_class(&host).filter(|class| class.is_never_reachable()) {
            return Err(Refusal::Denied(format!("{} is {}, never reachable", origin(), class.describe())));
        }
        let mut same_origin =
            self.entries.iter().filter(|e| e.scheme == url.scheme() && e.host == host.to_owned() && e.port == port);
        if same_origin.clone().next().is_none() {
            return Err(Refusal::Denied(format!("{} is not in grants.http.allow", origin())));
        }
        if !same_origin.any(|entry| entry.covers(url.path())) {
            return Err(Refusal::Denied(format!("this path of {} is not in grants.http.allow", origin())));
        }
        Ok(url)
    }

    /// Judges one address that `name` resolved to. Only names that [`Self::judge_url`] let through are asked about, and
    /// the proxy's.
    pub(crate) fn judge_address(&self, name: &str, address: IpAddr) -> Result<(), String> {
        let class = AddressClass::of(address);
        let named = class == AddressClass::Loopback && is_localhost(name);
        let is_proxy = self.proxy.as_deref().is_some_and(|proxy| proxy.eq_ignore_ascii_case(name));
        let permitted = class == AddressClass::Global || named || is_proxy || self.is_in_cidrs(address);
        if permitted && !class.is_never_reachable() {
            return Ok(());
        }
        let remedy = if class.is_never_reachable() { "never reachable" } else { "not covered by allow_cidrs" };
        Err(format!("`{name}` resolves to {address}, {}, {remedy}", class.describe()))
    }

    fn is_in_cidrs(&self, address: IpAddr) -> bool {
        let inner = match address {
            IpAddr::V6(v6) => embedded(v6).map(IpAddr::V4),
            IpAddr::V4(_) => None,
        };
        self.cidrs.iter().any(|cidr| cidr.contains(&address) || inner.is_some_and(|inner| cidr.contains(&inner)))
    }
}

impl Entry {
    fn new(url: &Url) -> Result<Self, EntryError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EntryError::Scheme(url.scheme().into()));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(EntryError::NoHost(url.scheme().into()));
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EntryError::Userinfo(host.to_string()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EntryError::Suffix(host.to_string()));
        }
        if let Some(class) = literal_class(&host).filter(|class| class.is_never_reachable()) {
            return Err(EntryError::NeverReachable(host.to_string(), class.describe()));
        }
        let path = url.path().trim_end_matches('/').to_owned();
        Ok(Self { scheme: url.scheme().into(), host: host.to_owned(), port, path })
    }

    /// Whether `path` is under the prefix, whole segments only.
    fn covers(&self, path: &str) -> bool {
        if self.path.is_empty() {
            return true;
        }
        match path.strip_prefix(self.path.as_str()) {
            Some(rest) => (rest.is_empty() || rest.starts_with('/')) && !hides_a_segment(rest),
            None => false,
        }
    }
}

/// What a server that decodes twice or loosely (`%u002e`, overlong UTF-8) may read as a dot, a slash or the end.
const HIDDEN: [&str; 11] = ["%2e", "%2f", "%5c", "%25", "%00", "%u", "%c0", "%c1", "%e0%80", "%f0%80", "//"];

/// Whether a server could read `..` or a slash where the URL has none.
fn hides_a_segment(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    HIDDEN.iter().any(|hidden| lower.contains(hidden)) || lower.split('/').any(is_dots_and_parameters)
}

/// Whether a segment is nothing but dots once its parameters (RFC 3986, 3.3) are taken off, as several servers do before
/// they look for `..`.
fn is_dots_and_parameters(segment: &str) -> bool {
    let end = [segment.find(';'), segment.find("%3b")].into_iter().flatten().min();
    end.and_then(|end| segment.get(..end)).is_some_and(|name| name.bytes().all(|byte| byte == b'.'))
}

fn parse(text: &str) -> Result<Url, Refusal> {
    if text.len() > MAX_URL_BYTES {
        return Err(Refusal::Invalid(format!("the URL has {} bytes, at most {MAX_URL_BYTES} are allowed", text.len())));
    }
    // The parser would drop these silently, and what is dropped here may be kept elsewhere.
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Refusal::Invalid("the URL contains white space or control characters".into()));
    }
    let url = Url::parse(text).map_err(|error| Refusal::Invalid(format!("the URL cannot be parsed: {error}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Invalid("the URL carries a user name or a password".into()));
    }
    Ok(url)
}

fn literal_class(host: &Host<&str>) -> Option<AddressClass> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(v4) => Some(AddressClass::of(IpAddr::V4(*v4))),
        Host::Ipv6(v6) => Some(AddressClass::of(IpAddr::V6(*v6))),
    }
}

/// RFC 6761: the name and everything under it mean this machine.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
mod tests;
