//! `[exporters.NAME.select]`

use std::path::PathBuf;

use spangate_core::narrow::{DropRule, Pattern};

use super::super::secrets::Secret;

/// `[exporters.NAME.select]`: what is made of a batch before the exporter sees it. Rows are dropped first, by what they were.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Select {
    /// `drop`: spans and events of which one rule is true.
    pub drop: Vec<DropRule>,
    /// `delete`: keys of attributes that are taken out.
    pub delete: Vec<Pattern>,
    /// `hash`: keys of attributes whose value is replaced by its hash.
    pub hash: Vec<Pattern>,
    /// `hash_key` or `hash_key_file`: none hashes without a key.
    pub hash_key: Option<HashKey>,
}

/// What only those know who may recognise a hashed value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HashKey {
    /// `hash_key`
    Text(Secret),
    /// `hash_key_file`: read when the exporter is started; the ends of lines behind the key are no part of it.
    File(PathBuf),
}

impl HashKey {
    /// Shorter keys can be guessed: bytes.
    pub const MIN_LEN: usize = 16;
}
