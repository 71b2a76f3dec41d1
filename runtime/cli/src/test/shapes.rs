//! Batches of every shape that an exporter may meet. What a backend or a format has trouble with, one of them holds.

use std::sync::Arc;

use spangate_core::{
    attribute::{KeyValue, Value},
    batch::Batch,
    signal::Signal,
};

use super::rows::{Event, Rows, Span};

/// Rows of a full batch: OpenTelemetry's `max_export_batch_size`.
pub(super) const FULL: u32 = 512;

/// Unix nanoseconds of something in 2026.
const START: u64 = 1_790_000_000_000_000_000;
/// How many attributes, events or links OpenTelemetry's limits let a span have.
const LIMIT: usize = 128;
/// A text longer than any buffer somebody guessed.
const LARGE: usize = 1 << 20;

/// A batch and what is special about it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) batch: Arc<Batch>,
}

/// Every shape of a signal. Events are called `event_name`.
pub(super) fn all(signal: Signal, event_name: &str) -> Vec<Shape> {
    let shape = |(name, batch)| Shape { name, batch };
    match signal {
        Signal::Events => events(event_name).into_iter().map(shape).collect(),
        Signal::Spans => spans().map(|(name, rows)| shape((name, rows.batch(signal)))).collect(),
        Signal::StartedSpans => {
            let kept = ["one row", "every field", "empty texts", "a full batch"];
            let spans = spans().filter(|(name, _)| kept.contains(name));
            spans.map(|(name, rows)| shape((name, rows.batch(signal)))).collect()
        }
    }
}

/// A batch as an ordinary service fills it.
pub(super) fn full(signal: Signal, event_name: &str) -> Arc<Batch> {
    let rows = ordinary();
    match signal {
        Signal::Events => (0..FULL).fold(rows, |rows, row| rows.event(&ordinary_event(event_name, row))).batch(signal),
        _ => (0..FULL).fold(rows, |rows, row| rows.span(&ordinary_span(row))).batch(signal),
    }
}

fn spans() -> impl Iterator<Item = (&'static str, Rows)> {
    let one = |span: Span| ordinary().span(&span);
    let named = |name: &str| Span { name: name.into(), ..ordinary_span(0) };
    let bare = Rows::of(&[], ("", ""));
    [
        ("one row", one(ordinary_span(0))),
        ("every field", every_field()),
        ("empty texts", bare.span(&Span { id: 1, attributes: vec![KeyValue::new("", "")], ..Span::default() })),
        (
            "unusual text",
            one(Span { attributes: unusual_texts(), ..named("a\"b\\c\n\t\u{0}\u{1b}[31m <ü> \u{202e}😀") }),
        ),
        ("times out of order", times()),
        (
            "a value of 1 MiB",
            one(Span { attributes: vec![KeyValue::new("large", "ä".repeat(LARGE / 2))], ..named("large") }),
        ),
        ("128 of everything", one(wide())),
        ("nested 32 deep", one(Span { attributes: vec![KeyValue::new("deep", deep())], ..named("deep") })),
        ("a full batch", (0..FULL).fold(ordinary(), |rows, row| rows.span(&ordinary_span(row)))),
    ]
    .into_iter()
}

fn events(name: &str) -> Vec<(&'static str, Arc<Batch>)> {
    let every = Event {
        body: Value::KeyValueList(every_value()),
        attributes: every_value(),
        dropped: 5,
        ..ordinary_event(name, 1)
    };
    let bare = Rows::of(&[], ("", "")).event(&Event { name: name.into(), ..Event::default() });
    let large = Event { body: Value::from("ä".repeat(LARGE / 2)), ..ordinary_event(name, 1) };
    vec![
        ("one row", ordinary().event(&ordinary_event(name, 0)).batch(Signal::Events)),
        ("every field", ordinary().event(&every).batch(Signal::Events)),
        ("a name alone", bare.batch(Signal::Events)),
        ("a body of 1 MiB", ordinary().event(&large).batch(Signal::Events)),
        ("a full batch", full(Signal::Events, name)),
    ]
}

/// What most rows look like.
fn ordinary() -> Rows {
    let resource = [KeyValue::new("service.name", "shop"), KeyValue::new("host.name", "node-17.example")];
    Rows::of(&resource, ("shop.checkout", "3.2.1"))
}

/// Some are slow, some fail, one in eight is a root.
fn ordinary_span(row: u32) -> Span {
    let (id, has_failed) = (u64::from(row) + 1, row.is_multiple_of(16));
    Span {
        id,
        parent: if row.is_multiple_of(8) { 0 } else { id - 1 },
        name: "POST /cart".into(),
        kind: [2, 3, 1, 4, 5][row as usize % 5],
        start: START + u64::from(row) * 1_000,
        end: START + u64::from(row) * 1_000 + if has_failed { 2_500_000_000 } else { 1_250_000 },
        status: if has_failed { (2, "the payment was declined".into()) } else { (0, String::new()) },
        attributes: vec![
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("url.path", format!("/cart/{row}")),
            KeyValue::new("server.address", "carts.example"),
            KeyValue::new("server.port", 8443_i64),
            KeyValue::new("http.response.status_code", if has_failed { 500_i64 } else { 200 }),
            KeyValue::new("cart.total", f64::from(row) * 1.25),
            KeyValue::new("cart.is_gift", row.is_multiple_of(3)),
        ],
        events: vec![("payment.authorised".into(), vec![KeyValue::new("payment.attempt", 1_i64)])],
        ..Span::default()
    }
}

fn ordinary_event(name: &str, row: u32) -> Event {
    Event {
        name: name.into(),
        time: START + u64::from(row),
        severity: (9, "INFO".into()),
        body: Value::from("the order was placed"),
        span: u64::from(row),
        attributes: vec![KeyValue::new("order.id", i64::from(row)), KeyValue::new("order.kind", "gift")],
        ..Event::default()
    }
}

/// Two resources, every kind and status, events, links, dropped counts, parents here, in another process, and none.
fn every_field() -> Rows {
    let all = Span {
        parent: 77,
        trace_state: "vendor=1,other=2".into(),
        // sampled; the parent is known to be remote
        flags: 0x301,
        status: (2, "stock \"unavailable\"".into()),
        attributes: every_value(),
        events: vec![("exception".into(), every_value()), ("plain".into(), Vec::new())],
        links: vec![every_value(), Vec::new()],
        dropped: 3,
        ..ordinary_span(0)
    };
    let more = (1..6).map(|row| Span { status: (row as u8 % 3, String::new()), ..ordinary_span(row) });
    more.fold(ordinary().span(&all).resource(&every_value(), ("other", "")), |rows, span| rows.span(&span))
}

fn every_value() -> Vec<KeyValue> {
    let list = vec![
        KeyValue::new("inner", Value::Array(vec![Value::Double(1.5), Value::Empty, Value::from("two")])),
        KeyValue::new("same", 1_i64),
        KeyValue::new("same", 2_i64),
    ];
    vec![
        KeyValue::new("text", "tab\t, quote \", umlaut ü, smile 😀"),
        KeyValue::new("empty text", ""),
        KeyValue::new("truth", true),
        KeyValue::new("smallest", i64::MIN),
        KeyValue::new("largest", i64::MAX),
        KeyValue::new("fraction", 0.1),
        KeyValue::new("not a number", f64::NAN),
        KeyValue::new("infinite", f64::NEG_INFINITY),
        KeyValue::new("bytes", vec![0_u8, 1, 254, 255]),
        KeyValue::new("array", Value::Array(vec![Value::from("a"), Value::from("b")])),
        KeyValue::new("empty array", Value::Array(Vec::new())),
        KeyValue::new("list", Value::KeyValueList(list)),
        KeyValue::new("nothing", Value::Empty),
    ]
}

fn unusual_texts() -> Vec<KeyValue> {
    let texts = [
        "\u{0}",
        "\r\n",
        "\\u0000",
        "</script>",
        "'; --",
        "\u{feff}",
        "\u{2028}",
        "e\u{301}",
        "日本語",
        "%00",
        "{{x}}",
    ];
    let keys = texts.iter().map(|text| KeyValue::new((*text).to_owned(), "value"));
    texts.iter().map(|text| KeyValue::new("text", *text)).chain(keys).collect()
}

/// Unknown, the last there is, and an end before its start.
fn times() -> Rows {
    let times = [(0, 0), (u64::MAX, u64::MAX), (START + 5, START), (0, START)];
    let spans =
        times.iter().zip(0..).map(|((start, end), row)| Span { start: *start, end: *end, ..ordinary_span(row) });
    spans.fold(ordinary(), |rows, span| rows.span(&span))
}

fn wide() -> Span {
    let attributes = (0..LIMIT).map(|number| KeyValue::new(format!("key.{number}"), number as i64));
    let attribute = || vec![KeyValue::new("key", "value")];
    Span {
        attributes: attributes.collect(),
        events: (0..LIMIT).map(|number| (format!("event {number}"), attribute())).collect(),
        links: (0..LIMIT).map(|_| attribute()).collect(),
        ..ordinary_span(0)
    }
}

fn deep() -> Value {
    (0..32).fold(Value::from("deep"), |inner, level| {
        if level % 2 == 0 { Value::Array(vec![inner]) } else { Value::KeyValueList(vec![KeyValue::new("k", inner)]) }
    })
}

#[cfg(test)]
mod tests {
    use spangate_core::otlp::{ScanLimits, scan};

    use super::*;

    #[test]
    fn every_shape_is_a_batch_that_a_client_could_have_sent() {
        for signal in Signal::ALL {
            let shapes = all(signal, "order.placed");
            assert!(shapes.len() >= 4, "{signal}");
            for Shape { name, batch } in shapes {
                assert_eq!(batch.signal(), signal);
                let sent = if signal == Signal::Events { Signal::Events } else { Signal::Spans };
                let scanned = scan(sent, batch.otlp(), &ScanLimits::default()).expect(name);
                assert_eq!((scanned.request.rows(), scanned.rejected), (batch.len(), 0), "{signal} {name}");
                assert_eq!(scanned.request.decode().span_count(), batch.columns().span_count(), "{signal} {name}");
            }
        }
    }

    #[test]
    fn a_full_batch_has_slow_spans_failed_ones_and_roots() {
        let batch = full(Signal::Spans, "");
        let spans = &batch.columns().spans;
        assert_eq!(batch.len(), FULL);
        assert_eq!(spans.status_code.iter().filter(|code| **code == 2).count(), 32);
        assert_eq!(spans.parent_span_id.chunks(8).filter(|id| id.iter().all(|byte| *byte == 0)).count(), 64);
    }
}
