//! Certificates and tokens that change while a receiver runs.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use http::StatusCode;
use spangate::{
    config::{self, ReceiverAuth, ReceiverTls},
    receiver::BindError,
};

use crate::{
    client::{Http1, PROTOBUF},
    fake::{FakeConsumer, Lines, Running, eventually},
    pki::{Authority, shown},
    samples,
};

const OFTEN: Duration = Duration::from_millis(50);

/// A folder as Kubernetes mounts secrets: the files are links into a folder that is itself a link, which is replaced by
/// renaming another one over it.
fn publish(authority: &Authority, version: &str) -> Vec<u8> {
    let pair = authority.issue("localhost", 2050);
    let folder = authority.path(version);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("cert.pem"), &pair.cert).unwrap();
    fs::write(folder.join("key.pem"), &pair.key).unwrap();
    symlink(version, authority.path("next")).unwrap();
    fs::rename(authority.path("next"), authority.path("data")).unwrap();
    pem(&pair.cert)
}

fn pem(text: &str) -> Vec<u8> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    CertificateDer::from_pem_slice(text.as_bytes()).unwrap().to_vec()
}

fn linked(authority: &Authority) -> ReceiverTls {
    for name in ["cert.pem", "key.pem"] {
        symlink(Path::new("data").join(name), authority.path(name)).unwrap();
    }
    ReceiverTls { reload_interval: OFTEN, ..ReceiverTls::new(authority.path("cert.pem"), authority.path("key.pem")) }
}

#[tokio::test]
async fn a_certificate_that_is_replaced_by_a_link_is_shown_to_new_connections() {
    let authority = Authority::new("servers");
    let first = publish(&authority, "v1");
    let tls = linked(&authority);
    let running = Running::http(|config| config.tls = Some(tls)).await;
    let old = authority.connect(running.address, &["http/1.1"]).await.unwrap();
    assert_eq!(shown(&old), first);
    let mut old = Http1::over(old, running.address).await;
    old.still_works().await;
    let second = publish(&authority, "v2");
    let reloads = || running.receiver.access().tls().unwrap().reloads;
    eventually("it is read again", || reloads() == 1).await;
    let new = authority.connect(running.address, &["http/1.1"]).await.unwrap();
    assert_eq!(shown(&new), second);
    // What is open stays open.
    old.still_works().await;
    let said = running.lines.0.lock().unwrap().join("\n");
    assert_eq!(said, "Info receiver.otlp_http: tls: read again, the new one is in use");
}

#[tokio::test]
async fn a_broken_certificate_keeps_the_old_one_and_is_told_once() {
    let authority = Authority::new("servers");
    let tls = ReceiverTls { reload_interval: OFTEN, ..authority.server() };
    let (cert_file, key_file) = (tls.cert_file.clone(), tls.key_file.clone());
    let running = Running::http(|config| config.tls = Some(tls)).await;
    let failure = || running.receiver.access().tls().unwrap().reload_failure;
    assert_eq!(failure(), None);
    fs::write(&key_file, authority.issue("localhost", 2050).key).unwrap();
    eventually("it is noticed", || failure().is_some()).await;
    let told = failure().unwrap();
    assert!(told.contains("key.pem: is not the key of the first certificate in "), "{told}");
    tokio::time::sleep(OFTEN * 6).await;
    let stream = authority.connect(running.address, &["http/1.1"]).await.unwrap();
    Http1::over(stream, running.address).await.still_works().await;
    assert_eq!(running.warnings().len(), 1, "{:?}", running.warnings());
    assert!(running.warnings()[0].contains("the new one cannot be used, the old one stays"));
    // Then the other half comes, already expired, which is worth a word but not a refusal.
    let pair = authority.issue("localhost", 2021);
    fs::write(&key_file, pair.key).unwrap();
    fs::write(&cert_file, pair.cert).unwrap();
    eventually("it is in use", || running.receiver.access().tls().unwrap().reloads == 1).await;
    assert_eq!(failure(), None);
    eventually("its age is told", || running.warnings().len() == 2 || running.warnings().len() == 3).await;
    assert!(running.warnings().last().unwrap().contains("the certificate has expired on Fri, 01 Jan 2021"));
    assert_eq!(running.receiver.access().tls().unwrap().not_after_unix_seconds, Some(1_609_459_200));
}

#[tokio::test]
async fn tokens_are_rotated_without_a_restart_also_on_open_connections() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    let (old, new) = ("old-token-0123456789", "new-token-0123456789");
    fs::write(&file, old).unwrap();
    let running = Running::http(|config| {
        let bearer_token_file = Some(file.clone());
        config.auth = Some(ReceiverAuth { bearer_tokens: vec![], bearer_token_file, reload_interval: OFTEN });
    })
    .await;
    let mut client = Http1::connect(running.address).await;
    let status = |statuses: Vec<StatusCode>| statuses.iter().map(StatusCode::as_u16).collect::<Vec<_>>();
    for (step, content, expected) in [
        (0, old.to_owned(), [200, 401]),
        (1, format!("{old}\n{new}\n"), [200, 200]),
        (2, format!("# rotated\n{new}\n"), [401, 200]),
    ] {
        let next = folder.path().join("next");
        fs::write(&next, content).unwrap();
        fs::rename(next, &file).unwrap();
        eventually("it is read again", || running.receiver.access().auth().unwrap().reloads == step).await;
        let mut found = vec![];
        for token in [old, new] {
            let header = format!("Bearer {token}");
            let reply = client.post("/v1/traces", &[PROTOBUF, ("authorization", &header)], samples::good()).await;
            found.push(reply.status);
        }
        assert_eq!(status(found), expected, "step {step}");
    }
    fs::remove_file(&file).unwrap();
    eventually("it is noticed", || running.receiver.access().auth().unwrap().reload_failure.is_some()).await;
    let header = format!("Bearer {new}");
    let reply = client.post("/v1/traces", &[PROTOBUF, ("authorization", &header)], samples::good()).await;
    assert_eq!(reply.status, StatusCode::OK);
}

async fn refused(change: impl FnOnce(&mut config::Receiver)) -> BindError {
    let mut config = config::Receiver::otlp_http();
    config.listen = ([127, 0, 0, 1], 0).into();
    change(&mut config);
    let log = spangate::telemetry::Log::new(std::sync::Arc::new(Lines::default()));
    let consumer = std::sync::Arc::new(FakeConsumer::default());
    spangate::receiver::start_otlp_http(config, consumer, log, Default::default()).await.unwrap_err()
}

#[tokio::test]
async fn a_file_that_cannot_be_used_at_the_start_keeps_the_receiver_from_starting() {
    let authority = Authority::new("servers");
    let tls = ReceiverTls { key_file: authority.path("absent.pem"), ..authority.server() };
    let error = refused(|config| config.tls = Some(tls)).await.to_string();
    assert!(error.starts_with("[receivers.otlp_http] tls.key_file: "), "{error}");
    assert!(error.contains("absent.pem: cannot be read: "), "{error}");
}

#[tokio::test]
async fn an_address_that_others_reach_needs_protection_or_a_word() {
    let authority = Authority::new("servers");
    let auth = || {
        let bearer_tokens = vec![config::BearerToken::parse("0123456789abcdef").unwrap()];
        ReceiverAuth { bearer_tokens, bearer_token_file: None, reload_interval: OFTEN }
    };
    let exposed = |config: &mut config::Receiver| config.listen = ([192, 0, 2, 1], 0).into();
    let error = refused(exposed).await.to_string();
    assert_eq!(
        error,
        "[receivers.otlp_http] listen = \"192.0.2.1:0\" is reachable by others: without `tls` and \
         `auth` anybody could send, and read along; accept it with `insecure = true`"
    );
    let with_tls = |config: &mut config::Receiver| {
        exposed(config);
        config.tls = Some(authority.server());
    };
    assert!(matches!(refused(with_tls).await, BindError::Exposed { .. }));
    let with_auth = |config: &mut config::Receiver| {
        exposed(config);
        config.auth = Some(auth());
    };
    assert!(matches!(refused(with_auth).await, BindError::Exposed { .. }));
    // Protected, or accepted: now it is the address that is not there.
    let protected = |config: &mut config::Receiver| {
        with_tls(config);
        config.auth = Some(auth());
    };
    assert!(matches!(refused(protected).await, BindError::Io { .. }));
    let mutual = |config: &mut config::Receiver| {
        exposed(config);
        config.tls = Some(authority.server_for(&authority));
    };
    assert!(matches!(refused(mutual).await, BindError::Io { .. }));
    let accepted = |config: &mut config::Receiver| {
        exposed(config);
        config.insecure = true;
    };
    assert!(matches!(refused(accepted).await, BindError::Io { .. }));
}
