//! Everything that one receiver proves or has proved to it, kept up to date.

use std::{fmt, sync::Arc, time::SystemTime};

use http::HeaderMap;
use rustls::ServerConfig;
use tokio::task::JoinSet;

use super::{
    file::FileError,
    tls::ServerTls,
    tokens::{Shown, Tokens},
    watched::{Watched, watch},
};
use crate::{
    config,
    status::{AuthStatus, TlsStatus},
    telemetry::Log,
};

/// Where a listener gets its TLS for each new connection.
#[derive(Clone)]
pub(crate) struct TlsSource(Arc<Watched<ServerTls>>);

impl TlsSource {
    /// As the files are by now.
    pub(in super::super) fn server_config(&self) -> Arc<ServerConfig> {
        self.0.current().config.clone()
    }
}

/// The credentials of one receiver.
#[derive(Clone)]
pub(in super::super) struct Credentials {
    tls: Option<TlsSource>,
    asks_for_clients: bool,
    tokens: Option<Arc<Watched<Tokens>>>,
}

impl Credentials {
    /// Reads every file that `config` names. Blocks on the disk.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub(in super::super) fn load(config: &config::Receiver) -> Result<Self, FileError> {
        let tokens = config.auth.clone().map(|auth| Watched::new(move || Tokens::load(&auth)).map(Arc::new));
        let tls =
            config.tls.clone().map(|tls| Watched::new(move || ServerTls::load(&tls)).map(Arc::new).map(TlsSource));
        let asks_for_clients = config.tls.as_ref().is_some_and(|tls| tls.client_ca_file.is_some());
        Ok(Self { tls: tls.transpose()?, asks_for_clients, tokens: tokens.transpose()? })
    }

    /// TLS for new connections; none for plain ones.
    pub(in super::super) fn tls(&self) -> Option<TlsSource> {
        self.tls.clone()
    }

    /// What somebody should do about the certificates before senders notice.
    pub(in super::super) fn warning(&self) -> Option<String> {
        self.tls.as_ref()?.0.current().warning(SystemTime::now())
    }

    /// Reads the files again now and then, until what is returned is dropped.
    pub(in super::super) fn watch(&self, config: &config::Receiver, log: &Log, target: &'static str) -> JoinSet<()> {
        let mut watching = JoinSet::new();
        let auth = config.auth.as_ref().filter(|auth| auth.bearer_token_file.is_some());
        if let (Some(auth), Some(tokens)) = (auth, &self.tokens) {
            watching.spawn(watch(tokens.clone(), auth.reload_interval, "auth", |_| None, log.clone(), target));
        }
        if let (Some(config), Some(TlsSource(tls))) = (&config.tls, &self.tls) {
            let warning = |tls: &ServerTls| tls.warning(SystemTime::now());
            watching.spawn(watch(tls.clone(), config.reload_interval, "tls", warning, log.clone(), target));
        }
        watching
    }

    /// Lets a request in that shows a token, or any if none is asked for.
    ///
    /// # Errors
    /// What the request has shown instead.
    pub(in super::super) fn authenticate(&self, headers: &HeaderMap) -> Result<(), Shown> {
        self.tokens.as_ref().map_or(Ok(()), |tokens| tokens.current().check(headers))
    }

    /// What is known of the certificates; none without TLS.
    pub(in super::super) fn tls_status(&self) -> Option<TlsStatus> {
        let TlsSource(tls) = self.tls.as_ref()?;
        let not_after = tls.current().validity.map(|validity| validity.not_after);
        let seconds = not_after.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        Some(TlsStatus {
            client_certificates: self.asks_for_clients,
            not_after: not_after.map(httpdate::fmt_http_date),
            not_after_unix_seconds: seconds.map(|seconds| seconds.as_secs()),
            reloads: tls.reloads(),
            reload_failure: tls.failure().map(|error| error.to_string()),
        })
    }

    /// What is known of the tokens; none if none is asked for.
    pub(in super::super) fn auth_status(&self) -> Option<AuthStatus> {
        self.tokens.as_ref().map(|tokens| AuthStatus {
            bearer_tokens: tokens.current().len() as u64,
            reloads: tokens.reloads(),
            reload_failure: tokens.failure().map(|error| error.to_string()),
        })
    }
}

/// What a receiver's files are worth.
#[derive(Clone, Debug, Default)]
pub struct Examined {
    /// Files that cannot be used: the receiver would not start.
    pub errors: Vec<FileError>,
    /// What somebody should do something about.
    pub warnings: Vec<String>,
}

/// Reads the files that a receiver's configuration names, and starts nothing. Blocks on the disk.
pub fn examine(config: &config::Receiver) -> Examined {
    let mut examined = Examined::default();
    match config.tls.as_ref().map(ServerTls::load) {
        Some(Ok(tls)) => examined.warnings.extend(tls.value.warning(SystemTime::now())),
        Some(Err(error)) => examined.errors.push(error),
        None => {}
    }
    examined.errors.extend(config.auth.as_ref().and_then(|auth| Tokens::load(auth).err()));
    examined
}

impl fmt::Debug for Credentials {
    /// Without what they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("tls", &self.tls.is_some()).field("tokens", &self.tokens.is_some()).finish()
    }
}
