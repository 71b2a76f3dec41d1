//! Where a guest gets and where it does not.

use super::{server::*, *};

#[tokio::test]
async fn what_is_not_listed_is_denied_without_a_lookup_or_a_connection() {
    let server = Raw::answering("", "").await;
    let lookup = Recorder::new("127.0.0.1");
    let listed = grant(&["http://collector.example"], |grant| grant.allow_cidrs = vec!["127.0.0.0/8".parse().unwrap()]);
    let mut ctx = instance_of(HttpClient::with_lookup(listed, Handle::current(), lookup.clone()));
    let port = server.address.port();
    for url in [format!("http://evil.example:{port}/"), server.url("/"), format!("http://localhost:{port}/")] {
        assert!(matches!(ctx.send(post(&url, b"x")).await, Err(HttpError::Denied(_))), "{url}");
    }
    assert!(lookup.asked().is_empty());
    assert_eq!(server.connections(), 0);
    assert_eq!(counted(&ctx), [0, 3, 0, 0]);
}

#[tokio::test]
async fn a_name_leads_only_to_addresses_that_were_judged() {
    let server = Raw::answering("", "").await;
    let entry = format!("http://collector.example:{}", server.address.port());
    let lookup = Recorder::new("127.0.0.1");
    let open = grant(&[&entry], |grant| grant.allow_cidrs = vec!["127.0.0.0/8".parse().unwrap()]);
    let mut ctx = instance_of(HttpClient::with_lookup(open, Handle::current(), lookup.clone()));
    assert_eq!(ctx.send(post(&entry, b"x")).await.unwrap().status, 200);
    assert_eq!(lookup.asked(), ["collector.example"]);
    assert!(server.received()[0].contains(&format!("\r\nhost: collector.example:{}\r\n", server.address.port())));

    let mut ctx = instance_of(HttpClient::with_lookup(grant(&[&entry], |_| {}), Handle::current(), lookup));
    match ctx.send(post(&entry, b"x")).await {
        Err(HttpError::Denied(why)) => assert!(why.contains("127.0.0.1, a loopback address"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(counted(&ctx)[1], 1);
}

#[tokio::test]
async fn an_allowed_name_that_resolves_to_a_metadata_service_is_denied_under_any_cidr() {
    for address in ["169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "168.63.129.16"] {
        let wide = grant(&["http://collector.example"], |grant| {
            grant.allow_cidrs = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        });
        let mut ctx = instance_of(HttpClient::with_lookup(wide, Handle::current(), Recorder::new(address)));
        match ctx.send(post("http://collector.example", b"x")).await {
            Err(HttpError::Denied(why)) => assert!(why.contains("never reachable"), "{why}"),
            other => panic!("{address}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn two_exporters_share_neither_connections_nor_credentials() {
    let server = Raw::answering("", "").await;
    let mut exporters = ["key-of-one-1234", "key-of-two-1234"].map(|key| {
        instance(grant(&[&server.url("")], |grant| {
            grant.headers.insert("x-key".into(), config::Secret::new(key.into()));
        }))
    });
    for exporter in &mut exporters {
        for _ in 0..2 {
            exporter.send(post(server.url("/"), b"x")).await.unwrap();
        }
    }
    assert_eq!(server.connections(), 2);
    let received = server.received();
    let keys: Vec<_> = received.iter().map(|head| head.lines().find_map(|line| line.strip_prefix("x-key: "))).collect();
    assert_eq!(
        keys,
        [Some("key-of-one-1234"), Some("key-of-one-1234"), Some("key-of-two-1234"), Some("key-of-two-1234")]
    );
}

#[tokio::test]
async fn localhost_by_name_is_reached_through_the_systems_resolver() {
    let server = Raw::answering("", "").await;
    let entry = format!("http://localhost:{}", server.address.port());
    let mut ctx = instance(grant(&[&entry], |_| {}));
    assert_eq!(ctx.send(post(&entry, b"x")).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_redirect_is_handed_to_the_guest_and_not_followed() {
    let target = Raw::answering("", "").await;
    let answer = format!("HTTP/1.1 307 Gone There\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n", target.url("/"));
    let server = Raw::start(Script::Answer(answer.into_bytes())).await;
    // Even where the target is allowed, going there is the guest's decision.
    let both = grant(&[&server.url(""), &target.url("")], |_| {});
    let response = instance(both).send(post(server.url("/"), b"x")).await.unwrap();
    assert_eq!(response.status, 307);
    assert!(response.headers.contains(&("location".into(), target.url("/"))));
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn nobody_listening_is_a_refused_connection() {
    let address = Raw::answering("", "").await.address;
    match instance_for(address).send(post(format!("http://{address}/"), b"x")).await {
        Err(HttpError::Connect(why)) => {
            assert!(why.starts_with(&format!("{address}: ")) && why.contains("refused"), "{why}");
        }
        // The port may have found another owner meanwhile; then this test has nothing to say.
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_a_dns_error() {
    struct Nothing;
    impl Lookup for Nothing {
        fn look_up(&self, _: &str) -> LookingUp {
            Box::pin(async { Err(std::io::Error::other("no such host")) })
        }
    }
    let listed = grant(&["http://collector.example"], |_| {});
    let mut ctx = instance_of(HttpClient::with_lookup(listed, Handle::current(), Arc::new(Nothing)));
    match ctx.send(post("http://collector.example", b"x")).await {
        Err(HttpError::Dns(why)) => assert_eq!(why, "`collector.example` could not be resolved: no such host"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn proxies_of_the_environment_are_not_asked() {
    // In a process of its own, because the environment belongs to the whole process.
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "capability::http::tests::protocol::a_body_arrives_as_it_is_and_the_host_frames_it"]);
    child.env_remove("NO_PROXY").env_remove("no_proxy").env_remove("REQUEST_METHOD");
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, "http://127.0.0.1:1");
    }
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
