//! What one exporter may see, decided.

use std::sync::Arc;

use super::{AttributeHash, DropRule, Patterns, hashing::hash_value};
use crate::{
    columns::{Column, ColumnSet, Columns, Fate, Sieve},
    signal::Signal,
};

/// What one exporter may see, and how the rest is made unreadable. Exporters with the same `Arc` share what is made with it.
///
/// The order: rows are dropped by what they were, then attributes are deleted, then those that are not granted are left out,
/// then values are hashed.
#[derive(Clone, Debug)]
pub struct Narrowing {
    /// Granted columns.
    pub columns: ColumnSet,
    /// Keys of granted attributes; none grants every key.
    pub allow: Option<Patterns>,
    /// Keys that are not granted, `allow` or not.
    pub deny: Patterns,
    /// Rows that are dropped: those of which one rule is true.
    pub drop: Vec<DropRule>,
    /// Keys of attributes that are deleted.
    pub delete: Patterns,
    /// Keys of attributes whose value is hashed.
    pub hash: Patterns,
    /// How.
    pub hashing: Arc<dyn AttributeHash>,
}

/// How many attributes are not as they were. What belongs to a resource or a scope counts once per batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Left out because the exporter is not granted their keys.
    pub not_granted: u64,
    /// Deleted.
    pub deleted: u64,
    /// Replaced by a hash.
    pub hashed: u64,
}

impl Narrowing {
    /// Whether a row may be dropped.
    pub fn drops_rows(&self) -> bool {
        !self.drop.is_empty()
    }

    /// Whether anything in a row may change.
    pub fn changes_rows(&self) -> bool {
        let grants_all = self.columns == ColumnSet::ALL && self.allow.is_none() && self.deny.is_empty();
        !grants_all || !self.delete.is_empty() || !self.hash.is_empty()
    }

    /// The rows that are left, ascending; none if that is all of them.
    pub(super) fn rows_left(&self, signal: Signal, columns: &Columns, rows: u32) -> Option<Vec<u32>> {
        if !self.drops_rows() {
            return None;
        }
        let is_left = |row: &u32| !self.drop.iter().any(|rule| rule.matches(signal, columns, *row as usize));
        let left: Vec<u32> = (0..rows).filter(is_left).collect();
        (left.len() < rows as usize).then_some(left)
    }

    /// The rows as the exporter may see them.
    pub(super) fn narrow(
        &self,
        signal: Signal,
        columns: &Columns,
        rows: impl IntoIterator<Item = u32>,
    ) -> (Columns, Changes) {
        let mut eye = Eye { narrowing: self, changes: Changes::default() };
        let narrowed = columns.sift(signal, rows, &mut eye);
        (narrowed, eye.changes)
    }
}

/// What decides, and counts.
struct Eye<'a> {
    narrowing: &'a Narrowing,
    changes: Changes,
}

impl Sieve for Eye<'_> {
    #[inline]
    fn lets(&self, column: Column) -> bool {
        self.narrowing.columns.contains(column)
    }

    fn fate(&mut self, key: &str) -> Fate {
        let Narrowing { allow, deny, delete, hash, .. } = self.narrowing;
        let (count, fate) = if delete.matches(key) {
            (&mut self.changes.deleted, Fate::LeftOut)
        } else if deny.matches(key) || allow.as_ref().is_some_and(|allow| !allow.matches(key)) {
            (&mut self.changes.not_granted, Fate::LeftOut)
        } else if hash.matches(key) {
            (&mut self.changes.hashed, Fate::Hashed)
        } else {
            return Fate::Kept;
        };
        *count += 1;
        fate
    }

    fn hash(&self, columns: &Columns, kind: u8, value: [u32; 2]) -> String {
        hash_value(&*self.narrowing.hashing, columns, kind, value)
    }
}
