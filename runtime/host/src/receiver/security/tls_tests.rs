use std::{fs, time::Duration};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::*;

/// A folder with `cert.pem` and `key.pem`, and a configuration that names them.
struct Files(TempDir);

impl Files {
    fn new(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self(folder)
    }

    fn good() -> Self {
        Self::new(CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    fn config(&self) -> ReceiverTls {
        ReceiverTls::new(self.0.path().join("cert.pem"), self.0.path().join("key.pem"))
    }

    fn load(&self) -> Result<Loaded<ServerTls>, FileError> {
        ServerTls::load(&self.config())
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    /// The key of the configuration and what is wrong.
    fn refused(&self) -> (&'static str, String) {
        let error = self.load().err().unwrap();
        (error.key, error.what)
    }
}

#[test]
fn a_pair_is_loaded_and_its_change_is_noticed() {
    let (files, others) = (Files::good(), Files::good());
    let first = files.load().ok().unwrap();
    assert_eq!(first.value.config.alpn_protocols, [&b"h2"[..], b"http/1.1"]);
    assert_eq!(first.fingerprint, files.load().ok().unwrap().fingerprint);
    assert_ne!(first.fingerprint, others.load().ok().unwrap().fingerprint);
    let config = ReceiverTls { client_ca_file: Some(files.0.path().join("cert.pem")), ..files.config() };
    assert_ne!(first.fingerprint, ServerTls::load(&config).ok().unwrap().fingerprint);
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let (files, other) = (Files::good(), KeyPair::generate().unwrap());
    files.write("key.pem", other.serialize_pem());
    let (key, what) = files.refused();
    assert!(key == KEY && what.starts_with("is not the key of the first certificate in "), "{key} {what}");
}

#[test]
fn files_that_hold_something_else_are_named_with_what_was_expected() {
    let good = Files::good();
    let (cert, key) = (fs::read(good.config().cert_file).unwrap(), fs::read(good.config().key_file).unwrap());
    for (name, content, expected) in [
        ("cert.pem", &key[..], (CERT, "has a private key in it and no certificate; are the files swapped?")),
        ("cert.pem", b"hello", (CERT, "has no certificate in it: expected PEM, `-----BEGIN CERTIFICATE-----`")),
        ("cert.pem", &cert[..200], (CERT, "is not valid PEM: a section has no end")),
        ("key.pem", &cert, (KEY, "has no private key in it: expected PEM, `-----BEGIN PRIVATE KEY-----`")),
        (
            "key.pem",
            b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            (KEY, "has an encrypted key in it; decrypt it with `openssl pkey` and guard the file"),
        ),
        (
            "key.pem",
            b"-----BEGIN PRIVATE KEY-----\ncanary!\n-----END PRIVATE KEY-----\n",
            (KEY, "is not valid PEM: a section is not base64"),
        ),
    ] {
        let files = Files::good();
        files.write(name, content);
        let (key, what) = files.refused();
        assert_eq!((key, what.as_str()), expected);
    }
}

#[test]
fn bytes_that_are_no_certificate_and_no_key_are_refused_by_file() {
    let pem = |label: &str| format!("-----BEGIN {label}-----\nMAAw\n-----END {label}-----\n");
    let files = Files::good();
    files.write("cert.pem", pem("CERTIFICATE"));
    assert_eq!(files.refused().0, CERT);
    let files = Files::good();
    files.write("key.pem", pem("PRIVATE KEY"));
    assert_eq!(files.refused().0, KEY);
    let files = Files::good();
    files.write("ca.pem", [fs::read(files.config().cert_file).unwrap(), pem("CERTIFICATE").into_bytes()].concat());
    let config = ReceiverTls { client_ca_file: Some(files.0.path().join("ca.pem")), ..files.config() };
    let error = ServerTls::load(&config).err().unwrap();
    assert!(error.key == CLIENT_CA && error.what.starts_with("certificate 2: "), "{error:?}");
}

#[test]
fn a_certificate_that_has_expired_or_is_not_valid_yet_is_told() {
    let warning = |from: i32, to: i32| {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        Files::new(params).load().ok().unwrap().value.warning(now)
    };
    assert_eq!(warning(2020, 2050), None);
    let expired = "the certificate has expired on Wed, 01 Jan 2025 00:00:00 GMT: senders will refuse it";
    assert_eq!(warning(2020, 2025).as_deref(), Some(expired));
    assert_eq!(
        warning(2030, 2050).as_deref(),
        Some("the certificate is not valid before Tue, 01 Jan 2030 00:00:00 GMT")
    );
}
