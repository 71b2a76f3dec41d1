//! Batches that hold one of everything.

use super::{BatchBuilder, Event, Link, Span, Value};
use crate::{Batch, SpanId, SpanKind, StatusCode, TraceId};

fn every_value() -> Vec<(&'static str, Value)> {
    let list = Value::KeyValues(vec![
        ("inner".to_owned(), Value::from(vec![1.5, -0.25])),
        ("deep".to_owned(), Value::KeyValues(vec![("key".to_owned(), "value".into())])),
    ]);
    vec![
        ("text", "tab\t, quote \", umlaut ü, smile 😀".into()),
        ("truth", true.into()),
        ("number", i64::MIN.into()),
        ("share", 0.1.into()),
        ("words", vec!["a", "b"].into()),
        ("mixed", Value::Array(vec![1.into(), "two".into(), Value::Empty, vec![true].into()])),
        ("list", list),
        ("bytes", Value::Bytes(vec![0, 1, 254, 255])),
        ("empty", Value::Empty),
        ("empty.array", Value::Array(vec![])),
    ]
}

/// Five spans of two services and two traces: every kind and status, a value of every type, events, a link, dropped
/// counts, a tracestate, a span that is still a root and one whose parent is not in the batch.
pub fn every_span_shape() -> Batch {
    let mut all = Span::new("POST /cart", 0xa1).time(0, 48_000_000).kind(SpanKind::Server);
    all.status_code = StatusCode::Error;
    all.status_message = "stock \"unavailable\"".to_owned();
    all.trace_state = "vendor=1,other=2".to_owned();
    all.flags = 0x101;
    (all.dropped_attributes, all.dropped_events, all.dropped_links) = (1, 2, 3);
    all.attributes = every_value().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let link = Link {
        trace_id: TraceId([9; 16]),
        span_id: SpanId([8; 8]),
        trace_state: "linked=1".to_owned(),
        flags: 0x300,
        dropped_attributes: 4,
        attributes: vec![("why".to_owned(), "batch".into())],
    };
    BatchBuilder::new()
        .schema_urls("https://example.test/resource", "https://example.test/scope")
        .resource(&[("service.name", "shop".into()), ("host.ip", vec!["10.0.0.7"].into())])
        .scope("shop.http", "1.2", &[("scope.key", 7.into())])
        .span(all.event(400_000, "cache miss", &[("key", "cart:7".into())]).event(500_000, "plain", &[]).link(link))
        .span(
            Span::new("SELECT carts", 0xa2)
                .parent(0xa1)
                .time(2_000_000, 17_000_499)
                .kind(SpanKind::Client)
                .attribute("server.address", "db.local")
                .attribute("server.port", 5432)
                .status(StatusCode::Ok, ""),
        )
        .span(Span::new("price", 0xa3).parent(0xa1).time(21_000_000, 24_000_000).kind(SpanKind::Internal))
        .resource(&[("service.name", "mail".into())])
        .span(Span::new("send", 0xb1).trace(2).parent(0xb0).time(0, 0).kind(SpanKind::Producer))
        .span(Span::new("take", 0xb2).trace(2).parent(0xb1).time(5, 400).kind(SpanKind::Consumer))
        .build()
}

/// Two events: one with every field, one with none but a name.
pub fn every_event_shape() -> Batch {
    let mut all = Event::new("order.placed").severity(9, "INFO").body(Value::KeyValues(vec![
        ("total".to_owned(), 12.5.into()),
        ("items".to_owned(), vec!["tea", "cup"].into()),
    ]));
    (all.observed_time, all.flags, all.dropped_attributes) = (1_700_000_000_000_000_007, 1, 5);
    (all.trace_id, all.span_id) = (TraceId([1; 16]), SpanId([0xa1; 8]));
    all.attributes = every_value().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    BatchBuilder::new()
        .resource(&[("service.name", "shop".into())])
        .scope("shop.orders", "3", &[])
        .event(all)
        .event(Event { name: "bare".to_owned(), ..Event::default() })
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ValueView;

    #[test]
    fn spans_read_back_as_they_were_written() {
        let batch = every_span_shape();
        let spans: Vec<_> = batch.spans().collect();
        assert_eq!(spans.len(), 5);
        assert_eq!(spans[0].name(), "POST /cart");
        assert_eq!(spans[0].parent_span_id(), None);
        assert_eq!(spans[1].parent_span_id(), Some(SpanId([0xa1; 8])));
        assert_eq!(spans[1].duration().as_nanos(), 17_000_499);
        assert_eq!(spans[0].status_code(), StatusCode::Error);
        assert_eq!(spans[0].links().next().unwrap().trace_state(), "linked=1");
        let events: Vec<_> = spans[0].events().map(|event| (event.name(), event.attributes().len())).collect();
        assert_eq!(events, [("cache miss", 1), ("plain", 0)]);
        assert_eq!(spans[1].events().len(), 0);
        assert_eq!(spans[4].resource().service_name(), Some("mail"));
        assert_eq!((spans[0].scope().name(), spans[4].scope().name()), ("shop.http", ""));
    }

    #[test]
    fn values_of_every_type_read_back_as_they_were_written() {
        let batch = every_span_shape();
        let span = batch.spans().next().unwrap();
        let read: Vec<_> = span.attributes().iter().map(|(key, value)| (key, value.to_string())).collect();
        let expected = [
            ("text", "tab\t, quote \", umlaut ü, smile 😀"),
            ("truth", "true"),
            ("number", "-9223372036854775808"),
            ("share", "0.1"),
            ("words", r#"["a","b"]"#),
            ("mixed", r#"[1,"two",null,[true]]"#),
            ("list", r#"{"inner":[1.5,-0.25],"deep":{"key":"value"}}"#),
            ("bytes", "AAH+/w=="),
            ("empty", ""),
            ("empty.array", "[]"),
        ];
        assert_eq!(read, expected.map(|(key, value)| (key, value.to_owned())));
        assert!(matches!(span.attribute("number"), Some(ValueView::Int(i64::MIN))));
        assert!(span.attribute("tex").is_none() && span.attribute("texts").is_none());
    }

    #[test]
    fn events_read_back_as_they_were_written() {
        let batch = every_event_shape();
        let events: Vec<_> = batch.events().collect();
        assert_eq!(events[0].body().to_string(), r#"{"total":12.5,"items":["tea","cup"]}"#);
        assert_eq!((events[0].severity_number(), events[0].severity_text()), (9, "INFO"));
        assert_eq!(events[0].span_id(), Some(SpanId([0xa1; 8])));
        assert_eq!((events[1].name(), events[1].trace_id(), events[1].time()), ("bare", None, 0));
        assert_eq!(events[0].resource().service_name(), Some("shop"));
    }

    #[test]
    fn only_the_columns_that_are_touched_are_read() {
        let batch = every_span_shape();
        assert!(batch.columns_read().is_empty());
        batch.spans().for_each(|span| {
            let _ = (span.name(), span.duration());
        });
        assert_eq!(batch.columns_read(), ["batch.text", "spans.names", "spans.start-times", "spans.end-times"]);
    }

    #[test]
    fn columns_that_are_too_short_or_out_of_range_read_as_zero_and_empty() {
        use crate::columns::Columns;
        use std::sync::Arc;
        let mut columns = Columns { text: Arc::new("é".to_owned()), ..Columns::default() };
        columns.spans.names = Arc::new(vec![1, 1, 0, u32::MAX, u32::MAX]);
        columns.attributes[0].ends = Arc::new(vec![7, 3]);
        let batch = Batch::from_columns(3, columns);
        for span in batch.spans() {
            assert_eq!((span.name(), span.kind(), span.start_time()), ("", SpanKind::Unspecified, 0));
            assert!(span.trace_id().is_zero() && span.attributes().is_empty());
            assert_eq!(span.resource().service_name(), None);
        }
    }
}
