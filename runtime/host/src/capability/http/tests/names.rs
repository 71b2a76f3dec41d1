//! Names that are not resolved.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use super::{
    server::{Raw, Script},
    *,
};

/// Fails as it is told, or never answers.
struct Faulty {
    words: Option<&'static str>,
    asked: AtomicUsize,
}

impl Faulty {
    fn new(words: Option<&'static str>) -> Arc<Self> {
        Arc::new(Self { words, asked: AtomicUsize::new(0) })
    }
}

impl Lookup for Faulty {
    fn look_up(&self, _: &str) -> LookingUp {
        self.asked.fetch_add(1, SeqCst);
        let words = self.words;
        Box::pin(async move {
            match words {
                Some(words) => Err(io::Error::other(words)),
                None => std::future::pending().await,
            }
        })
    }
}

fn exporter(lookup: Arc<dyn Lookup>) -> HttpCtx {
    let listed = grant(&["http://collector.example"], |grant| grant.timeout = Duration::from_millis(30));
    instance_of(HttpClient::with_lookup(listed, Handle::current(), lookup))
}

fn to_collector(http2: bool) -> Request {
    Request { http2, ..post("http://collector.example", b"x") }
}

#[tokio::test]
async fn a_silent_resolver_costs_an_exporter_two_lookups_over_both_protocols_together() {
    let silent = Faulty::new(None);
    let mut ctx = exporter(silent.clone());
    for round in 0..10 {
        assert_eq!(ctx.send(to_collector(round % 2 == 0)).await, Err(HttpError::Timeout));
    }
    assert_eq!(silent.asked.load(SeqCst), 2);
    all_ended(&ctx.client).await;
}

#[tokio::test]
async fn a_name_that_fails_is_a_dns_error_asked_for_once_over_both_protocols_together() {
    for words in ["NXDOMAIN: no such name", "SERVFAIL: the server failed"] {
        let failing = Faulty::new(Some(words));
        let mut ctx = exporter(failing.clone());
        for round in 0..10 {
            let expected = format!("`collector.example` could not be resolved: {words}");
            assert_eq!(ctx.send(to_collector(round % 2 == 0)).await, Err(HttpError::Dns(expected)));
        }
        assert_eq!(failing.asked.load(SeqCst), 1);
        all_ended(&ctx.client).await;
    }
}

/// Answers every name with these addresses.
struct Answering(Vec<SocketAddr>);

impl Lookup for Answering {
    fn look_up(&self, _: &str) -> LookingUp {
        let found = self.0.clone();
        Box::pin(async move { Ok(found) })
    }
}

#[tokio::test]
async fn a_name_with_no_address_is_a_dns_error_and_one_with_a_denied_address_is_denied() {
    let metadata = "169.254.169.254:0".parse().unwrap();
    for http2 in [false, true] {
        let mut ctx = exporter(Arc::new(Answering(Vec::new())));
        let expected = HttpError::Dns("`collector.example` has no address".to_owned());
        assert_eq!(ctx.send(to_collector(http2)).await, Err(expected));
        all_ended(&ctx.client).await;
        let mut ctx = exporter(Arc::new(Answering(vec![metadata])));
        match ctx.send(to_collector(http2)).await {
            Err(HttpError::Denied(why)) => assert!(why.contains("169.254.169.254"), "{why}"),
            other => panic!("{other:?}"),
        }
        all_ended(&ctx.client).await;
    }
}

#[tokio::test]
async fn an_exporter_whose_names_are_never_resolved_holds_up_no_other_on_the_same_thread() {
    let listed = grant(&["http://collector.example"], |_| {});
    let silent = Faulty::new(None);
    let clients = (0..8).map(|_| HttpClient::with_lookup(listed.clone(), Handle::current(), silent.clone()));
    let stuck: Vec<_> = clients
        .map(|client| tokio::spawn(async move { instance_of(client).send(to_collector(false)).await.map(drop) }))
        .collect();
    while silent.asked.load(SeqCst) < stuck.len() {
        tokio::task::yield_now().await;
    }
    let fine = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let server = Raw::start(Script::Answer(fine.into())).await;
    let mut healthy = instance_for(server.address);
    for _ in 0..50 {
        assert_eq!(healthy.send(post(server.url("/"), b"x")).await.unwrap().status, 200);
    }
    assert!(stuck.iter().all(|call| !call.is_finished()));
    stuck.iter().for_each(tokio::task::JoinHandle::abort);
}
