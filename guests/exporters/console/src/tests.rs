use super::*;
use spangate_sdk::testing::{self, BatchBuilder, Event, Host, Span, every_event_shape, every_span_shape};
use spangate_sdk::{SpanId, StatusCode};

/// What is drawn for a batch in 80 columns without colours.
fn drawn(settings: &str, batch: &Batch) -> String {
    let host = Host::install();
    host.set_terminal(Some(80), false);
    let mut console: Console = testing::configure(settings).unwrap();
    assert_eq!(console.export_spans(batch), Outcome::Accepted);
    host.terminal()
}

fn batch(spans: impl IntoIterator<Item = Span>) -> Batch {
    let builder = BatchBuilder::new().resource(&[("service.name", "shop".into())]);
    spans.into_iter().fold(builder, BatchBuilder::span).build()
}

#[test]
fn each_trace_is_a_tree_with_times_and_bars() {
    let expected = "\
trace 01010101010101010101010101010101  3 spans  48.0 ms  1 error
POST /cart  shop                             48.0 ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━
× stock \"unavailable\"
├─ SELECT carts                              17.0 ms   ━━━━━━━━━
└─ price                                     24.0 ms             ━━━━━━━━━━━━━

trace 02020202020202020202020202020202  2 spans  405 ns
… send  mail                                    0 ns  ━
└─ take                                       400 ns  ━━━━━━━━━━━━━━━━━━━━━━━━━━

";
    assert_eq!(drawn("{}", &every_span_shape()), expected);
}

#[test]
fn colours_are_used_if_the_terminal_wants_them_or_the_settings_do() {
    let batch = batch([Span::new("a", 1).status(StatusCode::Error, "no")]);
    assert!(!drawn("{}", &batch).contains('\u{1b}'));
    let colored = drawn(r#"{"colors": true}"#, &batch);
    assert!(colored.contains("\u{1b}[31ma\u{1b}[0m"), "{colored}");
    let host = Host::install();
    host.set_terminal(None, true);
    testing::configure::<Console>(r#"{"colors": false}"#).unwrap().export_spans(&batch);
    assert!(!host.terminal().contains('\u{1b}'));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let long = "a name that does not end ".repeat(20);
    let chain =
        (1..60).map(|id| Span::new(&long, id).parent(id - 1).time(id.into(), 1).status(StatusCode::Error, &long));
    let batch = batch(chain);
    for width in [40, 41, 79, 200] {
        let text = drawn(&format!(r#"{{"width": {width}}}"#), &batch);
        assert_eq!(text.lines().count(), 59 * 2 + 2);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} > {width}");
    }
}

#[test]
fn names_cannot_move_the_cursor() {
    let text = drawn("{}", &batch([Span::new("a\nb\u{1b}[2Jc\td", 1)]));
    assert!(text.contains("a b [2Jc d  shop"), "{text}");
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn parents_that_go_round_in_a_circle_and_ids_that_repeat_are_drawn_once_each() {
    let spans = [
        Span::new("own parent", 1).parent(1),
        Span::new("first", 2).parent(3).time(1, 5),
        Span::new("second", 3).parent(2).time(2, 5),
        Span::new("twin", 4).time(3, 1),
        Span::new("twin", 4).time(4, 1),
        Span::new("child of twin", 5).parent(4).time(5, 1),
    ];
    let text = drawn("{}", &batch(spans));
    assert_eq!(text.lines().count(), 8, "{text}");
    assert!(text.contains("\n… first") && text.contains("\n└─ second"), "{text}");
}

#[test]
fn times_out_of_order_draw_a_bar_inside_the_line() {
    let mut odd = Span::new("odd", 1);
    (odd.start_time, odd.end_time) = (u64::MAX, 0);
    let text = drawn("{}", &batch([odd, Span::new("even", 2).time(0, 1000)]));
    assert_eq!(text.lines().filter(|line| line.contains('━')).count(), 2, "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn attributes_that_were_asked_for_follow_the_name() {
    let batch = batch([Span::new("a", 1).attribute("http.route", "/cart").attribute("other", 1)]);
    let text = drawn(r#"{"attributes": ["http.route", "missing"]}"#, &batch);
    assert!(text.contains("a  shop  http.route=/cart   "), "{text}");
}

#[test]
fn a_parent_from_another_batch_is_hinted_at() {
    let mut span = Span::new("a", 1);
    span.parent_span_id = SpanId([7; 8]);
    assert!(drawn("{}", &batch([span])).contains("\n… a  shop"));
}

#[test]
fn events_are_drawn_one_per_line() {
    let host = Host::install();
    host.set_terminal(Some(70), false);
    testing::configure::<Console>("{}").unwrap().export_events(&every_event_shape());
    let text = host.terminal();
    let expected = "\
22:13:20.000 INFO  order.placed  shop  {\"total\":12.5,\"items\":[\"tea\",\"…
00:00:00.000       bare  shop
";
    assert_eq!(text, expected);
    let warning = BatchBuilder::new().resource(&[]).event(Event::new("low").severity(13, "")).build();
    testing::configure::<Console>(r#"{"colors": true}"#).unwrap().export_events(&warning);
    assert!(host.terminal().contains("\u{1b}[33m WARN  \u{1b}[0m\u{1b}[1mlow\u{1b}[0m"));
}

#[test]
fn durations_have_three_digits() {
    let drawn = [0, 999, 1_000, 48_000_000, 123_456_789, 1_000_000_000, 90_000_000_000].map(draw::time);
    assert_eq!(drawn, ["0 ns", "999 ns", "1.00 µs", "48.0 ms", "123 ms", "1.00 s", "90.0 s"]);
}

#[test]
fn a_width_that_is_out_of_range_is_refused() {
    let errors = testing::configure::<Console>(r#"{"width": 10}"#).err().unwrap();
    assert_eq!((errors[0].path.as_str(), errors[0].message.as_str()), ("width", "10 is not between 40 and 400"));
}
