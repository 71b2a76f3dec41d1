//! Tables whose keys are free: `[resource]` and `[exporters.NAME.settings]`.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use toml::de::DeValue;

use super::super::{
    reader::{Node, Table},
    shapes::string,
    source::Complaint,
};

/// Reads resource attributes. `service.name = "x"` is a nested table to TOML and one dotted attribute here.
pub(super) fn resource(table: &mut Table<'_>) -> BTreeMap<String, toml::Value> {
    let mut attributes = BTreeMap::new();
    for (name, node) in table.take_all() {
        flatten(name, &node, &mut attributes);
    }
    attributes
}

fn flatten(name: String, node: &Node<'_>, attributes: &mut BTreeMap<String, toml::Value>) {
    if matches!(node.value, DeValue::Table(_)) {
        for (key, child) in node.table().map(|mut table| table.take_all()).unwrap_or_default() {
            flatten(format!("{name}.{key}"), &child, attributes);
        }
    } else if let Some(value) = attribute(node) {
        attributes.insert(name, value);
    }
}

fn attribute(node: &Node<'_>) -> Option<toml::Value> {
    match node.value {
        // not a secret even if a variable holds it: it is sent with every span
        DeValue::String(_) => node.text().map(|text| toml::Value::String(text.value)),
        DeValue::Boolean(flag) => Some(toml::Value::Boolean(*flag)),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
            told(node, number, "an integer of 64 bits").map(toml::Value::Integer)
        }
        DeValue::Float(number) => told(node, number.as_str().parse().ok(), "a number").map(toml::Value::Float),
        DeValue::Array(_) => {
            let elements = node.elements("values")?;
            Some(toml::Value::Array(elements.iter().filter_map(attribute).collect()))
        }
        DeValue::Datetime(_) | DeValue::Table(_) => {
            node.expect("a string, number, boolean or list of these", "");
            None
        }
    }
}

/// Reads settings as the JSON that the guest is handed.
pub(super) fn settings(table: &mut Table<'_>) -> serde_json::Map<String, Json> {
    table.take_all().into_iter().filter_map(|(key, node)| Some((key, json(&node)?))).collect()
}

fn json(node: &Node<'_>) -> Option<Json> {
    match node.value {
        DeValue::String(_) => string(node).map(Json::String),
        DeValue::Boolean(flag) => Some(Json::Bool(*flag)),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
            told(node, number, "an integer of 64 bits").map(Json::from)
        }
        DeValue::Float(number) => {
            let number = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
            told(node, number, "a finite number").map(Json::Number)
        }
        DeValue::Datetime(date) => {
            let complaint = Complaint::new("settings are handed over as JSON, which has no dates");
            node.refuse(complaint.help(format!("write it as a string: \"{date}\"")));
            None
        }
        DeValue::Array(_) => Some(Json::Array(node.elements("values")?.iter().filter_map(json).collect())),
        DeValue::Table(_) => node.table().map(|mut table| Json::Object(settings(&mut table))),
    }
}

fn told<T>(node: &Node<'_>, value: Option<T>, wanted: &str) -> Option<T> {
    if value.is_none() {
        node.expect(wanted, "");
    }
    value
}
