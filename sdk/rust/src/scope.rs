//! Who recorded a row, and in which process: OpenTelemetry's instrumentation scope and resource.

use crate::columns::{Owner, at};
use crate::{Attributes, Batch};

/// An instrumentation scope.
#[derive(Clone, Copy)]
pub struct ScopeView<'a> {
    batch: &'a Batch,
    row: usize,
}

impl<'a> ScopeView<'a> {
    #[inline]
    pub(crate) fn new(batch: &'a Batch, row: usize) -> Self {
        Self { batch, row }
    }

    /// Its row: the same for all spans or events of one scope in a batch.
    #[inline]
    pub fn row(&self) -> usize {
        self.row
    }

    /// Name of the instrumentation library; may be empty.
    pub fn name(&self) -> &'a str {
        self.batch.text_at(self.batch.shared_columns().scope_names(), self.row)
    }

    /// Version of the instrumentation library; may be empty.
    pub fn version(&self) -> &'a str {
        self.batch.text_at(self.batch.shared_columns().scope_versions(), self.row)
    }

    /// Schema of the spans or events in it; may be empty.
    pub fn schema_url(&self) -> &'a str {
        self.batch.text_at(self.batch.shared_columns().scope_schema_urls(), self.row)
    }

    /// Attributes dropped before they came here.
    pub fn dropped_attributes(&self) -> u32 {
        at(self.batch.shared_columns().scope_dropped_attributes(), self.row)
    }

    /// Its attributes.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.batch, Owner::Scope, self.row)
    }

    /// The resource it belongs to.
    #[inline]
    pub fn resource(&self) -> ResourceView<'a> {
        let row = at(self.batch.shared_columns().scope_resources(), self.row) as usize;
        ResourceView { batch: self.batch, row }
    }
}

/// A resource: what produced the telemetry.
#[derive(Clone, Copy)]
pub struct ResourceView<'a> {
    batch: &'a Batch,
    row: usize,
}

impl<'a> ResourceView<'a> {
    /// Its row: the same for all spans or events of one resource in a batch.
    #[inline]
    pub fn row(&self) -> usize {
        self.row
    }

    /// The attribute `service.name`, if it is a string.
    pub fn service_name(&self) -> Option<&'a str> {
        self.attributes().text("service.name")
    }

    /// Schema of the resource; may be empty.
    pub fn schema_url(&self) -> &'a str {
        self.batch.text_at(self.batch.shared_columns().resource_schema_urls(), self.row)
    }

    /// Attributes dropped before they came here.
    pub fn dropped_attributes(&self) -> u32 {
        at(self.batch.shared_columns().resource_dropped_attributes(), self.row)
    }

    /// Its attributes.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes::new(self.batch, Owner::Resource, self.row)
    }
}
