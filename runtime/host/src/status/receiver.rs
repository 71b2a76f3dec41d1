//! One receiver.

use std::collections::BTreeMap;

use serde::Serialize;

/// One receiver at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReceiverStatus {
    /// Name in the configuration.
    pub name: &'static str,
    /// Address it listens on; with the real port if the configuration said 0.
    pub listen: String,
    /// Whether it listens.
    pub bound: bool,
    /// Connections open at this moment.
    pub connections_open: u64,
    /// Requests by how they ended; what never happened is left out.
    pub requests: BTreeMap<&'static str, u64>,
    /// Further counts since the start, by name.
    pub counts: BTreeMap<&'static str, u64>,
}
