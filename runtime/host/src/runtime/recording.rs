//! Turns the configuration of recording into core's types.

use std::sync::Arc;

use spangate_core::{
    attribute::{KeyValue, Value},
    clock::Clock,
    resource::Resource,
    sampler::{AlwaysOff, AlwaysOn, ParentBased, RateLimiting, Sampler, TraceIdRatio},
};

use crate::config::{self, Config};

/// `[resource]`
pub(super) fn resource(config: &Config) -> Resource {
    let attributes = config.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value_of(value)));
    Resource::default().with_attributes(attributes)
}

/// `[sampler]`. A ratio or a rate holds for roots; spans below follow their parent, in this process or another.
pub(super) fn sampler(sampler: config::Sampler, clock: Arc<dyn Clock>) -> Box<dyn Sampler> {
    match sampler {
        config::Sampler::AlwaysOn => Box::new(AlwaysOn),
        config::Sampler::AlwaysOff => Box::new(AlwaysOff),
        config::Sampler::TraceIdRatio { ratio } => Box::new(TraceIdRatio::new(ratio)),
        config::Sampler::ParentBased { ratio } => Box::new(ParentBased::new(TraceIdRatio::new(ratio))),
        config::Sampler::RateLimiting { traces_per_second, initial_balance } => {
            Box::new(RateLimiting::new(traces_per_second, initial_balance, clock))
        }
    }
}

fn value_of(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.clone()),
        toml::Value::Integer(number) => Value::Int(*number),
        toml::Value::Float(number) => Value::Double(*number),
        toml::Value::Boolean(flag) => Value::Bool(*flag),
        toml::Value::Datetime(time) => Value::from(time.to_string()),
        toml::Value::Array(elements) => Value::Array(elements.iter().map(value_of).collect()),
        toml::Value::Table(entries) => Value::KeyValueList(
            entries.iter().map(|(key, value)| KeyValue::new(key.clone(), value_of(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_toml_value_becomes_an_attribute() {
        let text = r#""service.name" = "shop"
            replicas = 3
            share = 0.5
            canary = true
            zones = ["a", "b"]
            host = { name = "n1" }"#;
        let table: toml::Table = text.parse().expect("a table");
        let config = Config { resource: table.into_iter().collect(), ..Config::default() };
        let resource = resource(&config);
        let zones = Value::Array(vec![Value::from("a"), Value::from("b")]);
        for (key, value) in [
            ("service.name", Value::from("shop")),
            ("replicas", Value::Int(3)),
            ("share", Value::Double(0.5)),
            ("canary", Value::Bool(true)),
            ("zones", zones),
            ("host", Value::KeyValueList(vec![KeyValue::new("name", "n1")])),
        ] {
            assert_eq!(resource.get(key), Some(&value), "{key}");
        }
    }
}
