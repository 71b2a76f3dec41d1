//! What an exporter may see, and what it was not shown.

use serde::Serialize;

/// What the operator lets one exporter see. Keys are as they are written in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NarrowingStatus {
    /// Columns that it is granted.
    pub columns: Vec<&'static str>,
    /// Attributes that it is granted, by key; none if that is all of them.
    pub allow: Option<Vec<String>>,
    /// Attributes that it is not granted.
    pub deny: Vec<String>,
    /// How many rules drop rows. The rows are in the ledger, dropped for the reason `select`.
    pub drop_rules: usize,
    /// Attributes that are deleted.
    pub delete: Vec<String>,
    /// Attributes that are hashed.
    pub hash: Vec<String>,
    /// Whether they are hashed with a key.
    pub hash_keyed: bool,
    /// Attributes that were left out because they are not granted. What belongs to a scope or a resource counts once per
    /// batch.
    pub attributes_not_granted: u64,
    /// Attributes that were deleted.
    pub attributes_deleted: u64,
    /// Attributes that were hashed.
    pub attributes_hashed: u64,
}
