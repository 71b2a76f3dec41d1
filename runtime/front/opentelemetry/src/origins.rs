//! The scopes that spans came from so far.
//!
//! Constraints: looked up for every span, by all threads at once, so that a look writes no memory and waits for nobody;
//! spans of one scope must share one [`Origin`], by which the intake knows them; programs that make up scopes must not
//! fill the memory.
//!
//! Design: a list that only grows, as far as a bound. Programs have a handful of scopes.

use std::sync::{Arc, OnceLock};

use opentelemetry_sdk::Resource as SdkResource;
use spangate_core::{
    attribute::KeyValue,
    resource::Resource,
    scope::{InstrumentationScope, Origin},
};

use crate::attributes::{attribute_of, value_of};

/// Scopes that are kept. A span of a further one brings its own.
pub(crate) const MAX_SCOPES: usize = 256;

/// Scopes with the one resource they are of.
pub(crate) struct Origins {
    resource: Arc<Resource>,
    first: Link,
}

type Link = OnceLock<Box<Node>>;

struct Node {
    scope: opentelemetry::InstrumentationScope,
    origin: Arc<Origin>,
    next: Link,
}

impl Origins {
    pub(crate) fn new(resource: Arc<Resource>) -> Self {
        Self { resource, first: Link::new() }
    }

    /// The origin of a scope. None if there are too many: see [`Self::make`].
    #[inline]
    pub(crate) fn find(&self, scope: &opentelemetry::InstrumentationScope) -> Option<&Arc<Origin>> {
        let mut link = &self.first;
        for _ in 0..MAX_SCOPES {
            let node = link.get_or_init(|| {
                Box::new(Node { scope: scope.clone(), origin: Arc::new(self.make(scope)), next: Link::new() })
            });
            if node.scope == *scope {
                return Some(&node.origin);
            }
            link = &node.next;
        }
        None
    }

    /// An origin that nobody else shares.
    pub(crate) fn make(&self, scope: &opentelemetry::InstrumentationScope) -> Origin {
        let own = |text: Option<&str>| text.unwrap_or_default().to_owned().into();
        let scope = InstrumentationScope {
            name: own(Some(scope.name())),
            version: own(scope.version()),
            schema_url: own(scope.schema_url()),
            attributes: scope.attributes().cloned().map(attribute_of).collect(),
        };
        Origin { resource: self.resource.clone(), scope }
    }
}

/// The SDK keeps a resource's attributes in no order: here they are sorted, so that two starts say the same.
pub(crate) fn resource_of(resource: &SdkResource) -> Resource {
    let own = |(key, value): (&opentelemetry::Key, &opentelemetry::Value)| {
        KeyValue::new(key.as_str().to_owned(), value_of(value.clone()))
    };
    let mut attributes: Vec<_> = resource.iter().map(own).collect();
    attributes.sort_by(|one, other| one.key.cmp(&other.key));
    let schema_url = resource.schema_url().unwrap_or_default().to_owned();
    Resource::default().with_attributes(attributes).with_schema_url(schema_url)
}
