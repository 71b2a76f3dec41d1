//! Against servers on loopback that record the raw bytes they get.

mod certificates;
mod checks;
mod faults;
mod files;
mod forgotten;
mod grpc;
mod limits;
mod masking;
mod metadata;
mod names;
mod protocol;
mod proxy;
mod quotas;
mod reach;
mod rehearsal;
mod server;

use std::{net::SocketAddr, sync::Arc};

use tokio::runtime::Handle;

use super::{account::HttpUsage, grant_error::HttpGrantError, *};
use crate::{
    capability::egress::{LookingUp, Lookup, SystemLookup},
    config,
};

/// A grant for `allow`, changed by `edit`.
pub(super) fn grant(allow: &[&str], edit: impl FnOnce(&mut config::HttpGrant)) -> Arc<HttpGrant> {
    let mut config =
        config::HttpGrant { allow: allow.iter().map(|text| text.parse().unwrap()).collect(), ..Default::default() };
    edit(&mut config);
    Arc::new(HttpGrant::new(&config).unwrap())
}

/// An instance in the middle of a call without a deadline of its own.
fn instance(grant: Arc<HttpGrant>) -> HttpCtx {
    instance_of(HttpClient::with_lookup(grant, Handle::current(), Arc::new(SystemLookup)))
}

fn instance_of(client: Arc<HttpClient>) -> HttpCtx {
    let mut ctx = HttpCtx::new(client);
    ctx.begin_call(None);
    ctx
}

/// An instance that may talk to `address` and has no other limits than the defaults.
fn instance_for(address: SocketAddr) -> HttpCtx {
    instance(grant(&[&format!("http://{address}")], |_| {}))
}

fn post(url: impl Into<String>, body: &[u8]) -> Request {
    Request {
        method: "POST".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Payload::plain(body.to_vec()),
        timeout: None,
        http2: false,
    }
}

/// Answers every name with the same address and keeps the names.
struct Recorder {
    answer: SocketAddr,
    asked: std::sync::Mutex<Vec<String>>,
}

impl Recorder {
    fn new(answer: &str) -> Arc<Self> {
        Arc::new(Self { answer: SocketAddr::new(answer.parse().unwrap(), 0), asked: Default::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Lookup for Recorder {
    fn look_up(&self, name: &str) -> LookingUp {
        self.asked.lock().unwrap().push(name.to_owned());
        let answer = self.answer;
        Box::pin(async move { Ok(vec![answer]) })
    }
}

/// Requests, denied, bytes out, bytes in.
fn counted(ctx: &HttpCtx) -> [u64; 4] {
    let HttpUsage { requests, denied, bytes_out, bytes_in, .. } = ctx.client.usage();
    [requests, denied, bytes_out, bytes_in]
}

/// Waits until no request is in flight.
async fn all_ended(client: &HttpClient) {
    tokio::time::timeout(Duration::from_secs(60), client.account().all_ended()).await.expect("a request never ended");
    assert_eq!(client.usage().in_flight, 0);
}
