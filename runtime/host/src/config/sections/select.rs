//! `[exporters.NAME.select]`: what is made of a batch before the exporter sees it.

use spangate_core::narrow::{DropRule, Pattern, RuleStatus, RuleValue};
use toml::de::DeValue;

use super::super::{
    model::{HashKey, Select},
    reader::{Node, Table},
    secrets::Secret,
    shapes::{existing_file, list, one_word, string},
    source::Complaint,
};

/// The most patterns of one list: each attribute is compared with all that end in `*`.
const MAX_PATTERNS: usize = 1024;
/// The most rules: each row is compared with all of them.
const MAX_RULES: usize = 256;

const STATUSES: [(&str, RuleStatus); 3] =
    [("unset", RuleStatus::Unset), ("ok", RuleStatus::Ok), ("error", RuleStatus::Error)];

/// Reads what is dropped, deleted and hashed. Nothing is by default.
pub(super) fn select(table: &mut Table<'_>) -> Select {
    let drop = table.optional("drop", list("rules", MAX_RULES, rule));
    let [delete, hash] = ["delete", "hash"].map(|key| table.optional(key, keys).unwrap_or_default());
    let hash_key = hash_key(table);
    if hash.is_empty()
        && let Some(node) = table.node("hash_key").or_else(|| table.node("hash_key_file"))
    {
        let complaint = Complaint::new("there is nothing to hash with this key");
        node.refuse(complaint.help("name the attributes: `hash = [\"user.id\"]`"));
    }
    Select { drop: drop.unwrap_or_default(), delete, hash, hash_key }
}

/// Keys of attributes, exact or by their beginning.
pub(super) fn keys(node: &Node<'_>) -> Option<Vec<Pattern>> {
    list("keys", MAX_PATTERNS, pattern)(node)
}

fn pattern(node: &Node<'_>) -> Option<Pattern> {
    let pattern = Pattern::parse(&string(node)?);
    if pattern.is_none() {
        let complaint = Complaint::new(format!("{} is not a name or the beginning of one", node.found()));
        node.refuse(complaint.allowed("as in \"http.route\", or with one `*` at its end, as in \"http.*\""));
    }
    pattern
}

fn rule(node: &Node<'_>) -> Option<DropRule> {
    let mut table = node.table()?;
    let rule = DropRule {
        name: table.optional("name", pattern),
        status: table.optional("status", one_word(&STATUSES)),
        attributes: table.section("attributes", conditions),
        resource: table.section("resource", conditions),
    };
    table.finish();
    if !says_something(node) {
        let complaint = Complaint::new("this rule says nothing: it would drop everything");
        node.refuse(complaint.help("say what the rows have in common: `{ name = \"GET /health\" }`"));
    }
    Some(rule)
}

/// Whether there is a condition, right or wrong: a wrong one is told about by itself.
fn says_something(node: &Node<'_>) -> bool {
    let is_empty = |value: &DeValue<'_>| matches!(value, DeValue::Table(entries) if entries.is_empty());
    matches!(node.value, DeValue::Table(entries) if entries.values().any(|value| !is_empty(value.get_ref())))
}

/// Keys and values of attributes. `http.route = "x"` is a nested table to TOML and one dotted key here.
fn conditions(table: &mut Table<'_>) -> Vec<(String, RuleValue)> {
    let mut conditions = Vec::new();
    for (key, node) in table.take_all() {
        flatten(key, &node, &mut conditions);
    }
    conditions
}

fn flatten(key: String, node: &Node<'_>, conditions: &mut Vec<(String, RuleValue)>) {
    if matches!(node.value, DeValue::Table(entries) if !entries.is_empty()) {
        for (inner, child) in node.table().map(|mut table| table.take_all()).unwrap_or_default() {
            flatten(format!("{key}.{inner}"), &child, conditions);
        }
    } else if let Some(value) = value(node) {
        conditions.push((key, value));
    }
}

fn value(node: &Node<'_>) -> Option<RuleValue> {
    match node.value {
        DeValue::String(_) => match string(node)?.as_str() {
            "*" => Some(RuleValue::Any),
            "" => Some(RuleValue::Text(Pattern::Exact(String::new()))),
            _ => pattern(node).map(RuleValue::Text),
        },
        DeValue::Boolean(flag) => Some(RuleValue::Bool(*flag)),
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
            if number.is_none() {
                node.expect("an integer of 64 bits", "");
            }
            number.map(RuleValue::Int)
        }
        DeValue::Float(number) => number.as_str().parse().ok().map(RuleValue::Double),
        _ => {
            node.expect("a string, number or boolean", "");
            None
        }
    }
}

/// One or the other, or none.
fn hash_key(table: &mut Table<'_>) -> Option<HashKey> {
    let text = table.optional("hash_key", |node| {
        let key = string(node)?;
        node.reader.found.borrow_mut().secrets.add(&key, "(secret)");
        if key.len() < HashKey::MIN_LEN {
            let message = format!("a key of {} bytes can be guessed: at least {}", key.len(), HashKey::MIN_LEN);
            node.refuse(Complaint::new(message).help("`openssl rand -hex 32` makes one"));
        }
        Some(HashKey::Text(Secret::new(key)))
    });
    let file = table.optional("hash_key_file", |node| {
        if text.is_some() {
            let complaint = Complaint::new("there is a `hash_key` in this table too");
            node.refuse(complaint.help("keep one of them"));
        }
        existing_file(node).map(HashKey::File)
    });
    text.or(file)
}
