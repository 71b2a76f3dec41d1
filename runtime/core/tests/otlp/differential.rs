//! Whatever bytes come, the scan and all that is built on it agree with a generated protobuf library. Used by the property
//! tests here and by the fuzz target `otlp_protobuf`.
//!
//! Known differences, in which the scan is right for what it is for: it refuses messages that protobuf would merge, and
//! groups; it has limits; it does not look into `entity_refs`, and not at depth beyond its own limit. References into the
//! string tables of profiles are absent values, as OTLP asks of receivers.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use spangate_core::otlp::{self, Request, ScanErrorKind, ScanLimits};
use spangate_core::signal::Signal;

use crate::normal::{self, is_valid_event, is_valid_span, retain_events, retain_spans};

/// A request as the generated library has it.
#[derive(Clone)]
enum Reference {
    Spans(ExportTraceServiceRequest),
    Events(ExportLogsServiceRequest),
}

impl Reference {
    fn decode(signal: Signal, bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        Ok(match signal {
            Signal::Spans | Signal::StartedSpans => Self::Spans(ExportTraceServiceRequest::decode(bytes)?),
            Signal::Events => Self::Events(ExportLogsServiceRequest::decode(bytes)?),
        })
    }

    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Spans(request) => request.encode_to_vec(),
            Self::Events(request) => request.encode_to_vec(),
        }
    }

    fn rows(&self) -> usize {
        match self {
            Self::Spans(request) => {
                request.resource_spans.iter().flat_map(|it| &it.scope_spans).map(|it| it.spans.len()).sum()
            }
            Self::Events(request) => {
                request.resource_logs.iter().flat_map(|it| &it.scope_logs).map(|it| it.log_records.len()).sum()
            }
        }
    }

    /// Log records that are no events.
    fn plain_rows(&self) -> usize {
        match self {
            Self::Spans(_) => 0,
            Self::Events(request) => {
                let records = request.resource_logs.iter().flat_map(|it| &it.scope_logs).flat_map(|it| &it.log_records);
                records.filter(|record| record.event_name.is_empty()).count()
            }
        }
    }

    /// Trace id and event name of every row. A trace id of zeros is none.
    fn identities(&self) -> Vec<(&[u8], &str)> {
        match self {
            Self::Spans(request) => {
                let spans = request.resource_spans.iter().flat_map(|it| &it.scope_spans).flat_map(|it| &it.spans);
                spans.map(|span| (span.trace_id.as_slice(), "")).collect()
            }
            Self::Events(request) => {
                let records = request.resource_logs.iter().flat_map(|it| &it.scope_logs).flat_map(|it| &it.log_records);
                records.map(|record| (trace_id_of(record), record.event_name.as_str())).collect()
            }
        }
    }

    fn retain_valid(&mut self) {
        match self {
            Self::Spans(request) => retain_spans(request, |_, span| is_valid_span(span)),
            Self::Events(request) => retain_events(request, |_, record| is_valid_event(record)),
        }
    }

    fn retain(&mut self, rows: &[u32]) {
        let is_kept = |row: usize| rows.binary_search(&(row as u32)).is_ok();
        match self {
            Self::Spans(request) => retain_spans(request, |row, _| is_kept(row)),
            Self::Events(request) => retain_events(request, |row, _| is_kept(row)),
        }
    }

    /// As columns have it.
    fn normalize(&mut self) {
        self.resources().into_iter().for_each(|resource| resource.entity_refs.clear());
        match self {
            Self::Spans(request) => normal::normalize_spans(request),
            Self::Events(request) => normal::normalize_events(request),
        }
    }

    fn resources(&mut self) -> Vec<&mut Resource> {
        match self {
            Self::Spans(request) => request.resource_spans.iter_mut().filter_map(|it| it.resource.as_mut()).collect(),
            Self::Events(request) => request.resource_logs.iter_mut().filter_map(|it| it.resource.as_mut()).collect(),
        }
    }

    /// Whether a value refers to the string table of a profile: what it hides cannot be told from what is left.
    fn has_references(&mut self) -> bool {
        let mut found = self.resources().into_iter().any(|resource| refer(&resource.attributes));
        match self {
            Self::Spans(request) => {
                for scope in request.resource_spans.iter().flat_map(|it| &it.scope_spans) {
                    found |= scope.scope.iter().any(|scope| refer(&scope.attributes));
                    for span in &scope.spans {
                        found |= refer(&span.attributes)
                            || span.events.iter().any(|event| refer(&event.attributes))
                            || span.links.iter().any(|link| refer(&link.attributes));
                    }
                }
            }
            Self::Events(request) => {
                for scope in request.resource_logs.iter().flat_map(|it| &it.scope_logs) {
                    found |= scope.scope.iter().any(|scope| refer(&scope.attributes));
                    for record in &scope.log_records {
                        found |= refer(&record.attributes) || record.body.iter().any(refers);
                    }
                }
            }
        }
        found
    }
}

fn trace_id_of(record: &LogRecord) -> &[u8] {
    if record.trace_id.iter().any(|byte| *byte != 0) { &record.trace_id } else { &[] }
}

fn refer(attributes: &[KeyValue]) -> bool {
    attributes.iter().any(|attribute| attribute.key_strindex != 0 || attribute.value.iter().any(refers))
}

fn refers(value: &AnyValue) -> bool {
    match &value.value {
        Some(Value::StringValueStrindex(_)) => true,
        Some(Value::ArrayValue(array)) => array.values.iter().any(refers),
        Some(Value::KvlistValue(list)) => refer(&list.values),
        _ => false,
    }
}

/// Compared as bytes because NaN is not equal to itself.
fn assert_same(what: &str, found: &Reference, expected: &Reference) {
    assert_eq!(found.encode(), expected.encode(), "{what}");
}

/// Checks `bytes` as a request of `signal`; each row is part of a selection if its bit of `bits` is set.
pub(crate) fn compare_with_prost(signal: Signal, bytes: Bytes, bits: u64) {
    let reference = Reference::decode(signal, &bytes);
    let scanned = match (otlp::scan(signal, bytes.clone(), &ScanLimits::default()), &reference) {
        (Ok(scanned), _) => scanned,
        (Err(_), Err(_)) => return,
        (Err(error), Ok(_)) => {
            let is_stricter = error.kind != ScanErrorKind::Malformed
                || error.what.contains("a group")
                || error.what.contains("occurs twice");
            assert!(is_stricter, "{error} but prost takes {bytes:02x?}");
            return;
        }
    };
    if let Err(error) = &reference {
        let text = error.to_string();
        let is_looser = ["EntityRef", "entity_refs", "recursion limit"].iter().any(|known| text.contains(known));
        assert!(is_looser, "the scan takes {bytes:02x?} but prost says {error}");
    }
    let request = &scanned.request;
    let columns = request.decode();
    otlp::encode_json(signal, &columns);
    never_underestimates(signal, &bytes, columns.size());
    let encoded = otlp::encode(signal, &columns);
    let again =
        otlp::scan(signal, encoded.clone(), &ScanLimits { max_decoded_bytes: usize::MAX, ..Default::default() });
    let again = again.expect("what we encode is well-formed").request.decode();
    assert_eq!(otlp::encode(signal, &again), encoded);
    let Ok(mut expected) = reference else { return };
    let left_out = (scanned.rejected + scanned.plain_logs) as usize;
    assert_eq!(scanned.plain_logs as usize, expected.plain_rows());
    assert_eq!(scanned.rejected_reason.is_some(), scanned.rejected > 0);
    assert_eq!(expected.rows(), request.rows() as usize + left_out);
    match left_out {
        0 => assert_eq!(request.otlp(), bytes),
        _ => {
            expected.retain_valid();
            assert_same("valid rows", &decode(signal, &request.otlp()), &expected);
        }
    }
    expected.retain_valid();
    let identities: Vec<_> = (0..request.rows()).map(|row| (request.trace_id(row), request.event_name(row))).collect();
    assert_eq!(identities, expected.identities());
    check_parts(request, &expected, bits);
    if !expected.has_references() {
        expected.normalize();
        assert_same("columns", &decode(signal, &encoded), &expected);
    }
}

/// What the columns take is never more than what the scan counted.
fn never_underestimates(signal: Signal, bytes: &Bytes, size: usize) {
    if let Some(max_decoded_bytes) = size.checked_sub(1) {
        let limits = ScanLimits { max_decoded_bytes, ..ScanLimits::default() };
        assert!(otlp::scan(signal, bytes.clone(), &limits).is_err(), "columns of {size} bytes came through");
    }
}

/// Selections and joins hold exactly their rows.
fn check_parts(request: &Request, expected: &Reference, bits: u64) {
    let signal = request.signal();
    let rows: Vec<u32> = (0..request.rows()).filter(|row| bits >> (row % 64) & 1 == 1).collect();
    let part = request.select(&rows);
    assert_eq!(part.rows() as usize, rows.len());
    let mut selected = expected.clone();
    selected.retain(&rows);
    if rows.len() < request.rows() as usize {
        assert_same("selection", &decode(signal, &part.otlp()), &selected);
    }
    for (new, old) in rows.iter().enumerate() {
        assert_eq!(part.trace_id(new as u32), request.trace_id(*old));
        assert_eq!(part.event_name(new as u32), request.event_name(*old));
    }
    let earlier = std::iter::once(None).chain(rows.iter().copied().map(Some));
    let most: usize = rows.iter().zip(earlier).map(|(row, last)| request.added_size(*row, last)).sum();
    // No rows keep what is around all of them; all rows are the request as it came.
    let is_part = (1..request.rows() as usize).contains(&rows.len());
    assert!(part.size() <= most || !is_part, "{} bytes, told {most}", part.size());
    assert!(request.size() >= request.otlp().len() + request.rows() as usize);
    let joined = Request::join(&[part.clone(), request.clone()]).expect("requests of one signal");
    assert_eq!(joined.rows(), part.rows() + request.rows());
    let parts = [part.otlp(), request.otlp()].concat();
    assert_same("join", &decode(signal, &joined.otlp()), &decode(signal, &parts));
    let [by_bytes, by_columns] = [part.decode(), request.decode().select(signal, rows)];
    assert_eq!(otlp::encode(signal, &by_bytes), otlp::encode(signal, &by_columns));
    let both = [otlp::encode(signal, &by_bytes), otlp::encode(signal, &request.decode())].concat();
    let joined = otlp::encode(signal, &joined.decode());
    assert_same("columns of a join", &decode(signal, &joined), &decode(signal, &both));
}

fn decode(signal: Signal, bytes: &[u8]) -> Reference {
    Reference::decode(signal, bytes).expect("a well-formed request")
}
