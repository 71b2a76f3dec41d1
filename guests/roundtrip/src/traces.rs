//! Spans as an `ExportTraceServiceRequest` (opentelemetry-proto, `trace/v1/trace.proto`).

use spangate_sdk::{Batch, LinkView, SpanEventView, SpanView};

use crate::proto::{self, Out, attributes, message, some_bytes, some_fixed32, some_fixed64, some_message, some_number};

pub fn request(batch: &Batch) -> Out {
    proto::request(batch.spans(), |span| span.scope(), |out, row| span(out, *row))
}

fn span(out: &mut Out, span: SpanView<'_>) {
    some_bytes(out, 1, &span.trace_id().0);
    some_bytes(out, 2, &span.span_id().0);
    some_bytes(out, 3, span.trace_state().as_bytes());
    if let Some(parent) = span.parent_span_id() {
        some_bytes(out, 4, &parent.0);
    }
    some_bytes(out, 5, span.name().as_bytes());
    some_number(out, 6, span.kind().number().into());
    some_fixed64(out, 7, span.start_time());
    some_fixed64(out, 8, span.end_time());
    attributes(out, 9, span.attributes());
    some_number(out, 10, span.dropped_attributes().into());
    span.events().for_each(|event| message(out, 11, |out| span_event(out, event)));
    some_number(out, 12, span.dropped_events().into());
    span.links().for_each(|link| message(out, 13, |out| span_link(out, link)));
    some_number(out, 14, span.dropped_links().into());
    some_message(out, 15, |out| {
        some_bytes(out, 2, span.status_message().as_bytes());
        some_number(out, 3, span.status_code().number().into());
    });
    some_fixed32(out, 16, span.flags());
}

fn span_event(out: &mut Out, event: SpanEventView<'_>) {
    some_fixed64(out, 1, event.time());
    some_bytes(out, 2, event.name().as_bytes());
    attributes(out, 3, event.attributes());
    some_number(out, 4, event.dropped_attributes().into());
}

fn span_link(out: &mut Out, link: LinkView<'_>) {
    some_bytes(out, 1, &link.trace_id().0);
    some_bytes(out, 2, &link.span_id().0);
    some_bytes(out, 3, link.trace_state().as_bytes());
    attributes(out, 4, link.attributes());
    some_number(out, 5, link.dropped_attributes().into());
    some_fixed32(out, 6, link.flags());
}

#[cfg(test)]
mod tests {
    use super::*;
    use spangate_sdk::testing::{BatchBuilder, Event, Span};
    use spangate_sdk::{SpanId, SpanKind, StatusCode, TraceId};

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn a_small_span_is_written_as_other_encoders_write_it() {
        let mut span = Span::new("op", 0).kind(SpanKind::Server).time(0, 1_500_000).attribute("k", "v");
        span.trace_id = TraceId(std::array::from_fn(|at| at as u8 + 1));
        span.span_id = SpanId([0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8]);
        span = span.status(StatusCode::Error, "");
        let batch = BatchBuilder::new().resource(&[("service.name", "svc".into())]).span(span).build();
        let expected = "0a5f0a170a150a0c736572766963652e6e616d6512050a03737663124412420a100102030405060708090a0b0c0d0e0f10\
                        1208a1a2a3a4a5a6a7a82a026f7030023900002a36fe9c97174160e34036fe9c97174a080a016b12030a01767a021802";
        assert_eq!(request(&batch), unhex(expected));
    }

    #[test]
    fn an_event_a_status_counts_and_flags_are_written() {
        let mut span = Span { flags: 0x101, dropped_links: 300, ..Span::default() };
        span.events.push(Event { time: 1, dropped_attributes: 2, ..Event::new("e") });
        let batch = BatchBuilder::new().resource(&[]).span(span.status(StatusCode::Error, "no")).build();
        let (event, links) = ("5a0e0901000000000000001201652002", "70ac02");
        let (status, flags) = ("7a0612026e6f1802", "850101010000");
        assert!(request(&batch).ends_with(&unhex(&[event, links, status, flags].concat())));
    }
}
