//! Which rows are left out for an exporter.

use super::Pattern;
use crate::{
    columns::{AttributeRow, Columns, Owner, join_words, kind, owned, pair},
    signal::Signal,
};

/// Rows for which all of this is true. A rule without conditions is true of every row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DropRule {
    /// The span's or event's name.
    pub name: Option<Pattern>,
    /// The span's status. True of no event; a started span's is unset.
    pub status: Option<RuleStatus>,
    /// Attributes of the row: each key has to be there with such a value.
    pub attributes: Vec<(String, RuleValue)>,
    /// Attributes of its resource.
    pub resource: Vec<(String, RuleValue)>,
}

/// OTLP's `StatusCode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RuleStatus {
    Unset,
    Ok,
    Error,
}

/// What an attribute's value has to be.
#[derive(Clone, Debug, PartialEq)]
pub enum RuleValue {
    /// Whatever it is, of whatever type.
    Any,
    /// A text like this.
    Text(Pattern),
    /// This.
    Bool(bool),
    /// This number, as an integer or as a double.
    Int(i64),
    /// This double.
    Double(f64),
}

impl DropRule {
    /// Whether everything is true of a row.
    pub(super) fn matches(&self, signal: Signal, columns: &Columns, row: usize) -> bool {
        let (names, owner, scopes) = match signal {
            Signal::Spans | Signal::StartedSpans => (&columns.spans.name, Owner::Span, &columns.spans.scope),
            Signal::Events => (&columns.events.name, Owner::Event, &columns.events.scope),
        };
        self.name.as_ref().is_none_or(|name| name.matches(columns.text_at(pair(names, row))))
            && self.status.is_none_or(|status| has_status(signal, columns, row, status))
            && has_all(&self.attributes, columns, owner, Some(row))
            && has_all(&self.resource, columns, Owner::Resource, resource_of(columns, scopes.get(row)))
    }
}

fn has_status(signal: Signal, columns: &Columns, row: usize, status: RuleStatus) -> bool {
    let code = match signal {
        Signal::Spans | Signal::StartedSpans => columns.spans.status_code.get(row),
        Signal::Events => None,
    };
    code == Some(&(status as u8))
}

fn resource_of(columns: &Columns, scope: Option<&u32>) -> Option<usize> {
    columns.scopes.resource.get(*scope? as usize).map(|resource| *resource as usize)
}

fn has_all(conditions: &[(String, RuleValue)], columns: &Columns, owner: Owner, row: Option<usize>) -> bool {
    let has = |(key, wanted): &(String, RuleValue)| {
        let table = columns.attributes_of(owner);
        let rows = row.map_or(0..0, |row| owned(&table.end, row));
        let found = rows.map(|row| table.row(row)).filter(|attribute| columns.text_at(attribute.key) == key);
        found.into_iter().any(|attribute| wanted.matches(columns, attribute))
    };
    conditions.iter().all(has)
}

impl RuleValue {
    fn matches(&self, columns: &Columns, found: AttributeRow) -> bool {
        let double = || f64::from_bits(join_words(found.value));
        match self {
            Self::Any => true,
            Self::Text(pattern) => found.kind == kind::STRING && pattern.matches(columns.text_at(found.value)),
            Self::Bool(wanted) => found.kind == kind::BOOL && (found.value[0] != 0) == *wanted,
            Self::Int(wanted) => match found.kind {
                kind::INT => join_words(found.value).cast_signed() == *wanted,
                kind::DOUBLE => double() == *wanted as f64,
                _ => false,
            },
            Self::Double(wanted) => found.kind == kind::DOUBLE && double() == *wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        attribute::{KeyValue, Value},
        columns::ColumnsBuilder,
    };

    /// A span of a resource with `service.name = "shop"`, and an event of the same.
    fn columns(status: u8, attributes: &[(&str, Value)]) -> Columns {
        let mut columns = ColumnsBuilder::default();
        let name = columns.push_text("GET /health");
        columns.spans.name.extend(name);
        columns.spans.status_code.push(status);
        columns.spans.scope.push(0);
        columns.events.name.extend(name);
        columns.events.scope.push(0);
        columns.scopes.resource.push(0);
        for (key, value) in attributes {
            for owner in [Owner::Span, Owner::Event] {
                columns.push_attribute(owner, &KeyValue::new((*key).to_owned(), value.clone()));
            }
        }
        columns.push_attribute(Owner::Resource, &KeyValue::new("service.name".to_owned(), Value::from("shop")));
        [Owner::Span, Owner::Event, Owner::Resource].into_iter().for_each(|owner| columns.end_attributes(owner));
        columns.freeze()
    }

    fn name(text: &str) -> Option<Pattern> {
        Some(Pattern::parse(text).expect("a pattern"))
    }

    fn text(text: &str) -> RuleValue {
        RuleValue::Text(Pattern::parse(text).expect("a pattern"))
    }

    #[test]
    fn every_condition_of_a_rule_has_to_be_true() {
        let columns = columns(2, &[("a", Value::from("x"))]);
        let drops = |rule: DropRule| rule.matches(Signal::Spans, &columns, 0);
        let rule = DropRule { name: name("GET /*"), status: Some(RuleStatus::Error), ..DropRule::default() };
        assert!(drops(DropRule::default()) && drops(rule.clone()));
        assert!(!drops(DropRule { name: name("POST*"), ..rule.clone() }));
        assert!(!drops(DropRule { status: Some(RuleStatus::Ok), ..rule.clone() }));
        let attribute = |value| DropRule { attributes: vec![("a".to_owned(), value)], ..rule.clone() };
        assert!(drops(attribute(text("x"))) && drops(attribute(RuleValue::Any)));
        assert!(!drops(attribute(text("y"))));
        let both = vec![("a".to_owned(), RuleValue::Any), ("b".to_owned(), RuleValue::Any)];
        assert!(!drops(DropRule { attributes: both, ..rule.clone() }));
        let resource = |key: &str, value| DropRule { resource: vec![(key.to_owned(), value)], ..rule.clone() };
        assert!(drops(resource("service.name", text("sh*"))));
        assert!(!drops(resource("service.name", text("bank"))) && !drops(resource("a", RuleValue::Any)));
    }

    #[test]
    fn a_status_is_a_spans_and_an_events_row_is_looked_at_where_events_are() {
        let columns = columns(0, &[]);
        let unset = DropRule { status: Some(RuleStatus::Unset), ..DropRule::default() };
        assert!(unset.matches(Signal::Spans, &columns, 0) && unset.matches(Signal::StartedSpans, &columns, 0));
        assert!(!unset.matches(Signal::Events, &columns, 0));
        let named = DropRule { name: name("GET /health"), ..DropRule::default() };
        assert!(named.matches(Signal::Events, &columns, 0));
        let of_resource = vec![("service.name".to_owned(), text("shop"))];
        assert!(DropRule { resource: of_resource, ..named }.matches(Signal::Events, &columns, 0));
    }

    #[test]
    fn a_value_is_compared_by_its_type() {
        let values = [
            ("text", Value::from("1")),
            ("bool", Value::Bool(true)),
            ("int", Value::Int(-1)),
            ("double", Value::Double(-1.0)),
            ("bytes", Value::Bytes(b"1".to_vec())),
            ("list", Value::Array(vec![Value::from("1")])),
            ("empty", Value::Empty),
        ];
        let columns = columns(0, &values);
        let like = |wanted: &RuleValue| {
            let is_like = |(key, _): &&(&str, Value)| {
                let rule = DropRule { attributes: vec![((*key).to_owned(), wanted.clone())], ..DropRule::default() };
                rule.matches(Signal::Spans, &columns, 0)
            };
            values.iter().filter(is_like).map(|(key, _)| *key).collect::<Vec<_>>()
        };
        assert_eq!(like(&RuleValue::Any).len(), values.len());
        assert_eq!(like(&text("1")), ["text"]);
        assert_eq!(like(&text("*")), ["text"]);
        assert_eq!(like(&RuleValue::Bool(true)), ["bool"]);
        assert_eq!(like(&RuleValue::Int(-1)), ["int", "double"]);
        assert_eq!(like(&RuleValue::Double(-1.0)), ["double"]);
        assert!(like(&RuleValue::Bool(false)).is_empty() && like(&RuleValue::Int(1)).is_empty());
    }

    #[test]
    fn a_key_that_is_there_twice_counts_with_either_value() {
        let columns = columns(0, &[("a", Value::Int(1)), ("a", Value::Int(2))]);
        for wanted in [1, 2] {
            let rule = DropRule { attributes: vec![("a".to_owned(), RuleValue::Int(wanted))], ..DropRule::default() };
            assert!(rule.matches(Signal::Spans, &columns, 0));
        }
    }
}
