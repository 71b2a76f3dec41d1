//! What requests are made of that comes from files: connections with their certificates, and the token.
//!
//! Constraints: files are looked at once in `reload_interval` at most, never on the thread that waits for the network, and
//! one look at a time, however slow the disk is; what cannot be used leaves the earlier content in use and is told once.

use std::{sync::Arc, time::Duration};

use reqwest::header::{AUTHORIZATION, HeaderValue};
use rustls::{RootCertStore, sign::SingleCertAndKey};
use tokio::{
    sync::OnceCell,
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::{
    files::{Contents, Files, Look},
    grant::HttpGrant,
    grant_error::HttpGrantError,
    secrets::Secrets,
};

/// How long requests wait for a look at the disk, counted from its beginning; after that they go out with what there is.
const PATIENCE: Duration = Duration::from_secs(1);

/// Connections that trust and show the same.
#[derive(Debug)]
pub(super) struct Connections {
    /// None for the system's.
    pub(super) roots: Option<Arc<RootCertStore>>,
    pub(super) identity: Option<Arc<SingleCertAndKey>>,
    /// Protocol by negotiation. Made when first needed, as the other.
    pub(super) negotiated: OnceCell<reqwest::Client>,
    /// HTTP/2 by prior knowledge.
    pub(super) http2: OnceCell<reqwest::Client>,
}

/// What one request is made of.
#[derive(Clone, Debug)]
pub(super) struct Material {
    pub(super) connections: Arc<Connections>,
    pub(super) authorization: Option<HeaderValue>,
    /// To be masked in responses.
    pub(super) secrets: Arc<Secrets>,
}

/// The latest material, and when and how it is renewed.
#[derive(Debug)]
pub(super) struct Source {
    latest: Material,
    look: Look,
    looked_at: Instant,
    looking: Option<JoinHandle<Option<Found>>>,
}

/// What a change brought.
type Found = (Look, Result<Contents, Vec<HttpGrantError>>);

/// What happened, for the log.
#[derive(Debug)]
pub(super) enum Renewal {
    Renewed,
    Unusable(Vec<HttpGrantError>),
}

impl Source {
    /// What was read when the exporter was loaded.
    pub(super) fn new(grant: &HttpGrant) -> Self {
        let (look, contents) = grant.contents.clone();
        let latest = material(grant, contents, None);
        Self { latest, look, looked_at: Instant::now(), looking: None }
    }

    /// The material for a request that is sent now.
    pub(super) async fn latest(&mut self, grant: &HttpGrant) -> (Material, Option<Renewal>) {
        let renewal = if grant.files.is_empty() { None } else { self.renew(grant).await };
        (self.latest.clone(), renewal)
    }

    async fn renew(&mut self, grant: &HttpGrant) -> Option<Renewal> {
        if self.looking.is_none() {
            if self.looked_at.elapsed() < grant.reload_interval {
                return None;
            }
            self.looked_at = Instant::now();
            let (files, earlier) = (grant.files.clone(), self.look.clone());
            #[expect(clippy::disallowed_methods, reason = "reads small local files; one such call at a time")]
            let looking = tokio::task::spawn_blocking(move || find_change(&files, &earlier));
            self.looking = Some(looking);
        }
        let found = timeout_at(self.looked_at + PATIENCE, self.looking.as_mut()?).await.ok()?;
        self.looking = None;
        let (look, read) = found.ok().flatten()?;
        let has_same_tls = look.has_same_tls(&self.look);
        self.look = look;
        Some(match read {
            Ok(contents) => {
                let connections = has_same_tls.then(|| Arc::clone(&self.latest.connections));
                self.latest = material(grant, contents, connections);
                Renewal::Renewed
            }
            Err(errors) => Renewal::Unusable(errors),
        })
    }
}

fn find_change(files: &Files, earlier: &Look) -> Option<Found> {
    let look = files.look();
    (look != *earlier).then(|| (look, files.read()))
}

fn material(grant: &HttpGrant, contents: Contents, connections: Option<Arc<Connections>>) -> Material {
    let Contents { roots, identity, authorization } = contents;
    let secrets = match &authorization {
        Some(value) => grant.secrets.and(&AUTHORIZATION, value),
        None => grant.secrets.clone(),
    };
    let fresh = || Arc::new(Connections { roots, identity, negotiated: OnceCell::new(), http2: OnceCell::new() });
    Material { connections: connections.unwrap_or_else(fresh), authorization, secrets: Arc::new(secrets) }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::grant, *};

    #[tokio::test(start_paused = true)]
    async fn requests_wait_for_a_disk_that_hangs_for_a_second_in_all_and_take_what_it_says_later() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "token").unwrap();
        let grant = grant(&["http://localhost"], |grant| grant.bearer_token_file = Some(file.path().into()));
        let mut source = Source::new(&grant);
        let (answer, says) = tokio::sync::oneshot::channel();
        source.looking = Some(tokio::spawn(async move { says.await.ok() }));
        let start = Instant::now();
        for _ in 0..5 {
            assert!(source.latest(&grant).await.1.is_none());
        }
        assert_eq!(start.elapsed(), PATIENCE);
        answer.send((Look::default(), grant.files.read())).unwrap();
        tokio::task::yield_now().await;
        assert!(matches!(source.latest(&grant).await.1, Some(Renewal::Renewed)));
    }
}
