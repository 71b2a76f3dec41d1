//! What an exporter sees under a narrowing, against an oracle that filters requests of the generated library: narrowing
//! columns and encoding them is encoding and then filtering.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message;
use spangate_core::batch::{Batch, BatchId};
use spangate_core::columns::{Column, ColumnSet};
use spangate_core::narrow::{AttributeHash, DropRule, Narrowing, Pattern, Rest, RuleStatus, RuleValue};
use spangate_core::otlp::{self, ScanLimits};
use spangate_core::signal::Signal;

use crate::arbitrary::{any_double, logs_request, trace_request};
use crate::normal::{self, is_valid_event, is_valid_span, retain_events, retain_spans};

/// What there is of it in a configuration.
#[derive(Clone, Debug)]
struct Wish {
    columns: u32,
    allow: Option<Vec<String>>,
    deny: Vec<String>,
    delete: Vec<String>,
    hash: Vec<String>,
    drop: Vec<Drop>,
}

#[derive(Clone, Debug)]
struct Drop {
    name: Option<String>,
    status: Option<u8>,
    /// A key that has to be there.
    attribute: Option<String>,
    resource: Option<String>,
}

/// Beginnings that a good part of the arbitrary names and keys have.
fn prefix() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-z.]", 1 => Just(String::new()), 1 => Just("a\"".to_owned())].prop_map(|text| text + "*")
}

fn wishes() -> impl Strategy<Value = Wish> {
    let exact_or_prefix = || prop_oneof![3 => prefix(), 1 => "[a-z.]{1,2}"];
    let patterns = move || vec(exact_or_prefix(), 0..5);
    let status = option::weighted(0.2, 0u8..3);
    let key = || option::weighted(0.2, "[a-z.]{1,2}");
    let drop = (option::weighted(0.7, prefix()), status, key(), key())
        .prop_map(|(name, status, attribute, resource)| Drop { name, status, attribute, resource });
    let columns = prop_oneof![Just(u32::MAX), any::<u32>(), any::<[u32; 2]>().prop_map(|[a, b]| a | b)];
    let allow = option::weighted(0.3, vec(prefix(), 0..9));
    (columns, allow, patterns(), patterns(), patterns(), vec(drop, 0..3))
        .prop_map(|(columns, allow, deny, delete, hash, drop)| Wish { columns, allow, deny, delete, hash, drop })
}

/// Thirty-two bytes that tell most values apart.
#[derive(Debug)]
struct Folded;

fn fold(value: &[u8]) -> [u8; 32] {
    let mut folded = [0x5a_u8; 32];
    for (at, byte) in value.iter().enumerate() {
        folded[at % 32] = folded[at % 32].wrapping_mul(31).wrapping_add(*byte).wrapping_add(1);
    }
    folded
}

impl AttributeHash for Folded {
    fn hash(&self, value: &[u8]) -> [u8; 32] {
        fold(value)
    }
}

impl Wish {
    fn grants(&self, column: Column) -> bool {
        self.columns >> (column as u32) & 1 == 1
    }

    fn narrowing(&self) -> Arc<Narrowing> {
        let patterns = |texts: &[String]| texts.iter().map(|text| Pattern::parse(text).expect("a pattern")).collect();
        let status = |code: u8| [RuleStatus::Unset, RuleStatus::Ok, RuleStatus::Error][usize::from(code)];
        let is_there = |key: &Option<String>| key.iter().map(|key| (key.clone(), RuleValue::Any)).collect();
        let rule = |drop: &Drop| DropRule {
            name: drop.name.as_ref().and_then(|name| Pattern::parse(name)),
            status: drop.status.map(status),
            attributes: is_there(&drop.attribute),
            resource: is_there(&drop.resource),
        };
        Arc::new(Narrowing {
            columns: Column::ALL.into_iter().filter(|column| self.grants(*column)).collect::<ColumnSet>(),
            allow: self.allow.as_deref().map(patterns),
            deny: patterns(&self.deny),
            drop: self.drop.iter().map(rule).collect(),
            delete: patterns(&self.delete),
            hash: patterns(&self.hash),
            hashing: Arc::new(Folded),
        })
    }

    fn drops(&self, name: &str, code: Option<i32>, attributes: &[KeyValue], resource: &[KeyValue]) -> bool {
        let has = |key: &Option<String>, of: &[KeyValue]| {
            key.as_ref().is_none_or(|key| of.iter().any(|attribute| attribute.key == *key))
        };
        self.drop.iter().any(|drop| {
            drop.name.as_ref().is_none_or(|pattern| is_like(pattern, name))
                && drop.status.is_none_or(|wanted| code == Some(i32::from(wanted)))
                && has(&drop.attribute, attributes)
                && has(&drop.resource, resource)
        })
    }

    fn filter(&self, column: Column, attributes: &mut Vec<KeyValue>) {
        let matches = |patterns: &[String], key: &str| patterns.iter().any(|pattern| is_like(pattern, key));
        let is_granted = |key: &str| {
            let is_allowed = self.allow.as_ref().is_none_or(|allow| matches(allow, key));
            is_allowed && !matches(&self.deny, key) && !matches(&self.delete, key)
        };
        attributes.retain(|attribute| self.grants(column) && is_granted(&attribute.key));
        for attribute in attributes.iter_mut().filter(|attribute| matches(&self.hash, &attribute.key)) {
            let bytes = attribute.value.as_ref().and_then(|value| value.value.as_ref()).map_or(vec![], value_bytes);
            let digits = fold(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            attribute.value = Some(AnyValue { value: Some(Value::StringValue(digits)) });
        }
    }

    fn filter_spans(&self, request: &mut ExportTraceServiceRequest) {
        let mut is_dropped = Vec::new();
        for resource in &request.resource_spans {
            let of_resource = resource.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                let code = span.status.as_ref().map_or(0, |status| status.code);
                is_dropped.push(self.drops(&span.name, Some(code), &span.attributes, of_resource));
            }
        }
        retain_spans(request, |row, _| !is_dropped[row]);
        for resource in &mut request.resource_spans {
            resource.resource.iter_mut().for_each(|it| self.filter(Column::Resource, &mut it.attributes));
            self.clear(Column::Resource, &mut resource.schema_url);
            for scope in &mut resource.scope_spans {
                self.clear(Column::Scope, &mut scope.schema_url);
                if let Some(it) = &mut scope.scope {
                    self.clear(Column::Scope, &mut it.name);
                    self.clear(Column::Scope, &mut it.version);
                    self.filter(Column::Scope, &mut it.attributes);
                }
                scope.spans.iter_mut().for_each(|span| self.filter_span(span));
            }
        }
    }

    fn clear<T: Default>(&self, column: Column, field: &mut T) {
        if !self.grants(column) {
            *field = T::default();
        }
    }

    fn filter_span(&self, span: &mut Span) {
        self.clear(Column::TraceId, &mut span.trace_id);
        self.clear(Column::SpanId, &mut span.span_id);
        self.clear(Column::ParentSpanId, &mut span.parent_span_id);
        self.clear(Column::TraceState, &mut span.trace_state);
        self.clear(Column::Flags, &mut span.flags);
        self.clear(Column::Name, &mut span.name);
        self.clear(Column::Kind, &mut span.kind);
        self.clear(Column::Time, &mut span.start_time_unix_nano);
        self.clear(Column::Time, &mut span.end_time_unix_nano);
        self.clear(Column::SpanEvents, &mut span.events);
        self.clear(Column::SpanLinks, &mut span.links);
        if let Some(Status { code, message }) = &mut span.status {
            self.clear(Column::StatusCode, code);
            self.clear(Column::StatusMessage, message);
        }
        self.filter(Column::Attributes, &mut span.attributes);
        for event in &mut span.events {
            self.clear(Column::Name, &mut event.name);
            self.clear(Column::Time, &mut event.time_unix_nano);
            self.filter(Column::Attributes, &mut event.attributes);
        }
        for link in &mut span.links {
            self.clear(Column::TraceId, &mut link.trace_id);
            self.clear(Column::SpanId, &mut link.span_id);
            self.clear(Column::TraceState, &mut link.trace_state);
            self.clear(Column::Flags, &mut link.flags);
            self.filter(Column::Attributes, &mut link.attributes);
        }
    }

    fn filter_events(&self, request: &mut ExportLogsServiceRequest) {
        let mut is_dropped = Vec::new();
        for resource in &request.resource_logs {
            let of_resource = resource.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
            for record in resource.scope_logs.iter().flat_map(|scope| &scope.log_records) {
                is_dropped.push(self.drops(&record.event_name, None, &record.attributes, of_resource));
            }
        }
        retain_events(request, |row, _| !is_dropped[row]);
        for resource in &mut request.resource_logs {
            resource.resource.iter_mut().for_each(|it| self.filter(Column::Resource, &mut it.attributes));
            self.clear(Column::Resource, &mut resource.schema_url);
            for scope in &mut resource.scope_logs {
                self.clear(Column::Scope, &mut scope.schema_url);
                if let Some(it) = &mut scope.scope {
                    self.clear(Column::Scope, &mut it.name);
                    self.clear(Column::Scope, &mut it.version);
                    self.filter(Column::Scope, &mut it.attributes);
                }
                scope.log_records.iter_mut().for_each(|record| self.filter_record(record));
            }
        }
    }

    fn filter_record(&self, record: &mut LogRecord) {
        self.clear(Column::TraceId, &mut record.trace_id);
        self.clear(Column::SpanId, &mut record.span_id);
        self.clear(Column::Flags, &mut record.flags);
        self.clear(Column::Name, &mut record.event_name);
        self.clear(Column::Time, &mut record.time_unix_nano);
        self.clear(Column::Time, &mut record.observed_time_unix_nano);
        self.clear(Column::Severity, &mut record.severity_number);
        self.clear(Column::Severity, &mut record.severity_text);
        self.clear(Column::Body, &mut record.body);
        self.filter(Column::Attributes, &mut record.attributes);
    }
}

fn is_like(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |prefix| name.starts_with(prefix))
}

/// What is hashed of a value.
fn value_bytes(value: &Value) -> Vec<u8> {
    let part = |kind: u8, bytes: Vec<u8>| [vec![kind], (bytes.len() as u64).to_le_bytes().to_vec(), bytes].concat();
    let element = |value: Option<&AnyValue>| match value.and_then(|value| value.value.as_ref()) {
        None => part(0, vec![]),
        Some(value) => part(kind_of(value), value_bytes(value)),
    };
    match value {
        Value::StringValue(text) => text.clone().into_bytes(),
        Value::BytesValue(bytes) => bytes.clone(),
        Value::BoolValue(bool) => vec![u8::from(*bool)],
        Value::IntValue(int) => int.to_le_bytes().to_vec(),
        Value::DoubleValue(double) => double.to_le_bytes().to_vec(),
        Value::ArrayValue(array) => array.values.iter().flat_map(|value| element(Some(value))).collect(),
        Value::KvlistValue(list) => {
            let entry = |it: &KeyValue| [part(255, it.key.clone().into_bytes()), element(it.value.as_ref())].concat();
            list.values.iter().flat_map(entry).collect()
        }
        other => panic!("no value of ours: {other:?}"),
    }
}

fn kind_of(value: &Value) -> u8 {
    match value {
        Value::StringValue(_) => 1,
        Value::BoolValue(_) => 2,
        Value::IntValue(_) => 3,
        Value::DoubleValue(_) => 4,
        Value::ArrayValue(_) => 5,
        Value::KvlistValue(_) => 6,
        Value::BytesValue(_) => 7,
        other => panic!("no value of ours: {other:?}"),
    }
}

/// The request as a batch that was received and as one that was recorded. None if no row of it is valid.
fn batches(signal: Signal, request: &impl Message) -> Option<[Batch; 2]> {
    let scanned = otlp::scan(signal, request.encode_to_vec().into(), &ScanLimits::default());
    let request = scanned.expect("a well-formed request").request;
    let recorded = (request.rows() > 0).then(|| request.decode())?;
    let id = BatchId([1; 16]);
    Some([Batch::received(id, signal, request, [].into()), Batch::recorded(id, signal, recorded, [].into())])
}

/// Compared as bytes because NaN is not equal to itself. A batch whose rows are all dropped is no request.
fn check<T: Message + Default + std::fmt::Debug>(batch: &Batch, narrowing: &Arc<Narrowing>, expected: &T) {
    let shown = batch.show(narrowing);
    let Some(seen) = shown.batch() else {
        assert!(matches!(shown.rest(), Rest::Nothing));
        assert!(expected.encode_to_vec().is_empty(), "no row is left");
        return;
    };
    let left = match shown.rest() {
        Rest::Everything => batch.len(),
        Rest::Rows(rest) => rest.len(),
        Rest::Nothing => 0,
    };
    assert_eq!(seen.len(), left);
    // Rows that lost nothing are the bytes that were received: what columns do not carry is still in them.
    let found = otlp::encode(seen.signal(), seen.columns());
    assert_eq!(T::decode(found).expect("a well-formed request").encode_to_vec(), expected.encode_to_vec());
    let otlp = T::decode(seen.otlp()).expect("a well-formed request");
    if narrowing.changes_rows() {
        assert_eq!(otlp.encode_to_vec(), expected.encode_to_vec());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn narrowing_spans_and_encoding_them_is_encoding_and_filtering(
        request in trace_request(&any_double()), wish in wishes(),
    ) {
        let Some(batches) = batches(Signal::Spans, &request) else { return Ok(()) };
        let mut expected = request;
        retain_spans(&mut expected, |_, span| is_valid_span(span));
        normal::normalize_spans(&mut expected);
        wish.filter_spans(&mut expected);
        normal::normalize_spans(&mut expected);
        let narrowing = wish.narrowing();
        batches.iter().for_each(|batch| check(batch, &narrowing, &expected));
    }

    #[test]
    fn narrowing_events_and_encoding_them_is_encoding_and_filtering(
        request in logs_request(&any_double()), wish in wishes(),
    ) {
        let Some(batches) = batches(Signal::Events, &request) else { return Ok(()) };
        let mut expected = request;
        retain_events(&mut expected, |_, record| is_valid_event(record));
        normal::normalize_events(&mut expected);
        wish.filter_events(&mut expected);
        normal::normalize_events(&mut expected);
        let narrowing = wish.narrowing();
        batches.iter().for_each(|batch| check(batch, &narrowing, &expected));
    }

    /// A value beyond ASCII that nothing else has: wherever it stands, under a key that is not granted it is nowhere.
    #[test]
    fn a_secret_under_a_denied_key_is_in_no_arena_and_no_view(
        mut request in trace_request(&any_double()), place in any::<prop::sample::Index>(), is_text: bool,
    ) {
        const SECRET: &str = "ß-geheim-ß";
        // Too long, or too odd, for an arbitrary key: none begins like it, and only this one is denied.
        const KEY: &str = "zz.secret of nobody else";
        retain_spans(&mut request, |_, span| is_valid_span(span));
        let secret = match is_text {
            true => Value::StringValue(SECRET.to_owned()),
            false => Value::BytesValue(SECRET.as_bytes().to_vec()),
        };
        let value = Some(AnyValue { value: Some(secret) });
        let attribute = KeyValue { key: KEY.to_owned(), value, ..Default::default() };
        let mut owners = owners(&mut request);
        if owners.is_empty() {
            return Ok(());
        }
        place.get_mut(&mut owners).push(attribute);
        let Some(batches) = batches(Signal::Spans, &request) else { return Ok(()) };
        let wish = Wish {
            columns: u32::MAX,
            allow: None,
            deny: vec!["zz.secret *".to_owned()],
            delete: vec![],
            hash: vec![],
            drop: vec![],
        };
        let narrowing = wish.narrowing();
        for batch in batches {
            let shown = batch.show(&narrowing);
            let seen = shown.batch().expect("rows");
            prop_assert_eq!(shown.changes().not_granted, 1);
            let (columns, json) = (seen.columns(), seen.otlp_json());
            for view in [columns.text.as_bytes(), &columns.bytes[..], &seen.otlp()[..], json.as_bytes()] {
                for needle in [SECRET.as_bytes(), KEY.as_bytes()] {
                    prop_assert!(!view.windows(needle.len()).any(|window| window == needle));
                }
            }
        }
    }
}

/// The attributes of everything that has any.
fn owners(request: &mut ExportTraceServiceRequest) -> Vec<&mut Vec<KeyValue>> {
    let mut owners = Vec::new();
    for resource in &mut request.resource_spans {
        owners.extend(resource.resource.iter_mut().map(|it| &mut it.attributes));
        for scope in &mut resource.scope_spans {
            owners.extend(scope.scope.iter_mut().map(|it| &mut it.attributes));
            for span in &mut scope.spans {
                owners.push(&mut span.attributes);
                owners.extend(span.events.iter_mut().map(|it| &mut it.attributes));
                owners.extend(span.links.iter_mut().map(|it| &mut it.attributes));
            }
        }
    }
    owners
}
