//! TLS and client certificates, well used and badly.

use std::time::Duration;

use http::StatusCode;
use spangate::config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    client::{Grpc, Http1, Raw},
    connections::{continuations, frames, http2_frame, rapid_reset},
    fake::{Running, eventually},
    pki::{Authority, Pair},
    samples,
};

fn with(tls: config::ReceiverTls) -> impl FnOnce(&mut config::Receiver) {
    |config| config.tls = Some(tls)
}

/// Sends a good request over TLS. In TLS 1.3 a client learns only now that its certificate is not accepted.
async fn is_taken(authority: &Authority, running: &Running, client: Option<&Pair>) -> bool {
    let Ok(mut stream) = authority.connect_as(running.address, &["http/1.1"], client).await else { return false };
    let body = samples::good();
    let head =
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\nconnection: close\r\n";
    let request = [format!("{head}content-length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat();
    let mut answer = Vec::new();
    let exchange = async {
        stream.write_all(&request).await?;
        stream.read_to_end(&mut answer).await
    };
    let _ = tokio::time::timeout(Duration::from_secs(10), exchange).await.expect("an end");
    answer.starts_with(b"HTTP/1.1 200 ")
}

#[tokio::test]
async fn http_1_and_http_2_are_spoken_over_tls() {
    let authority = Authority::new("servers");
    let running = Running::http(with(authority.server())).await;
    for (protocols, agreed) in [(&["http/1.1"][..], &b"http/1.1"[..]), (&["h2", "http/1.1"], b"h2")] {
        let stream = authority.connect(running.address, protocols).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(agreed));
    }
    let without = authority.connect(running.address, &[]).await.unwrap();
    Http1::over(without, running.address).await.still_works().await;
    assert!(authority.connect(running.address, &["spdy/3"]).await.is_err());
    let grpc = Running::grpc(with(authority.server())).await;
    let stream = authority.connect(grpc.address, &["h2"]).await.unwrap();
    Grpc::over(stream, grpc.address).await.still_works().await;
    assert_eq!((running.consumer.rows(), grpc.consumer.rows()), (1, 1));
}

#[tokio::test]
async fn a_client_certificate_of_the_right_authority_opens_and_no_other() {
    let (servers, clients, others) = (Authority::new("servers"), Authority::new("clients"), Authority::new("clients"));
    let running = Running::http(with(servers.server_for(&clients))).await;
    let good = clients.issue("shop", 2050);
    let expired = clients.issue("shop", 2021);
    let forged = others.issue("shop", 2050);
    let own = servers.issue("shop", 2050);
    let stolen = Pair { cert: good.cert.clone(), key: forged.key.clone() };
    for (what, client) in [
        ("none", None),
        ("expired", Some(&expired)),
        ("of another authority of the same name", Some(&forged)),
        ("of the servers' authority", Some(&own)),
    ] {
        assert!(!is_taken(&servers, &running, client).await, "{what}");
    }
    // Without the key the certificate is of no use: the client's own TLS does not even try.
    assert!(std::panic::catch_unwind(|| rustls_pair(&stolen)).is_err());
    assert_eq!(running.consumer.rows(), 0);
    eventually("all are counted", || running.stats.connections.unopened.get() == 4).await;
    let warnings = running.warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let expected = "Warn receiver.otlp_http: connection of 127.0.0.1: TLS handshake failed: peer sent no certificates";
    assert_eq!(warnings[0], expected);
    assert!(is_taken(&servers, &running, Some(&good)).await);
    assert_eq!(running.consumer.rows(), 1);
}

fn rustls_pair(pair: &Pair) {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
    let chain = vec![CertificateDer::from_pem_slice(pair.cert.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    rustls::sign::CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider()).unwrap();
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_told_what_to_do() {
    let authority = Authority::new("servers");
    let running = Running::http(with(authority.server())).await;
    for _ in 0..20 {
        let mut raw = Raw::connect(running.address).await;
        raw.write("POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello").await;
        let answer = raw.read_to_end().await;
        assert!(
            answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("this port speaks TLS: use https:// to reach it\n")
        );
    }
    eventually("all are counted", || running.stats.connections.unopened.get() == 20).await;
    let expected = "Warn receiver.otlp_http: connection of 127.0.0.1: speaks without TLS, but this port needs it: use \
                    https:// there";
    assert_eq!(running.warnings(), [expected]);
    assert!(is_taken(&authority, &running, None).await);
}

#[tokio::test]
async fn tls_on_a_plain_port_is_told_to_the_operator() {
    let authority = Authority::new("servers");
    let running = Running::grpc(|_| ()).await;
    for _ in 0..20 {
        assert!(authority.connect(running.address, &["h2"]).await.is_err());
    }
    let expected = "Warn receiver.otlp_grpc: connection of 127.0.0.1: speaks TLS, but this port is plain: use http:// \
                    there, or configure `tls` here";
    eventually("all are counted", || running.stats.connections.unopened.get() == 20).await;
    assert_eq!(running.warnings(), [expected]);
    Grpc::connect(running.address).await.still_works().await;
}

#[tokio::test]
async fn handshakes_that_never_end_are_closed_and_hold_nobody_up() {
    let authority = Authority::new("servers");
    let running = Running::http(|config| {
        config.tls = Some(authority.server());
        config.read_timeout = Duration::from_millis(300);
    })
    .await;
    let mut waiting = vec![];
    // Nothing; the first byte; half of a record; a whole record that promises more.
    for begun in [&b""[..], &[0x16], &[0x16, 3, 1, 2, 0, 1, 0], &[0x16, 3, 1, 0, 4, 1, 0, 0xff, 0xff]] {
        let mut raw = Raw::connect(running.address).await;
        raw.write(begun).await;
        waiting.push(raw);
    }
    assert!(is_taken(&authority, &running, None).await);
    for mut raw in waiting {
        raw.read_to_end().await;
    }
    assert_eq!(running.stats.connections.timed_out.get(), 4);
    let mut dripping = Raw::connect(running.address).await;
    let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc][..], &[0; 503]].concat();
    let drip = async {
        for byte in hello {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if dripping.0.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), drip).await.expect("closed");
    eventually("nothing is left", || running.stats.connections.open() == 0).await;
    assert_eq!(running.stats.connections.timed_out.get(), 5);
}

#[tokio::test]
async fn many_connections_without_a_handshake_lock_nobody_out() {
    let authority = Authority::new("servers");
    let running = Running::http(with(authority.server())).await;
    let mut silent = vec![];
    for _ in 0..400 {
        silent.push(TcpStream::connect(running.address).await.unwrap());
    }
    assert!(is_taken(&authority, &running, None).await);
    // Far below max_connections: what is bounded here is handshakes in flight.
    eventually("the cap holds", || running.stats.connections.open() <= 128).await;
    assert!(running.stats.connections.evicted.get() >= 272, "{:?}", running.stats.connections);
}

#[tokio::test]
async fn rubbish_in_place_of_a_handshake_ends_that_connection_and_no_other() {
    let authority = Authority::new("servers");
    let running = Running::http(with(authority.server())).await;
    let alert = [0x15, 3, 3, 0, 2, 2, 40];
    for rubbish in [vec![0x16, 0xff, 0xff, 0xff, 0xff], vec![0x16; 70_000], alert.to_vec(), vec![0; 100]] {
        let mut raw = Raw::connect(running.address).await;
        let _ = raw.0.write_all(&rubbish).await;
        let _ = raw.0.shutdown().await;
        raw.read_to_end().await;
    }
    eventually("all are counted", || running.stats.connections.unopened.get() == 4).await;
    assert!(is_taken(&authority, &running, None).await);
}

#[tokio::test]
async fn i25_versions_of_tls_that_are_broken_are_refused_with_an_alert() {
    let authority = Authority::new("servers");
    let running = Running::http(with(authority.server())).await;
    // TLS 1.0 and 1.1 with one cipher suite that both have.
    for version in [1, 2] {
        let body = [&[3, version][..], &[7; 32], &[0, 0, 2, 0, 0x2f, 1, 0]].concat();
        let message = [&[1, 0, 0, body.len() as u8][..], &body].concat();
        let record = [&[0x16, 3, 1, 0, message.len() as u8][..], &message].concat();
        let mut raw = TcpStream::connect(running.address).await.unwrap();
        raw.write_all(&record).await.unwrap();
        let mut alert = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(10), raw.read_to_end(&mut alert)).await.expect("closed");
        // A fatal alert: handshake_failure or protocol_version.
        assert!(matches!(alert[..], [0x15, 3, _, 0, 2, 2, 40 | 70]), "{alert:?}");
    }
    eventually("both are counted", || running.stats.connections.unopened.get() == 2).await;
    assert!(is_taken(&authority, &running, None).await);
}

#[tokio::test]
async fn floods_of_http2_frames_over_tls_disturb_nobody_else() {
    let authority = Authority::new("servers");
    let running = Running::grpc(with(authority.server())).await;
    let healthy = authority.connect(running.address, &["h2"]).await.unwrap();
    let mut healthy = Grpc::over(healthy, running.address).await;
    for flood in [rapid_reset(), frames(0x6, 0, 0, &[0; 8]), continuations()] {
        let mut stream = authority.connect(running.address, &["h2"]).await.unwrap();
        let hello = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), http2_frame(0x4, 0, 0, &[])].concat();
        stream.write_all(&hello).await.unwrap();
        // The other side may close while this is written: that is one of the good ends.
        let _ = stream.write_all(&flood).await;
        healthy.still_works().await;
    }
    eventually("only the healthy connection is left", || running.stats.connections.open() == 1).await;
}

#[tokio::test]
async fn a_huge_header_over_tls_is_431() {
    let authority = Authority::new("servers");
    let running = Running::http(with(authority.server())).await;
    let mut stream = authority.connect(running.address, &["http/1.1"]).await.unwrap();
    let head = format!("POST /v1/traces HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", "x".repeat(100_000));
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await.expect("closed");
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty()
            || answer.starts_with(&format!("HTTP/1.1 {}", StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.as_u16())),
        "{answer}"
    );
    assert!(is_taken(&authority, &running, None).await);
    assert_eq!(running.consumer.rows(), 1);
}

#[tokio::test]
async fn stopping_lets_a_request_over_tls_finish_and_drops_handshakes() {
    let authority = Authority::new("servers");
    let running = Running::http(with(authority.server())).await;
    let silent = TcpStream::connect(running.address).await.unwrap();
    let stream = authority.connect(running.address, &["http/1.1"]).await.unwrap();
    let mut client = Http1::over(stream, running.address).await;
    client.still_works().await;
    assert_eq!(running.receiver.stop(Duration::from_secs(10)).await, 0);
    drop(silent);
}
