//! What produces the telemetry: OTLP's `Resource`.

use crate::attribute::{Key, KeyValue, Value};

/// The attribute every resource has.
pub const SERVICE_NAME: &str = "service.name";

/// Attributes that hold for everything a process records. Keys are unique.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    attributes: Vec<KeyValue>,
    schema_url: Key,
}

impl Default for Resource {
    /// A resource whose `service.name` is `unknown_service`, as OpenTelemetry's resource conventions ask.
    fn default() -> Self {
        Self { attributes: vec![KeyValue::new(SERVICE_NAME, "unknown_service")], schema_url: Key::default() }
    }
}

impl Resource {
    /// A resource with this `service.name`.
    pub fn new(service_name: impl Into<Key>) -> Self {
        Self::default().with_attribute(SERVICE_NAME, service_name.into())
    }

    /// A resource as somebody else wrote it, with a name or without.
    pub(crate) fn received(attributes: Vec<KeyValue>, schema_url: Key) -> Self {
        Self { attributes, schema_url }
    }

    /// The resource with one more attribute; an attribute of the same key is replaced, an empty key is ignored.
    #[must_use]
    pub fn with_attribute(mut self, key: impl Into<Key>, value: impl Into<Value>) -> Self {
        let attribute = KeyValue::new(key, value);
        match self.attributes.iter_mut().find(|earlier| earlier.key == attribute.key) {
            Some(earlier) => earlier.value = attribute.value,
            None if attribute.key.is_empty() => {}
            None => self.attributes.push(attribute),
        }
        self
    }

    /// The resource with all these attributes, later ones replacing earlier ones.
    #[must_use]
    pub fn with_attributes(self, attributes: impl IntoIterator<Item = KeyValue>) -> Self {
        attributes.into_iter().fold(self, |resource, attribute| resource.with_attribute(attribute.key, attribute.value))
    }

    /// The resource with the URL of the schema its attributes follow.
    #[must_use]
    pub fn with_schema_url(mut self, schema_url: impl Into<Key>) -> Self {
        self.schema_url = schema_url.into();
        self
    }

    /// The attributes, in the order they were first given.
    pub fn attributes(&self) -> &[KeyValue] {
        &self.attributes
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.attributes.iter().find(|attribute| attribute.key == key).map(|attribute| &attribute.value)
    }

    /// The URL of the schema, empty if none.
    pub fn schema_url(&self) -> &str {
        &self.schema_url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_without_a_name_is_unknown_and_a_later_name_replaces_an_earlier_one() {
        assert_eq!(Resource::default().get("service.name"), Some(&Value::from("unknown_service")));
        let resource = Resource::new("shop").with_attributes([
            KeyValue::new("zone", "a"),
            KeyValue::new("service.name", "checkout"),
            KeyValue::new("", "nameless"),
        ]);
        let expected = [KeyValue::new("service.name", "checkout"), KeyValue::new("zone", "a")];
        assert_eq!(resource.attributes(), expected);
    }
}
