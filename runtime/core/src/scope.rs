//! Which part of a program records: OTLP's `InstrumentationScope`.

use std::sync::Arc;

use crate::{
    attribute::{Key, KeyValue},
    resource::Resource,
};

/// A library or module that records telemetry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InstrumentationScope {
    /// Its name, usually that of a crate.
    pub name: Key,
    /// Its version, empty if unknown.
    pub version: Key,
    /// The schema its telemetry follows, empty if none.
    pub schema_url: Key,
    /// What else is to be said about it.
    pub attributes: Vec<KeyValue>,
}

impl InstrumentationScope {
    /// A scope of this name, without a version.
    pub fn new(name: impl Into<Key>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The scope with a version.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<Key>) -> Self {
        self.version = version.into();
        self
    }
}

/// Where a span or event was recorded. Shared by everything one tracer records, and compared by address.
#[derive(Debug)]
pub struct Origin {
    /// The process.
    pub resource: Arc<Resource>,
    /// The part of it.
    pub scope: InstrumentationScope,
}

impl Origin {
    /// Bytes in columns: one row of the resource table and one of the scope table, with their attributes.
    pub(crate) fn size(&self) -> usize {
        const RESOURCE_ROW_BYTES: usize = 8 + 4 + 4;
        const SCOPE_ROW_BYTES: usize = 8 + 8 + 8 + 4 + 4 + 4;
        const ATTRIBUTE_ROW_BYTES: usize = 8 + 1 + 8;
        let Self { resource, scope } = self;
        let attributes = resource.attributes().iter().chain(&scope.attributes);
        RESOURCE_ROW_BYTES
            + SCOPE_ROW_BYTES
            + [&scope.name, &scope.version, &scope.schema_url].map(|text| text.len()).iter().sum::<usize>()
            + resource.schema_url().len()
            + attributes.map(|each| ATTRIBUTE_ROW_BYTES + each.key.len() + each.value.size()).sum::<usize>()
    }
}
