//! Arbitrary requests: whatever a client sends, the scan, the parts, the columns and both encodings agree with a
//! generated protobuf library, and nothing panics.

use crate::arbitrary::{any_double, logs_request, trace_request};
use crate::differential::compare_with_prost;
use crate::normal::{self, is_valid_event, is_valid_span, retain_events, retain_spans};
use std::ops::Range;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message;
use spangate_core::otlp::{self, Request, ScanLimits, Scanned};
use spangate_core::signal::Signal;

fn scan(signal: Signal, message: &impl Message) -> Scanned {
    otlp::scan(signal, message.encode_to_vec().into(), &ScanLimits::default()).expect("a well-formed request")
}

fn decode<T: Message + Default>(bytes: &[u8]) -> T {
    T::decode(bytes).expect("a well-formed request")
}

/// Compared as bytes because NaN is not equal to itself.
fn assert_same<T: Message + std::fmt::Debug>(found: &T, expected: &T) {
    assert_eq!(found.encode_to_vec(), expected.encode_to_vec(), "\n found {found:?}\n expected {expected:?}");
}

fn valid_spans(mut request: ExportTraceServiceRequest) -> ExportTraceServiceRequest {
    retain_spans(&mut request, |_, span| is_valid_span(span));
    request
}

fn valid_events(mut request: ExportLogsServiceRequest) -> ExportLogsServiceRequest {
    retain_events(&mut request, |_, record| is_valid_event(record));
    request
}

/// Some rows that are neighbours.
fn rows_between([start, end]: [u32; 2], rows: u32) -> Range<u32> {
    let (start, end) = (start % (rows + 1), end % (rows + 1));
    start.min(end)..start.max(end)
}

/// Every row that a bit is set for.
fn picked(bits: u64, rows: u32) -> Vec<u32> {
    (0..rows).filter(|row| bits >> (row % 64) & 1 == 1).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_scan_keeps_valid_spans_and_counts_the_others(request in trace_request(&any_double())) {
        let scanned = scan(Signal::Spans, &request);
        let all = request.resource_spans.iter().flat_map(|it| &it.scope_spans).map(|it| it.spans.len()).sum::<usize>();
        prop_assert_eq!(scanned.request.rows() + scanned.rejected, all as u32);
        prop_assert_eq!(scanned.rejected_reason.is_some(), scanned.rejected > 0);
        let valid = valid_spans(request.clone());
        if scanned.rejected == 0 {
            assert_same(&decode::<ExportTraceServiceRequest>(&scanned.request.otlp()), &request);
        } else {
            assert_same(&decode::<ExportTraceServiceRequest>(&scanned.request.otlp()), &valid);
        }
        let spans = valid.resource_spans.iter().flat_map(|it| &it.scope_spans).flat_map(|it| &it.spans);
        for (row, span) in spans.enumerate() {
            prop_assert_eq!(scanned.request.trace_id(row as u32), &span.trace_id);
        }
    }

    #[test]
    fn the_scan_keeps_valid_events_and_counts_the_others(request in logs_request(&any_double())) {
        let scanned = scan(Signal::Events, &request);
        let records = || request.resource_logs.iter().flat_map(|it| &it.scope_logs).flat_map(|it| &it.log_records);
        let plain = records().filter(|record| record.event_name.is_empty()).count();
        prop_assert_eq!(scanned.plain_logs, plain as u32);
        prop_assert_eq!(scanned.request.rows() + scanned.rejected + scanned.plain_logs, records().count() as u32);
        if scanned.rejected + scanned.plain_logs > 0 {
            assert_same(&decode::<ExportLogsServiceRequest>(&scanned.request.otlp()), &valid_events(request));
        }
    }

    #[test]
    fn spans_to_columns_and_back_are_the_same(request in trace_request(&any_double())) {
        let columns = scan(Signal::Spans, &request).request.decode();
        let mut expected = valid_spans(request);
        normal::normalize_spans(&mut expected);
        assert_same(&decode::<ExportTraceServiceRequest>(&otlp::encode(Signal::Spans, &columns)), &expected);
    }

    #[test]
    fn events_to_columns_and_back_are_the_same(request in logs_request(&any_double())) {
        let scanned = scan(Signal::Events, &request).request;
        let columns = scanned.decode();
        let mut expected = valid_events(request);
        let records = expected.resource_logs.iter().flat_map(|it| &it.scope_logs).flat_map(|it| &it.log_records);
        let names: Vec<&str> = records.map(|record| record.event_name.as_str()).collect();
        prop_assert_eq!((0..scanned.rows()).map(|row| scanned.event_name(row)).collect::<Vec<_>>(), names);
        normal::normalize_events(&mut expected);
        assert_same(&decode::<ExportLogsServiceRequest>(&otlp::encode(Signal::Events, &columns)), &expected);
    }

    #[test]
    fn what_was_encoded_becomes_the_same_columns(request in trace_request(&any_double())) {
        let columns = scan(Signal::Spans, &request).request.decode();
        let again = otlp::scan(Signal::Spans, otlp::encode(Signal::Spans, &columns), &ScanLimits::default());
        let again = again.expect("what we encode is well-formed").request.decode();
        prop_assert_eq!(otlp::encode(Signal::Spans, &again), otlp::encode(Signal::Spans, &columns));
    }

    #[test]
    fn a_selection_of_bytes_and_of_columns_holds_exactly_its_spans(request in trace_request(&any_double()), bits: u64) {
        let whole = scan(Signal::Spans, &request).request;
        let rows = picked(bits, whole.rows());
        let mut expected = valid_spans(request);
        retain_spans(&mut expected, |row, _| rows.contains(&(row as u32)));
        let part = whole.select(&rows);
        prop_assert_eq!(part.rows() as usize, rows.len());
        if rows.len() < whole.rows() as usize {
            assert_same(&decode::<ExportTraceServiceRequest>(&part.otlp()), &expected);
        }
        for (new, old) in rows.iter().enumerate() {
            prop_assert_eq!(part.trace_id(new as u32), whole.trace_id(*old));
        }
        normal::normalize_spans(&mut expected);
        let columns = [part.decode(), whole.decode().select(Signal::Spans, rows)];
        for columns in columns {
            assert_same(&decode::<ExportTraceServiceRequest>(&otlp::encode(Signal::Spans, &columns)), &expected);
        }
    }

    #[test]
    fn a_selection_of_events_holds_exactly_its_events(request in logs_request(&any_double()), bits: u64) {
        let whole = scan(Signal::Events, &request).request;
        let rows = picked(bits, whole.rows());
        let mut expected = valid_events(request);
        retain_events(&mut expected, |row, _| rows.contains(&(row as u32)));
        normal::normalize_events(&mut expected);
        for columns in [whole.select(&rows).decode(), whole.decode().select(Signal::Events, rows)] {
            assert_same(&decode::<ExportLogsServiceRequest>(&otlp::encode(Signal::Events, &columns)), &expected);
        }
    }

    #[test]
    fn the_size_of_a_part_is_known_before_it_is_made(request in trace_request(&any_double()), ends: [u32; 2]) {
        let whole = scan(Signal::Spans, &request).request;
        let rows = rows_between(ends, whole.rows());
        let columns = whole.decode();
        let (mut bytes_size, mut columns_size, mut messages) = (0, 0, 0);
        for row in rows.clone() {
            let last = (row > rows.start).then(|| row - 1);
            bytes_size += whole.added_size(row, last);
            columns_size += columns.added_size(Signal::Spans, row, last);
            messages += 1;
        }
        prop_assert_eq!(columns.select(Signal::Spans, rows.clone()).size(), columns_size);
        let part = whole.slice(rows);
        prop_assert!(part.size() <= bytes_size || part.rows() == whole.rows());
        // No more than the lengths of a scope and a resource for each row, and what is joined when it is written anew.
        prop_assert!(bytes_size <= part.size() + messages * 60 + 60, "{} {}", bytes_size, part.size());
    }

    #[test]
    fn the_size_of_a_part_of_events_is_known_before_it_is_made(request in logs_request(&any_double()), ends: [u32; 2]) {
        let whole = scan(Signal::Events, &request).request;
        let rows = rows_between(ends, whole.rows());
        let columns = whole.decode();
        let last = |row: u32| (row > rows.start).then(|| row - 1);
        let size: usize = rows.clone().map(|row| columns.added_size(Signal::Events, row, last(row))).sum();
        prop_assert_eq!(columns.select(Signal::Events, rows).size(), size);
    }

    #[test]
    fn joined_requests_hold_the_rows_of_all(requests in prop::collection::vec(trace_request(&any_double()), 1..4), bits: u64) {
        let parts: Vec<Request> = requests.iter().map(|request| scan(Signal::Spans, request).request).collect();
        let joined = Request::join(&parts).expect("requests of one signal");
        let mut expected = ExportTraceServiceRequest::default();
        for part in &parts {
            expected.resource_spans.extend(decode::<ExportTraceServiceRequest>(&part.otlp()).resource_spans);
        }
        assert_same(&decode::<ExportTraceServiceRequest>(&joined.otlp()), &expected);
        let rows = picked(bits, joined.rows());
        retain_spans(&mut expected, |row, _| rows.contains(&(row as u32)));
        normal::normalize_spans(&mut expected);
        let columns = joined.select(&rows).decode();
        assert_same(&decode::<ExportTraceServiceRequest>(&otlp::encode(Signal::Spans, &columns)), &expected);
    }

    #[test]
    fn a_sample_keeps_the_traces_it_was_asked_to_keep(request in trace_request(&any_double())) {
        let whole = scan(Signal::Spans, &request).request;
        let part = whole.sample(|trace_id| trace_id[0] % 2 == 0);
        let mut expected = valid_spans(request);
        retain_spans(&mut expected, |_, span| span.trace_id[0] % 2 == 0);
        prop_assert_eq!(part.sample(|_| true).rows(), part.rows());
        if part.rows() < whole.rows() {
            assert_same(&decode::<ExportTraceServiceRequest>(&part.otlp()), &expected);
        }
    }

    #[test]
    fn appended_columns_hold_the_rows_of_both(first in trace_request(&any_double()), second in trace_request(&any_double())) {
        let [mut columns, more] = [first, second].map(|request| {
            let columns = scan(Signal::Spans, &request).request.decode();
            (columns.thaw(), columns)
        });
        columns.0.append(&more.0);
        let joined = [otlp::encode(Signal::Spans, &columns.1), otlp::encode(Signal::Spans, &more.1)].concat();
        assert_same(
            &decode::<ExportTraceServiceRequest>(&otlp::encode(Signal::Spans, &columns.0.freeze())),
            &decode::<ExportTraceServiceRequest>(&joined),
        );
    }

    #[test]
    fn the_limit_on_decoded_bytes_bounds_the_columns(request in trace_request(&any_double())) {
        let bytes = Bytes::from(request.encode_to_vec());
        let size = scan(Signal::Spans, &request).request.decode().size();
        let limits = ScanLimits { max_decoded_bytes: size.saturating_sub(1), ..ScanLimits::default() };
        prop_assert!(size == 0 || otlp::scan(Signal::Spans, bytes, &limits).is_err());
    }

    #[test]
    fn a_request_that_is_cut_short_never_panics(request in trace_request(&any_double()), events in logs_request(&any_double())) {
        for (signal, bytes) in [(Signal::Spans, request.encode_to_vec()), (Signal::Events, events.encode_to_vec())] {
            let bytes = Bytes::from(bytes);
            for end in 0..bytes.len() {
                compare_with_prost(signal, bytes.slice(..end), end as u64);
            }
        }
    }

    #[test]
    fn a_request_with_a_wrong_byte_is_taken_or_refused_as_by_prost(
        request in trace_request(&any_double()), events in logs_request(&any_double()), wrong in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40)
    ) {
        for (signal, bytes) in [(Signal::Spans, request.encode_to_vec()), (Signal::Events, events.encode_to_vec())] {
            if bytes.is_empty() {
                continue;
            }
            for (at, byte) in &wrong {
                let mut bytes = bytes.clone();
                let at = at.index(bytes.len());
                bytes[at] = *byte;
                compare_with_prost(signal, bytes.into(), u64::from(*byte) * 0x0101_0101_0101_0101);
            }
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for signal in Signal::ALL {
            compare_with_prost(signal, bytes.clone().into(), 0x5555);
        }
    }

}
