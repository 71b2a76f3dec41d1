//! One receiver.

use std::collections::BTreeMap;

use serde::Serialize;

/// One receiver at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReceiverStatus {
    /// Name in the configuration.
    pub name: &'static str,
    /// Address it listens on; with the real port if the configuration said 0.
    pub listen: String,
    /// Whether it listens.
    pub bound: bool,
    /// Its certificates; none without TLS.
    pub tls: Option<TlsStatus>,
    /// Its bearer tokens; none if anybody may send.
    pub auth: Option<AuthStatus>,
    /// Connections open at this moment.
    pub connections_open: u64,
    /// Requests by how they ended; what never happened is left out.
    pub requests: BTreeMap<&'static str, u64>,
    /// Further counts since the start, by name.
    pub counts: BTreeMap<&'static str, u64>,
}

/// What a receiver shows and asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TlsStatus {
    /// Whether senders have to show a certificate.
    pub client_certificates: bool,
    /// When the first of the certificates that are shown expires, as HTTP writes dates.
    pub not_after: Option<String>,
    /// The same in seconds since 1970.
    pub not_after_unix_seconds: Option<u64>,
    /// How often the files were replaced since the start.
    pub reloads: u64,
    /// Why what is in use is not what the files say, if that is so.
    pub reload_failure: Option<String>,
}

/// Who may send.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AuthStatus {
    /// How many tokens are let in.
    pub bearer_tokens: u64,
    /// How often they were replaced since the start.
    pub reloads: u64,
    /// Why the tokens in use are not those of the file, if that is so.
    pub reload_failure: Option<String>,
}
