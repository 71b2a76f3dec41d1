//! Names that are not resolved.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use super::*;

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
