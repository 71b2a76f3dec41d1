//! Headers in and out.

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use spangate_tracing::{
    SpanExt, extract, inject,
    propagation::{InvalidHeader, TRACE_PARENT, TRACE_STATE, invalid_headers},
};
use tracing::info_span;

use crate::stage::{named, stage};

const VALID: &str = "00-0102030405060708090a0b0c0d0e0f10-a1a2a3a4a5a6a7a8-01";

fn headers(trace_parents: &[&str], trace_states: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in trace_parents {
        headers.append(TRACE_PARENT, value.parse().expect("a value"));
    }
    for value in trace_states {
        headers.append(TRACE_STATE, HeaderValue::from_bytes(value).expect("a value"));
    }
    headers
}

#[test]
fn a_trace_goes_from_a_request_through_a_span_into_the_next_request() {
    let stage = stage();
    let mut onward = headers(&["an old one", "another"], &[b"old=1"]);
    let spans = stage.run(|| {
        let server = info_span!("server");
        server.set_parent(extract(&headers(&[VALID], &[b"a=1", b"b=2"]))).expect("in time");
        server.in_scope(|| {
            let client = info_span!("client").entered();
            inject(&client.context(), &mut onward);
        });
    });
    let (server, client) = (named(&spans, "server"), named(&spans, "client"));
    assert_eq!(server.parent_span_id.to_string(), "a1a2a3a4a5a6a7a8");
    let expected = format!("00-0102030405060708090a0b0c0d0e0f10-{}-01", client.context.span_id);
    assert_eq!(onward.get_all(TRACE_PARENT).iter().collect::<Vec<_>>(), [expected.as_str()]);
    assert_eq!(onward.get_all(TRACE_STATE).iter().collect::<Vec<_>>(), ["a=1,b=2"]);
}

#[test]
fn i33_baggage_is_neither_read_nor_recorded_nor_sent_on() {
    let stage = stage();
    let mut request = headers(&[VALID], &[]);
    let large = (0..500).map(|number| format!("key{number}=a%20value")).collect::<Vec<_>>().join(",");
    assert!(large.len() > 8 << 10);
    request.insert("baggage", large.parse().expect("a value"));
    let mut onward = HeaderMap::new();
    let spans = stage.run(|| {
        let server = info_span!("server");
        server.set_parent(extract(&request)).expect("in time");
        inject(&server.context(), &mut onward);
    });
    let keys: Vec<_> = named(&spans, "server").attributes.iter().map(|attribute| &*attribute.key).collect();
    assert_eq!(keys, ["target"], "what every span has from its callsite");
    assert_eq!(onward.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["traceparent"]);
}

#[test]
fn headers_that_cannot_be_used_are_ignored_and_told() {
    assert_eq!(invalid_headers(&HeaderMap::new()), None);
    assert_eq!(invalid_headers(&headers(&[VALID], &[b"a=1", b""])), None);

    let many = headers(&[VALID, VALID], &[]);
    assert!(!extract(&many).is_valid());
    assert_eq!(invalid_headers(&many), Some(InvalidHeader::ManyTraceParents { count: 2 }));

    let broken = headers(&["00-0102\t\"x"], &[b"a=1"]);
    assert!(!extract(&broken).is_valid());
    let message = invalid_headers(&broken).expect("it is invalid").to_string();
    assert!(message.starts_with(r#"traceparent: "00-0102\t\"x" is not VERSION-TRACE_ID"#), "{message}");

    // An invalid trace state goes alone, even one that is no text.
    for state in [&b"a"[..], b"a=\xff"] {
        let half = headers(&[VALID], &[b"b=1", state]);
        assert!(extract(&half).is_valid() && extract(&half).trace_state.is_empty());
        assert!(matches!(invalid_headers(&half), Some(InvalidHeader::TraceState { .. })));
    }

    let long = headers(&[&"x".repeat(5_000)], &[]);
    assert!(invalid_headers(&long).expect("it is invalid").to_string().len() < 300);
}

#[test]
fn a_context_that_is_not_valid_is_not_sent() {
    let mut onward = headers(&[VALID], &[b"a=1"]);
    let before = onward.clone();
    inject(&tracing::Span::none().context(), &mut onward);
    assert_eq!(onward, before);
}

proptest! {
    #[test]
    fn no_header_makes_reading_panic_and_ignored_means_told(
        parents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..3),
        states in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..3),
    ) {
        let mut headers = HeaderMap::new();
        for (name, values) in [(TRACE_PARENT, parents), (TRACE_STATE, states)] {
            for value in values.iter().filter_map(|value| HeaderValue::from_bytes(value).ok()) {
                headers.append(name.clone(), value);
            }
        }
        let has_parent = headers.contains_key(TRACE_PARENT);
        let is_told = invalid_headers(&headers).is_some();
        prop_assert_eq!(extract(&headers).is_valid(), has_parent && !is_told);
    }
}
