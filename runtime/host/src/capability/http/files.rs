//! The files of a grant: certificates, a key, a token. Read when the exporter is loaded, and again when they change.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use reqwest::header::HeaderValue;
use rustls::{RootCertStore, sign::SingleCertAndKey};

use super::{grant_error::HttpGrantError, tls};
use crate::config;

/// A longer file is something else than certificates: bytes. The system's bundle has a quarter of a MiB.
const MAX_BYTES: u64 = 16 << 20;

/// A longer file is something else than a token: bytes.
const MAX_TOKEN_BYTES: u64 = 16 << 10;

/// Which files there are.
#[derive(Clone, Debug)]
pub(super) struct Files {
    ca_file: Option<PathBuf>,
    client_cert: Option<config::ClientCert>,
    bearer_token_file: Option<PathBuf>,
}

/// What they hold.
#[derive(Clone, Debug)]
pub(super) struct Contents {
    /// None for the system's.
    pub(super) roots: Option<Arc<RootCertStore>>,
    pub(super) identity: Option<Arc<SingleCertAndKey>>,
    /// `Bearer TOKEN`
    pub(super) authorization: Option<HeaderValue>,
}

/// What they looked like from outside: one that is written anew looks different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    tls: [Option<(SystemTime, u64, u64)>; 3],
    token: Option<(SystemTime, u64, u64)>,
}

impl Look {
    /// Whether connections that were made with `earlier` may go on.
    pub(super) fn has_same_tls(&self, earlier: &Self) -> bool {
        self.tls == earlier.tls
    }
}

impl Files {
    /// Those of a grant.
    pub(super) fn of(config: &config::HttpGrant) -> Self {
        Self {
            ca_file: config.ca_file.clone(),
            client_cert: config.client_cert.clone(),
            bearer_token_file: config.bearer_token_file.clone(),
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.ca_file.is_none() && self.client_cert.is_none() && self.bearer_token_file.is_none()
    }

    /// What they look like now. Asks the file system.
    pub(super) fn look(&self) -> Look {
        let look = |path: &Path| {
            let seen = fs::metadata(path).ok()?;
            Some((seen.modified().ok()?, seen.len(), seen.ino()))
        };
        let cert = self.client_cert.as_ref();
        Look {
            tls: [
                self.ca_file.as_deref().and_then(look),
                cert.and_then(|cert| look(&cert.cert_file)),
                cert.and_then(|cert| look(&cert.key_file)),
            ],
            token: self.bearer_token_file.as_deref().and_then(look),
        }
    }

    /// Reads them. Not for a thread that must not block.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(super) fn read(&self) -> Result<Contents, Vec<HttpGrantError>> {
        let mut errors = Vec::new();
        let roots = self.ca_file.as_ref().and_then(|path| {
            let roots = read(path, MAX_BYTES)
                .and_then(|pem| tls::read_roots(&pem))
                .map_err(|why| errors.push(HttpGrantError::in_file("ca_file", path, why)));
            roots.ok().map(Arc::new)
        });
        let identity = self.client_cert.as_ref().and_then(|files| read_identity(files, &mut errors).map(Arc::new));
        let authorization = self.bearer_token_file.as_ref().and_then(|path| {
            read_token(path).map_err(|why| errors.push(HttpGrantError::in_file("bearer_token_file", path, why))).ok()
        });
        if errors.is_empty() { Ok(Contents { roots, identity, authorization }) } else { Err(errors) }
    }
}

fn read_identity(files: &config::ClientCert, errors: &mut Vec<HttpGrantError>) -> Option<SingleCertAndKey> {
    let config::ClientCert { cert_file, key_file } = files;
    let chain = read(cert_file, MAX_BYTES).and_then(|pem| tls::read_chain(&pem));
    let chain = chain.map_err(|why| errors.push(HttpGrantError::in_file("client_cert_file", cert_file, why)));
    let key = read(key_file, MAX_BYTES).and_then(|pem| tls::read_key(&pem));
    let key = key.map_err(|why| errors.push(HttpGrantError::in_file("client_key_file", key_file, why)));
    let identity = tls::identity(chain.ok()?, key.ok()?);
    identity.map_err(|why| errors.push(HttpGrantError::in_file("client_key_file", key_file, why))).ok()
}

/// The whole of a regular file: opening a pipe would wait for somebody who writes into it.
fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, String> {
    let told = |error: std::io::Error| error.to_string();
    if !fs::metadata(path).map_err(told)?.is_file() {
        return Err("it is not a file".into());
    }
    let mut content = Vec::new();
    File::open(path).map_err(told)?.take(max_bytes + 1).read_to_end(&mut content).map_err(told)?;
    if content.len() as u64 > max_bytes { Err(format!("it is longer than {max_bytes} bytes")) } else { Ok(content) }
}

/// Nothing of what is in the file is told.
fn read_token(path: &Path) -> Result<HeaderValue, String> {
    let content = read(path, MAX_TOKEN_BYTES)?;
    let text = String::from_utf8_lossy(&content);
    let token = text.trim();
    if token.is_empty() {
        return Err("no token in it".into());
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "what is in it is no token: one line of up to {MAX_TOKEN_BYTES} characters without spaces"
        ));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|error| error.to_string())?;
    value.set_sensitive(true);
    Ok(value)
}
