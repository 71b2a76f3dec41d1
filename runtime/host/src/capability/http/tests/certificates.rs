//! Whom a request trusts, and what it shows.

use std::path::Path;

use rustls::{RootCertStore, ServerConfig, pki_types::PrivateKeyDer, server::WebPkiClientVerifier};
use tempfile::{NamedTempFile, TempDir};

use super::{server::*, *};

/// A certificate for `name` that vouches for itself, and its key.
pub(super) fn self_signed(name: &str) -> rcgen::CertifiedKey<rcgen::KeyPair> {
    rcgen::generate_simple_self_signed([name.to_owned()]).unwrap()
}

/// A server that shows `made` and asks for a certificate of `clients`, if any.
pub(super) async fn serve(made: &rcgen::CertifiedKey<rcgen::KeyPair>, clients: Option<&rcgen::Certificate>) -> Echo {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let mut config = builder.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Echo::tls(config).await
}

/// A certificate for `name`, and a server that shows it.
pub(super) async fn tls_server(name: &str) -> (Echo, NamedTempFile) {
    let made = self_signed(name);
    let authority = NamedTempFile::new().unwrap();
    std::fs::write(authority.path(), made.cert.pem()).unwrap();
    (serve(&made, None).await, authority)
}

#[tokio::test]
async fn a_certificate_is_trusted_through_the_ca_file_and_http2_is_negotiated() {
    let (server, authority) = tls_server("localhost").await;
    let entry = format!("https://localhost:{}", server.address.port());
    let trusting = grant(&[&entry], |grant| grant.ca_file = Some(authority.path().into()));
    let response = instance(trusting).send(post(&entry, b"x")).await.unwrap();
    assert!(response.headers.contains(&("x-version".into(), "HTTP/2.0".into())), "{:?}", response.headers);
}

#[tokio::test]
async fn a_certificate_of_nobody_or_of_another_name_is_a_tls_error() {
    let (server, authority) = tls_server("elsewhere.example").await;
    let (_, stranger) = tls_server("localhost").await;
    let entry = format!("https://localhost:{}", server.address.port());
    for (file, word) in [(&authority, "not valid for name"), (&stranger, "invalid peer certificate")] {
        let grant = grant(&[&entry], |grant| grant.ca_file = Some(file.path().into()));
        match instance(grant).send(post(&entry, b"x")).await {
            Err(HttpError::Tls(why)) => assert!(why.contains(word), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn plain_text_where_tls_was_expected_is_a_tls_error() {
    let server = Raw::start(Script::Greet(b"220 mail.example ready\r\n".into())).await;
    let entry = format!("https://{}", server.address);
    let (_keep, authority) = tls_server("localhost").await;
    let grant = grant(&[&entry], |grant| grant.ca_file = Some(authority.path().into()));
    let error = instance(grant).send(post(&entry, b"x")).await.unwrap_err();
    assert!(matches!(error, HttpError::Tls(_)), "{error}");
}

/// `cert.pem` and `key.pem` of `made` in a folder.
pub(super) fn files(made: &rcgen::CertifiedKey<rcgen::KeyPair>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    folder
}

pub(super) fn client_cert(cert: &Path, key: &Path) -> Option<config::ClientCert> {
    Some(config::ClientCert { cert_file: cert.join("cert.pem"), key_file: key.join("key.pem") })
}

#[tokio::test]
async fn a_backend_that_asks_for_a_certificate_is_shown_the_operators() {
    let (server, client) = (self_signed("localhost"), self_signed("client"));
    let (server_files, client_files) = (files(&server), files(&client));
    let server = serve(&server, Some(&client.cert)).await;
    let entry = format!("https://localhost:{}", server.address.port());
    let ca_file = Some(server_files.path().join("cert.pem"));

    let known = grant(&[&entry], |grant| {
        grant.ca_file = ca_file.clone();
        grant.client_cert = client_cert(client_files.path(), client_files.path());
    });
    assert_eq!(instance(known).send(post(&entry, b"x")).await.unwrap().body, b"x");

    let stranger_files = files(&self_signed("client"));
    for client_cert in [None, client_cert(stranger_files.path(), stranger_files.path())] {
        let unknown = grant(&[&entry], |grant| {
            grant.ca_file = ca_file.clone();
            grant.client_cert = client_cert;
        });
        // TLS 1.3 tells a client that it is not welcome after it has begun to speak: HTTP/2 calls that a broken connection.
        match instance(unknown).send(post(&entry, b"x")).await {
            Err(HttpError::Tls(why) | HttpError::Broken(why)) => assert!(why.contains("fatal alert"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_by_key_and_path() {
    let (one, other) = (files(&self_signed("one")), files(&self_signed("other")));
    let empty = tempfile::tempdir().unwrap();
    std::fs::write(empty.path().join("cert.pem"), "").unwrap();
    std::fs::write(empty.path().join("key.pem"), "").unwrap();
    let (one, other, empty) = (one.path(), other.path(), empty.path());
    for (cert, key, expected) in [
        (one, other, "client_key_file: KEY: it is not the key of the certificate in client_cert_file"),
        (empty, one, "client_cert_file: CERT: no certificate in it"),
        (one, empty, "client_key_file: KEY: no private key in it"),
    ] {
        let config = config::HttpGrant { client_cert: client_cert(cert, key), ..Default::default() };
        let errors = HttpGrant::new(&config).unwrap_err();
        let [cert, key] = [cert.join("cert.pem"), key.join("key.pem")].map(|path| path.display().to_string());
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].to_string(), expected.replace("CERT", &cert).replace("KEY", &key));
    }
}
