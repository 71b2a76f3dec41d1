//! Looks names up and lets only permitted addresses through.
//!
//! The connector connects to what this returns and to nothing else, so an answer that changes between the check and
//! the connection (DNS rebinding) changes nothing. The connector does not ask for literal addresses: the policy has
//! judged those with the URL.

use std::{net::SocketAddr, sync::Arc};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{
    lookups::{Lookups, MAX_ADDRESSES},
    policy::EgressPolicy,
    resolve_error::ResolveError,
};

/// Resolves for the connections of one exporter.
pub(crate) struct PermittedResolver {
    policy: Arc<EgressPolicy>,
    lookups: Arc<Lookups>,
}

impl PermittedResolver {
    /// Judges by `policy` what `lookups` find.
    pub(crate) fn new(policy: Arc<EgressPolicy>, lookups: Arc<Lookups>) -> Self {
        Self { policy, lookups }
    }
}

impl Resolve for PermittedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let (policy, lookups) = (Arc::clone(&self.policy), Arc::clone(&self.lookups));
        Box::pin(async move {
            let found = lookups.find(&name).await?;
            let permitted = permit(&policy, &name, found)?;
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}

/// Keeps what the policy permits; says why if that is nothing.
pub(super) fn permit(
    policy: &EgressPolicy,
    name: &str,
    found: impl IntoIterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let mut permitted = Vec::new();
    let mut reason = None;
    for address in found.into_iter().take(MAX_ADDRESSES) {
        match policy.judge_address(name, address.ip()) {
            Ok(()) => permitted.push(address),
            Err(why) => reason = reason.or(Some(why)),
        }
    }
    match reason {
        _ if !permitted.is_empty() => Ok(permitted),
        Some(why) => Err(ResolveError::Denied(why)),
        None => Err(ResolveError::Empty(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::{LookingUp, Lookup},
        *,
    };

    /// Answers what it was told.
    struct Scripted(Vec<&'static str>);

    impl Lookup for Scripted {
        fn look_up(&self, _: &str) -> LookingUp {
            let found = self.0.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
            Box::pin(async move { Ok(found) })
        }
    }

    async fn resolve(answers: &[&'static str]) -> Result<Vec<String>, ResolveError> {
        let policy = EgressPolicy::new(&["http://c.example".parse().unwrap()], &[]).unwrap();
        let lookups = Lookups::new(Arc::new(Scripted(answers.to_vec())), Duration::from_secs(60));
        let resolver = PermittedResolver::new(Arc::new(policy), lookups);
        match resolver.resolve("c.example".parse().unwrap()).await {
            Ok(found) => Ok(found.map(|address| address.ip().to_string()).collect()),
            Err(error) => Err(*error.downcast::<ResolveError>().unwrap()),
        }
    }

    #[tokio::test]
    async fn only_permitted_addresses_come_through() {
        let found = resolve(&["10.0.0.1", "8.8.8.8", "169.254.169.254", "::ffff:7f00:1"]).await;
        assert_eq!(found.unwrap(), ["8.8.8.8"]);
    }

    #[tokio::test]
    async fn a_name_that_rebinds_to_a_private_address_is_denied_with_the_reason() {
        match resolve(&["10.0.0.1"]).await {
            Err(ResolveError::Denied(why)) => assert!(why.contains("10.0.0.1, a private address"), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_without_addresses_says_so() {
        assert_eq!(resolve(&[]).await, Err(ResolveError::Empty("c.example".to_owned())));
    }
}
