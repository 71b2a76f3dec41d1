//! What exporters are not to see, as `spangate check` shows it, and what is wrong with it.

use spangate::{
    KeyedHash,
    config::{Config, Document, Exporter, Problem},
};
use spangate_core::{
    columns::{Column, ColumnSet},
    narrow::Pattern,
};

use crate::{paint::Paint, table::Table};

/// Reads the keys as `run` would: what cannot be used, and what somebody should know.
pub(crate) fn check(document: &Document) -> (Vec<Problem>, Vec<String>) {
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    for (name, exporter) in &document.config.exporters {
        let select = &exporter.select;
        if let Err(error) = KeyedHash::of(select) {
            problems.push(document.problem(&format!("exporters.{name}.select.hash_key_file"), &error, None));
        }
        if !select.hash.is_empty() && select.hash_key.is_none() {
            let said = "hashed without `hash_key`: whoever can guess a value can recognise it";
            warnings.push(format!("exporters.{name}.select.hash: {said}"));
        }
    }
    (problems, warnings)
}

/// A table of the exporters that may not see everything; empty if there is none. Secrets are taken out.
pub(crate) fn text(config: &Config, page: usize, paint: Paint) -> String {
    let mut table = Table::new(&["exporter", "columns", "attributes", "select"]);
    let mut is_empty = true;
    for (name, exporter) in &config.exporters {
        let cells = [columns(exporter.grants.columns), attributes(exporter), select(exporter)];
        if cells.iter().any(|cell| cell != "all") {
            is_empty = false;
            table.row([name.clone()].into_iter().chain(cells));
        }
    }
    if is_empty { String::new() } else { config.secrets.redact(&table.render(page, paint)).into_owned() }
}

/// Those that are granted, or those that are not, whichever are fewer.
fn columns(granted: ColumnSet) -> String {
    let names = |is_listed: bool| {
        let listed = Column::ALL.into_iter().filter(|column| granted.contains(*column) == is_listed);
        listed.map(Column::as_str).collect::<Vec<_>>()
    };
    match (names(true), names(false)) {
        (_, missing) if missing.is_empty() => "all".to_owned(),
        (granted, _) if granted.is_empty() => "none".to_owned(),
        (granted, missing) if missing.len() < granted.len() => format!("not {}", missing.join(", ")),
        (granted, _) => granted.join(", "),
    }
}

fn attributes(exporter: &Exporter) -> String {
    let grant = &exporter.grants.attributes;
    let allowed = match &grant.allow {
        None => "all".to_owned(),
        Some(keys) if keys.is_empty() => "none".to_owned(),
        Some(keys) => texts(keys),
    };
    if grant.deny.is_empty() { allowed } else { format!("{allowed} but {}", texts(&grant.deny)) }
}

fn select(exporter: &Exporter) -> String {
    let select = &exporter.select;
    let mut parts = Vec::new();
    match select.drop.len() {
        0 => {}
        1 => parts.push("drops by 1 rule".to_owned()),
        rules => parts.push(format!("drops by {rules} rules")),
    }
    if !select.delete.is_empty() {
        parts.push(format!("deletes {}", texts(&select.delete)));
    }
    if !select.hash.is_empty() {
        let key = if select.hash_key.is_some() { "with a key" } else { "without a key" };
        parts.push(format!("hashes {} {key}", texts(&select.hash)));
    }
    if parts.is_empty() { "all".to_owned() } else { parts.join("; ") }
}

fn texts(keys: &[Pattern]) -> String {
    keys.iter().map(|key| key.to_string().escape_debug().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_told_by_the_shorter_list() {
        assert_eq!(columns(ColumnSet::ALL), "all");
        assert_eq!(columns(ColumnSet::NONE), "none");
        assert_eq!(columns(ColumnSet::ALL.without(Column::Body).without(Column::Name)), "not name, body");
        assert_eq!(columns([Column::Kind, Column::Name].into_iter().collect()), "name, kind");
    }
}
