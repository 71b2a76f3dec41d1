//! What each exporter may see, made of its configuration. Exporters with the same configuration get the same one, so that
//! what is made of a batch for one of them is made for all of them.

use std::sync::Arc;

use spangate_core::{columns::ColumnSet, narrow::Narrowing};

use crate::{
    config::{AttributeGrant, Exporter, Select},
    pipeline::KeyedHash,
};

/// Those that were made so far.
#[derive(Debug, Default)]
pub(super) struct Narrowings(Vec<(Asked, Arc<Narrowing>)>);

/// What a configuration says about it.
#[derive(Debug, PartialEq)]
struct Asked {
    columns: ColumnSet,
    attributes: AttributeGrant,
    select: Select,
}

impl Narrowings {
    /// That of an exporter; none if it may see everything.
    ///
    /// # Errors
    /// Key and reason, if there is no key to hash with.
    pub(super) fn of(&mut self, config: &Exporter) -> Result<Option<Arc<Narrowing>>, String> {
        let asked = Asked {
            columns: config.grants.columns,
            attributes: config.grants.attributes.clone(),
            select: config.select.clone(),
        };
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == asked) {
            return Ok(Some(known.clone()));
        }
        let narrowing = asked.narrowing()?;
        if !narrowing.drops_rows() && !narrowing.changes_rows() {
            return Ok(None);
        }
        let narrowing = Arc::new(narrowing);
        self.0.push((asked, narrowing.clone()));
        Ok(Some(narrowing))
    }
}

impl Asked {
    fn narrowing(&self) -> Result<Narrowing, String> {
        let Self { columns, attributes, select } = self;
        Ok(Narrowing {
            columns: *columns,
            allow: attributes.allow.as_ref().map(|keys| keys.iter().cloned().collect()),
            deny: attributes.deny.iter().cloned().collect(),
            drop: select.drop.clone(),
            delete: select.delete.iter().cloned().collect(),
            hash: select.hash.iter().cloned().collect(),
            hashing: Arc::new(KeyedHash::of(select)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use spangate_core::narrow::Pattern;

    use super::*;
    use crate::config::{Component, HashKey, Secret};

    fn exporter() -> Exporter {
        Exporter::new(Component::Builtin("otlp".to_owned()))
    }

    fn hashing(key: &str) -> Exporter {
        let hash = Pattern::parse("user.*").into_iter().collect();
        let hash_key = Some(HashKey::Text(Secret::new(key.to_owned())));
        Exporter { select: Select { hash, hash_key, ..Select::default() }, ..exporter() }
    }

    #[test]
    fn who_may_see_everything_has_none_and_equals_share_one() {
        let mut narrowings = Narrowings::default();
        assert!(narrowings.of(&exporter()).expect("no key").is_none());
        let mut of = |config: &Exporter| narrowings.of(config).expect("a key").expect("narrowed");
        let [one, two, other] = ["0123456789abcdef", "0123456789abcdef", "fedcba9876543210"].map(hashing);
        let [one, two, other] = [of(&one), of(&two), of(&other)];
        assert!(Arc::ptr_eq(&one, &two) && !Arc::ptr_eq(&one, &other));
        assert_eq!(one.hashing.hash(b"x"), two.hashing.hash(b"x"));
        assert_ne!(one.hashing.hash(b"x"), other.hashing.hash(b"x"));
    }

    #[test]
    fn a_key_that_cannot_be_read_is_told_where_it_is_configured() {
        let mut config = hashing("0123456789abcdef");
        config.select.hash_key = Some(HashKey::File("no/such/key".into()));
        let error = Narrowings::default().of(&config).expect_err("no key");
        assert!(error.starts_with("select.hash_key_file: no/such/key"), "{error}");
    }
}
