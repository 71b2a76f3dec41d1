//! What the grants of an exporter link.

use crate::config;

/// Which interfaces that need a grant are linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Links {
    pub(super) http: bool,
    pub(super) terminal: bool,
}

impl Links {
    /// Those of an exporter with these grants.
    pub(super) fn of(grants: &config::Grants) -> Self {
        Self { http: grants.http.is_some(), terminal: grants.terminal }
    }
}
