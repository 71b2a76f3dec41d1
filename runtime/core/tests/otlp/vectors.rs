//! Requests written out by hand, byte by byte.

use bytes::Bytes;
use spangate_core::columns::{Columns, Owner, kind, pair, u64_at};
use spangate_core::otlp::{self, MAX_SURROUNDINGS_BYTES, ScanErrorKind, ScanLimits, Scanned};
use spangate_core::signal::Signal;

/// `service.name=svc`, span `op`, server, 1.5 ms, `k=v`, status error.
const MINIMAL: &str = "0a5f0a170a150a0c736572766963652e6e616d6512050a03737663124412420a100102030405060708090a0b0c0d0e0f10\
    1208a1a2a3a4a5a6a7a82a026f7030023900002a36fe9c97174160e34036fe9c97174a080a016b12030a01767a021802";

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn scan(request: impl Into<Bytes>) -> Scanned {
    otlp::scan(Signal::Spans, request.into(), &ScanLimits::default()).expect("a valid request")
}

fn refusal(request: impl Into<Bytes>, limits: &ScanLimits) -> (usize, ScanErrorKind) {
    let error = otlp::scan(Signal::Spans, request.into(), limits).expect_err("an invalid request");
    (error.offset, error.kind)
}

/// A length-delimited field.
fn field(number: u8, body: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = body.len();
    while length >= 0x80 {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend_from_slice(body);
    field
}

fn span(trace_id: &[u8], span_id: &[u8], rest: &[u8]) -> Vec<u8> {
    field(2, &[&field(1, trace_id), &field(2, span_id), rest].concat())
}

fn request(rows: &[Vec<u8>]) -> Vec<u8> {
    field(1, &field(2, &rows.concat()))
}

fn text(columns: &Columns, column: &[u32], row: usize) -> String {
    columns.text_at(pair(column, row)).to_owned()
}

#[test]
fn the_minimal_request_becomes_columns_and_the_same_bytes_again() {
    let scanned = scan(bytes(MINIMAL));
    assert_eq!((scanned.request.rows(), scanned.rejected, scanned.plain_logs), (1, 0, 0));
    assert_eq!(scanned.request.trace_id(0), bytes("0102030405060708090a0b0c0d0e0f10"));
    let columns = scanned.request.decode();
    assert_eq!(columns.spans.span_id[..], bytes("a1a2a3a4a5a6a7a8"));
    assert_eq!(columns.spans.parent_span_id[..], [0; 8]);
    assert_eq!(text(&columns, &columns.spans.name, 0), "op");
    assert_eq!((columns.spans.kind[0], columns.spans.status_code[0]), (2, 2));
    assert_eq!(u64_at(&columns.spans.end_time, 0) - u64_at(&columns.spans.start_time, 0), 1_500_000);
    let attributes = columns.attributes_of(Owner::Span);
    assert_eq!((attributes.end[..].to_vec(), attributes.kind[0]), (vec![1], kind::STRING));
    assert_eq!((text(&columns, &attributes.key, 0), text(&columns, &attributes.value, 0)), ("k".into(), "v".into()));
    let resource = columns.attributes_of(Owner::Resource);
    assert_eq!(text(&columns, &resource.key, 0), "service.name");
    assert_eq!(otlp::encode(Signal::Spans, &columns)[..], bytes(MINIMAL));
}

#[test]
fn the_minimal_request_is_this_json() {
    let columns = scan(bytes(MINIMAL)).request.decode();
    let json: serde_json::Value = serde_json::from_str(&otlp::encode_json(Signal::Spans, &columns)).unwrap();
    let expected = serde_json::json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "svc"}}]},
        "scopeSpans": [{"scope": {}, "spans": [{
            "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "a1a2a3a4a5a6a7a8", "name": "op", "kind": 2,
            "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000001500000",
            "attributes": [{"key": "k", "value": {"stringValue": "v"}}], "status": {"code": 2}
        }]}]
    }]});
    assert_eq!(json, expected);
}

#[test]
fn a_span_with_an_invalid_id_is_rejected_and_the_others_stay() {
    let (trace, id) = ([1; 16], [2; 8]);
    let rows = [
        span(&[0; 16], &id, &[]),
        span(&trace, &id, &field(5, b"kept")),
        span(&[1; 15], &id, &[]),
        span(&[1; 17], &id, &[]),
        span(&[], &id, &[]),
        span(&trace, &[0; 8], &[]),
        span(&trace, &id, &field(4, &[3; 7])),
        span(&trace, &id, &field(4, &[0; 8])),
        span(&trace, &id, &field(13, &field(1, &[1; 3]))),
    ];
    let scanned = scan(request(&rows));
    assert_eq!((scanned.rejected, scanned.rejected_reason.as_deref()), (7, Some("row 0: trace_id is all zero")));
    assert_eq!(scanned.request.otlp(), request(&[rows[1].clone(), rows[7].clone()]));
    let columns = scanned.request.decode();
    assert_eq!((columns.span_count(), text(&columns, &columns.spans.name, 0).as_str()), (2, "kept"));
}

#[test]
fn log_records_without_an_event_name_are_counted_and_left_out() {
    let plain = field(2, &field(5, &field(1, b"a line of log")));
    let event = field(2, &field(12, b"an.event"));
    let bad = field(2, &[field(12, b"an.event"), field(9, &[1; 4])].concat());
    let bytes = request(&[plain.clone(), event.clone(), plain, bad]);
    let scanned = otlp::scan(Signal::Events, bytes.into(), &ScanLimits::default()).unwrap();
    assert_eq!((scanned.request.rows(), scanned.plain_logs, scanned.rejected), (1, 2, 1));
    assert_eq!(scanned.rejected_reason.as_deref(), Some("row 1: trace_id has 4 bytes, it must have 16 or none"));
    assert_eq!(scanned.request.otlp(), request(&[event]));
    assert_eq!(scanned.request.trace_id(0), b"");
    assert_eq!(scanned.request.decode().event_count(), 1);
}

#[test]
fn what_otlp_does_not_know_survives_a_selection() {
    let unknown = [0xf8, 0x07, 0x01];
    let rows: Vec<Vec<u8>> = (1..=3).map(|id| span(&[id; 16], &[id; 8], &unknown)).collect();
    let scope = |rows: &[Vec<u8>]| [&unknown[..], &field(3, b"scope"), &rows.concat()].concat();
    let whole = [&field(1, &[&unknown[..], &field(2, &scope(&rows))].concat())[..], &unknown].concat();
    let part = [&unknown[..], &field(1, &[&unknown[..], &field(2, &scope(&rows[1..2]))].concat())].concat();
    let selected = scan(whole).request.select(&[1]);
    assert_eq!(selected.otlp(), part);
    assert_eq!(selected.trace_id(0), [2; 16]);
    assert_eq!(selected.otlp(), scan(selected.otlp()).request.otlp());
}

#[test]
fn a_flood_of_empty_spans_is_refused_by_its_rows_and_of_empty_scopes_by_their_size() {
    let limits = ScanLimits::default();
    let spans = request(&vec![vec![0x12, 0x00]; 70_000]);
    assert_eq!(refusal(spans, &limits).1, ScanErrorKind::TooLarge);
    let scopes = field(1, &[0x12, 0x00].repeat(2 << 20));
    assert_eq!(refusal(scopes, &limits).1, ScanErrorKind::TooLarge);
    let resources = [0x0a, 0x00].repeat(5 << 20);
    assert_eq!(refusal(resources, &limits).1, ScanErrorKind::TooLarge);
}

#[test]
fn what_is_around_a_row_is_bounded_wherever_it_is_and_wherever_the_row_is() {
    let valid = span(&[1; 16], &[2; 8], &[]);
    let around = |bytes: usize| field(3, &vec![b'a'; bytes]);
    let unknown = |bytes: usize| field(15, &vec![b'a'; bytes]);
    let (half, tag) = (MAX_SURROUNDINGS_BYTES / 2, 4);
    let scope = |scope: &[u8], resource: &[u8]| field(1, &[field(2, scope), resource.to_vec()].concat());
    for fits in [
        scope(&[valid.clone(), around(half - tag)].concat(), &around(half - tag)),
        [scope(&valid, &around(half - tag)), scope(&valid, &around(half - tag)), unknown(half - tag)].concat(),
        // Nothing is around nothing.
        [scope(&[], &around(2 * half)), scope(&valid, &[])].concat(),
    ] {
        otlp::scan(Signal::Spans, fits.into(), &ScanLimits::default()).expect("it fits");
    }
    for (first, too_large) in [
        (10, scope(&[valid.clone(), around(half - tag)].concat(), &around(half - tag + 1))),
        (262_158, scope(&[around(2 * half), valid.clone()].concat(), &[])),
        (6, [scope(&valid, &[]), unknown(2 * half)].concat()),
        (42, [scope(&valid, &[]), scope(&valid, &around(half)), unknown(half)].concat()),
    ] {
        let error = otlp::scan(Signal::Spans, too_large.into(), &ScanLimits::default()).expect_err("it does not fit");
        assert_eq!((error.kind, error.offset), (ScanErrorKind::TooLarge, first), "{error}");
        assert!(error.what.contains("262144 are allowed"), "{error}");
    }
}

#[test]
fn one_span_with_a_flood_of_empty_events_is_refused_by_its_size() {
    let flood = span(&[1; 16], &[1; 8], &[0x5a, 0x00].repeat(1 << 20));
    let limits = ScanLimits { max_decoded_bytes: 16 << 20, ..ScanLimits::default() };
    assert_eq!(refusal(request(&[flood]), &limits).1, ScanErrorKind::TooLarge);
}

#[test]
fn exactly_the_allowed_number_of_rows_is_taken() {
    let rows = vec![span(&[1; 16], &[1; 8], &[]); 4];
    let limits = ScanLimits { max_rows: 4, ..ScanLimits::default() };
    assert_eq!(otlp::scan(Signal::Spans, request(&rows).into(), &limits).unwrap().request.rows(), 4);
    let limits = ScanLimits { max_rows: 3, ..ScanLimits::default() };
    assert_eq!(refusal(request(&rows), &limits).1, ScanErrorKind::TooLarge);
}

/// A span with an attribute whose value is that many arrays around nothing.
fn nested(depth: usize) -> Vec<u8> {
    let mut value = Vec::new();
    for _ in 0..depth {
        value = field(5, &field(1, &value));
    }
    request(&[span(&[1; 16], &[1; 8], &field(9, &field(2, &value)))])
}

#[test]
fn values_are_nested_as_deeply_as_allowed_and_no_deeper() {
    let scanned = scan(nested(64));
    assert_eq!(scanned.request.decode().nested.kind.len(), 64);
    assert_eq!(refusal(nested(65), &ScanLimits::default()).1, ScanErrorKind::TooDeep);
    assert_eq!(refusal(nested(10_000), &ScanLimits::default()).1, ScanErrorKind::TooDeep);
    let most = ScanLimits { max_depth: u32::MAX, ..ScanLimits::default() };
    assert_eq!(refusal(nested(10_000), &most).1, ScanErrorKind::TooDeep);
}

#[test]
fn malformed_requests_are_refused_where_they_break() {
    let limits = ScanLimits::default();
    let cases: [(&str, Vec<u8>, usize); 8] = [
        ("a length past the end", vec![0x0a, 0x05, 0x00], 2),
        ("a length past the end of the enclosing message", vec![0x0a, 0x02, 0x12, 0x05, 0, 0, 0, 0, 0], 4),
        ("a varint of eleven bytes", [&[0x10][..], &[0x80; 11]].concat(), 1),
        ("field zero", vec![0x02, 0x00], 0),
        ("a group", vec![0x0b, 0x0c], 1),
        ("the wrong wire type", vec![0x08, 0x01], 1),
        ("a string that is not UTF-8", request(&[span(&[1; 16], &[1; 8], &field(5, &[0xff]))]), 37),
        ("two statuses", request(&[span(&[1; 16], &[1; 8], &[0x7a, 0, 0x7a, 0])]), 37),
    ];
    for (name, bytes, offset) in cases {
        assert_eq!(refusal(bytes, &limits), (offset, ScanErrorKind::Malformed), "{name}");
    }
}

#[test]
fn an_error_says_what_where_and_in_which_message() {
    let bytes = request(&[span(&[1; 16], &[1; 8], &[0x2d])]);
    let error = otlp::scan(Signal::Spans, bytes.into(), &ScanLimits::default()).unwrap_err();
    let text = "malformed protobuf in a span: a field has the wrong wire type (byte 35 of the request)";
    assert_eq!(error.to_string(), text);
}

#[test]
fn fields_of_otlp_that_columns_do_not_carry_stay_in_the_bytes() {
    let entity_refs = field(1, &field(3, b"what an entity says"));
    let value = field(9, &[&field(1, b"k")[..], &[0x18, 7], &field(2, &[0x40, 9])].concat());
    let whole = field(1, &[entity_refs, field(2, &span(&[1; 16], &[2; 8], &value))].concat());
    let scanned = scan(whole.clone());
    let columns = scanned.request.decode();
    assert_eq!((columns.attributes[0].kind[..].to_vec(), columns.text.as_str()), (vec![kind::EMPTY], "k"));
    assert_eq!(scanned.request.otlp(), whole);
    let wrong_type = request(&[span(&[1; 16], &[2; 8], &field(9, &field(2, &field(8, b""))))]);
    assert_eq!(refusal(wrong_type, &ScanLimits::default()).1, ScanErrorKind::Malformed);
}
