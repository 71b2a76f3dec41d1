//! What a fuzz target reaches of the egress policy.

use std::net::IpAddr;

use url::Url;

use super::policy::{EgressPolicy, Refusal};

/// An allow-list.
#[derive(Debug)]
pub struct Policy(EgressPolicy);

impl Policy {
    /// The allow-list of these addresses and networks, through a proxy if there is one. None if it is refused.
    pub fn new(allow: &[String], cidrs: &[String], proxy: Option<&str>) -> Option<Self> {
        let allow: Result<Vec<Url>, _> = allow.iter().map(|text| Url::parse(text)).collect();
        let cidrs: Result<Vec<_>, _> = cidrs.iter().map(|text| text.parse()).collect();
        let policy = EgressPolicy::new(&allow.ok()?, &cidrs.ok()?).ok()?;
        let Some(proxy) = proxy else { return Some(Self(policy)) };
        policy.through(&Url::parse(proxy).ok()?).ok().map(Self)
    }

    /// The URL that is used for what a guest asked for.
    ///
    /// # Errors
    /// What the guest is told.
    pub fn judge_url(&self, text: &str) -> Result<String, String> {
        match self.0.judge_url(text) {
            Ok(url) => Ok(url.into()),
            Err(Refusal::Denied(why) | Refusal::Invalid(why)) => Err(why),
        }
    }

    /// Whether an address that a name resolved to is connected to.
    pub fn is_permitted(&self, name: &str, address: IpAddr) -> bool {
        self.0.judge_address(name, address).is_ok()
    }
}
