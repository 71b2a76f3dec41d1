//! The server's side of TLS: which certificate is shown, and whose are asked for.
//!
//! rustls with its provider named, so that nothing process-wide is read or set. TLS 1.2 and 1.3.

use std::{path::Path, sync::Arc, time::SystemTime};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    sign::{CertifiedKey, SingleCertAndKey},
};
use sha2::{Digest, Sha256};

use super::{
    file::{self, FileError},
    validity::{Validity, validity},
    watched::Loaded,
};
use crate::config::ReceiverTls;

const CERT: &str = "tls.cert_file";
const KEY: &str = "tls.key_file";
const CLIENT_CA: &str = "tls.client_ca_file";

/// What a receiver shows and asks for.
pub(in super::super) struct ServerTls {
    pub(in super::super) config: Arc<ServerConfig>,
    /// Of the certificates that are shown: the latest beginning and the earliest end.
    pub(super) validity: Option<Validity>,
}

impl ServerTls {
    /// Reads the files and checks that they fit together.
    ///
    /// # Errors
    /// The first file that cannot be used, and why.
    pub(super) fn load(config: &ReceiverTls) -> Result<Loaded<Self>, FileError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut fingerprint = Sha256::new();
        let mut read = |key, path: &Path| {
            let content = file::read(key, path)?;
            // With its length, so that nothing can move from one file into another unnoticed.
            fingerprint.update((content.len() as u64).to_be_bytes());
            fingerprint.update(&content);
            Ok(content)
        };
        let chain = certificates(CERT, &config.cert_file, &read(CERT, &config.cert_file)?)?;
        let key = private_key(&config.key_file, &read(KEY, &config.key_file)?)?;
        let client_ca = config.client_ca_file.as_ref();
        let roots = client_ca.map(|path| client_roots(path, &read(CLIENT_CA, path)?)).transpose()?;
        let validity = chain.iter().filter_map(|certificate| validity(certificate)).reduce(|a, b| Validity {
            not_before: a.not_before.max(b.not_before),
            not_after: a.not_after.min(b.not_after),
        });
        let pair = CertifiedKey::from_der(chain, key, &provider).map_err(|error| refuse_pair(config, &error))?;
        let verifier = roots.map(|(path, roots)| client_verifier(path, roots, &provider)).transpose()?;
        let config = server_config(pair, verifier, provider)
            .map_err(|error| FileError::new(CERT, &config.cert_file, error.to_string()))?;
        Ok(Loaded { value: Self { config: Arc::new(config), validity }, fingerprint: fingerprint.finalize().into() })
    }

    /// What somebody should do about the certificates before senders notice.
    pub(super) fn warning(&self, now: SystemTime) -> Option<String> {
        let Validity { not_before, not_after } = self.validity?;
        let date = |time| httpdate::fmt_http_date(time);
        if now < not_before {
            return Some(format!("the certificate is not valid before {}", date(not_before)));
        }
        (now > not_after).then(|| format!("the certificate has expired on {}: senders will refuse it", date(not_after)))
    }
}

fn server_config(
    pair: CertifiedKey,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    provider: Arc<CryptoProvider>,
) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(pair)));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(key: &'static str, path: &Path, content: &[u8]) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(content).collect();
    let found = found.map_err(|error| FileError::new(key, path, format!("is not valid PEM: {}", kind(&error))))?;
    if !found.is_empty() {
        return Ok(found);
    }
    let what = match PrivateKeyDer::from_pem_slice(content) {
        Ok(_) => "has a private key in it and no certificate; are the files swapped?",
        Err(_) => "has no certificate in it: expected PEM, `-----BEGIN CERTIFICATE-----`",
    };
    Err(FileError::new(key, path, what))
}

fn private_key(path: &Path, content: &[u8]) -> Result<PrivateKeyDer<'static>, FileError> {
    PrivateKeyDer::from_pem_slice(content).map_err(|error| {
        let is_encrypted = content.windows(17).any(|window| window == b"BEGIN ENCRYPTED P");
        let what = match error {
            pem::Error::NoItemsFound if is_encrypted => {
                "has an encrypted key in it; decrypt it with `openssl pkey` and guard the file".to_owned()
            }
            pem::Error::NoItemsFound => {
                "has no private key in it: expected PEM, `-----BEGIN PRIVATE KEY-----`".to_owned()
            }
            error => format!("is not valid PEM: {}", kind(&error)),
        };
        FileError::new(KEY, path, what)
    })
}

/// What is wrong with PEM, without quoting any of it: it may be a key.
fn kind(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end",
        pem::Error::IllegalSectionStart { .. } => "a line that begins a section is wrong",
        pem::Error::Base64Decode(_) => "a section is not base64",
        _ => "it cannot be read",
    }
}

fn client_roots<'a>(path: &'a Path, content: &[u8]) -> Result<(&'a Path, RootCertStore), FileError> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates(CLIENT_CA, path, content)?.into_iter().enumerate() {
        let refuse = |error| FileError::new(CLIENT_CA, path, format!("certificate {}: {error}", index + 1));
        roots.add(certificate).map_err(refuse)?;
    }
    Ok((path, roots))
}

fn client_verifier(
    path: &Path,
    roots: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, FileError> {
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    builder.build().map_err(|error| FileError::new(CLIENT_CA, path, error.to_string()))
}

fn refuse_pair(config: &ReceiverTls, error: &rustls::Error) -> FileError {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            let what = format!("is not the key of the first certificate in {}", config.cert_file.display());
            FileError::new(KEY, &config.key_file, what)
        }
        rustls::Error::InvalidCertificate(_) => {
            FileError::new(CERT, &config.cert_file, format!("its first certificate cannot be used: {error}"))
        }
        _ => FileError::new(KEY, &config.key_file, format!("the key cannot be used: {error}")),
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
