//! OTLP's JSON encoding, read by a library that we did not write.

use crate::arbitrary::{exact_double, logs_request, trace_request};
use crate::normal::{self, is_valid_event, is_valid_span, retain_events, retain_spans};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message;
use spangate_core::otlp::{self, ScanLimits};
use spangate_core::signal::Signal;

fn json(signal: Signal, message: &impl Message) -> String {
    let scanned = otlp::scan(signal, message.encode_to_vec().into(), &ScanLimits::default());
    otlp::encode_json(signal, &scanned.expect("a well-formed request").request.decode())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn spans_in_json_are_the_same_spans(request in trace_request(&exact_double())) {
        let mut found: ExportTraceServiceRequest = serde_json::from_str(&json(Signal::Spans, &request)).expect("json");
        normal::normalize_spans(&mut found);
        let mut expected = request;
        retain_spans(&mut expected, |_, span| is_valid_span(span));
        normal::normalize_spans(&mut expected);
        prop_assert_eq!(found.encode_to_vec(), expected.encode_to_vec());
    }

    #[test]
    fn events_in_json_are_the_same_events(request in logs_request(&exact_double())) {
        let mut found: ExportLogsServiceRequest = serde_json::from_str(&json(Signal::Events, &request)).expect("json");
        normal::normalize_events(&mut found);
        let mut expected = request;
        retain_events(&mut expected, |_, record| is_valid_event(record));
        normal::normalize_events(&mut expected);
        prop_assert_eq!(found.encode_to_vec(), expected.encode_to_vec());
    }
}
