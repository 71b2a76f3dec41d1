//! Events as an `ExportLogsServiceRequest` (opentelemetry-proto, `logs/v1/logs.proto`).

use spangate_sdk::{Batch, EventView, ValueView};

use crate::proto::{self, Out, attributes, message, some_bytes, some_fixed32, some_fixed64, some_number, value};

pub fn request(batch: &Batch) -> Out {
    proto::request(batch.events(), |event| event.scope(), |out, row| event(out, *row))
}

fn event(out: &mut Out, event: EventView<'_>) {
    some_fixed64(out, 1, event.time());
    // An int32 of protobuf: negative numbers have the sign in all 64 bits.
    some_number(out, 2, i64::from(event.severity_number() as i32) as u64);
    some_bytes(out, 3, event.severity_text().as_bytes());
    match event.body() {
        ValueView::Empty => {}
        body => message(out, 5, |out| value(out, body)),
    }
    attributes(out, 6, event.attributes());
    some_number(out, 7, event.dropped_attributes().into());
    some_fixed32(out, 8, event.flags());
    if let Some(trace_id) = event.trace_id() {
        some_bytes(out, 9, &trace_id.0);
    }
    if let Some(span_id) = event.span_id() {
        some_bytes(out, 10, &span_id.0);
    }
    some_fixed64(out, 11, event.observed_time());
    some_bytes(out, 12, event.name().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use spangate_sdk::testing::{BatchBuilder, Event};

    #[test]
    fn an_event_is_written_with_its_name_and_body() {
        let event = Event { time: 1, ..Event::new("e").severity(9, "I").body(-1) };
        let written = request(&BatchBuilder::new().resource(&[]).event(event).build());
        let minus_one = [&[0x18][..], &[0xff; 9], &[0x01]].concat();
        let row = [&[0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x10, 9, 0x1a, 1, b'I', 0x2a, 11][..], &minus_one, &[0x62, 1, b'e']]
            .concat();
        let expected = [&[0x0a, 34, 0x12, 32, 0x12, 30][..], &row].concat();
        assert_eq!(written, expected);
    }
}
