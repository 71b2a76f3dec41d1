//! TLS by rustls with the provider named, so that nothing process-wide is read or set.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::{CertifiedKey, SingleCertAndKey},
};

/// Reads a PEM bundle of certificate authorities.
///
/// # Errors
/// Says what is wrong with it; the path is the caller's to add.
pub(super) fn read_roots(pem: &[u8]) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate).map_err(|error| error.to_string())?;
    }
    if roots.is_empty() { Err("no certificate in it".into()) } else { Ok(roots) }
}

/// Reads a PEM chain of certificates, the first of which is the client's own.
///
/// # Errors
/// As for [`read_roots`].
pub(super) fn read_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain =
        CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    if chain.is_empty() { Err("no certificate in it".into()) } else { Ok(chain) }
}

/// Reads a private key.
///
/// # Errors
/// As for [`read_roots`].
pub(super) fn read_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| match error {
        pem::Error::NoItemsFound => "no private key in it".into(),
        other => other.to_string(),
    })
}

/// What a client shows to a server that asks.
///
/// # Errors
/// If the key is of a kind that cannot be used, or of another certificate.
pub(super) fn identity(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<SingleCertAndKey, String> {
    let made = CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider());
    made.map(SingleCertAndKey::from).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => "it is not the key of the certificate in client_cert_file".into(),
        other => other.to_string(),
    })
}

/// The authorities that the system trusts. Reads files: not for a thread that must not block.
///
/// # Errors
/// Says that there are none. Single certificates that cannot be used are passed over, as other programs do.
pub(super) fn read_system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    match found.errors.first() {
        _ if !roots.is_empty() => Ok(roots),
        Some(error) => Err(format!("the system's certificate authorities cannot be read: {error}")),
        None => Err("the system has no certificate authorities; name a bundle with ca_file".into()),
    }
}

/// What to offer, whom to trust, and what to show.
///
/// # Errors
/// None in practice: the provider supports the default protocol versions.
pub(super) fn client_config(
    roots: Arc<RootCertStore>,
    identity: Option<Arc<SingleCertAndKey>>,
    http2_only: bool,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let builder = builder.with_root_certificates(roots);
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(identity),
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    if !http2_only {
        config.alpn_protocols.push(b"http/1.1".to_vec());
    }
    Ok(config)
}
