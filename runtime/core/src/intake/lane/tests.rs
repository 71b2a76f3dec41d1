//! Lanes by themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use proptest::prelude::*;

use super::{Blocks, Lane, Pushed};
use crate::{
    attribute::KeyValue,
    columns::{Owner, pair},
    context::{SpanContext, SpanId, TraceFlags, TraceId, TraceState},
    intake::{Chunk, IntakeOptions, room::Room, shard::Shared},
    limits::SpanLimits,
    otlp,
    scope::{InstrumentationScope, Origin},
    signal::Signal,
    span::{SpanData, SpanKind, Status},
    thread_slot::SlotCounter,
};

fn shared(options: IntakeOptions) -> Shared {
    Shared {
        rows: Room::new(options.max_rows, options.shards, 128),
        bytes: Room::new(options.max_bytes, options.shards, 64 << 10),
        blocks: Blocks::new(options.max_bytes, options.shards),
        options,
        keeps_records: AtomicBool::new(false),
    }
}

fn origin(name: &'static str) -> Arc<Origin> {
    Arc::new(Origin { resource: Arc::default(), scope: InstrumentationScope::new(name) })
}

fn span(name: impl Into<crate::attribute::Key>) -> SpanData {
    SpanData { name: name.into(), ..SpanData::default() }
}

fn all(lane: &Lane, shared: &Shared) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    lane.take_all(false, shared, &mut chunks);
    chunks
}

fn names(chunks: &[Chunk]) -> Vec<String> {
    let of = |chunk: &Chunk| {
        let columns = chunk.columns.clone().freeze();
        (0..chunk.rows as usize)
            .map(|row| columns.text_at(pair(&columns.spans.name, row)).to_owned())
            .collect::<Vec<_>>()
    };
    chunks.iter().flat_map(of).collect()
}

#[test]
fn every_field_of_a_span_comes_through_a_lane() {
    let (lane, shared, slots) = (Lane::default(), shared(IntakeOptions::default()), SlotCounter::default());
    let limits = SpanLimits { attribute_count: 3, ..SpanLimits::default() };
    let mut full = span(String::from("own name"));
    full.context = SpanContext {
        trace_id: TraceId(*b"0123456789abcdef"),
        span_id: SpanId(*b"01234567"),
        trace_flags: TraceFlags(3),
        is_remote: false,
        trace_state: TraceState::from_headers(["a=1"]).expect("valid"),
    };
    (full.parent_span_id, full.parent_is_remote, full.kind) = (SpanId([9; 8]), true, SpanKind::Consumer);
    (full.start_time, full.end_time) = (u64::MAX - 1, u64::MAX);
    full.set_status(Status::error("declined"), &limits);
    for (key, value) in
        [("n", (-5i64).into()), ("own", String::from("text").into()), ("c", "constant".into()), ("d", 1i64.into())]
    {
        full.set_attribute(key.into(), value, &limits);
    }
    let (one, two) = (origin("one"), origin("two"));
    for (span, origin) in [(&span("plain"), &one), (&full, &two), (&span(""), &one)] {
        assert_eq!(lane.push(slots.slot(), span, origin, &shared), Pushed::Quietly);
    }
    let columns = all(&lane, &shared).remove(0).columns.freeze();
    let text = |column: &[u32], row| columns.text_at(pair(column, row)).to_owned();
    let spans = &columns.spans;
    assert_eq!((&spans.trace_id[16..32], &spans.span_id[8..16]), (&b"0123456789abcdef"[..], &b"01234567"[..]));
    assert_eq!((&spans.parent_span_id[8..16], spans.flags[1], spans.kind[1]), (&[9; 8][..], 0x303, 5));
    assert_eq!((pair(&spans.start_time, 1), pair(&spans.end_time, 1)), ([u32::MAX - 1, u32::MAX], [u32::MAX; 2]));
    assert_eq!((text(&spans.name, 1), text(&spans.trace_state, 1)), ("own name".into(), "a=1".into()));
    assert_eq!((spans.status_code[1], text(&spans.status_message, 1)), (2, "declined".into()));
    let expected = [KeyValue::new("n", -5i64), KeyValue::new("own", "text"), KeyValue::new("c", "constant")];
    assert_eq!(columns.key_values(Owner::Span, 1), expected);
    assert_eq!((&spans.dropped_attributes[..], &spans.scope[..]), (&[0, 1, 0][..], &[0, 1, 0][..]));
    assert_eq!([0, 2].map(|row| text(&spans.name, row)), ["plain", ""]);
    assert_eq!([0, 2].map(|row| columns.key_values(Owner::Span, row)), [vec![], vec![]]);
    for column in [&spans.dropped_events, &spans.dropped_links, &spans.event_end, &spans.link_end] {
        assert_eq!(column[..], [0; 3]);
    }
}

#[test]
fn blocks_are_filled_to_the_end_given_back_and_used_again() {
    let options = IntakeOptions { max_bytes: 64 << 10, shards: 1, chunk_rows: 1 << 20, ..IntakeOptions::default() };
    let (lane, shared, slots) = (Lane::default(), shared(options), SlotCounter::default());
    let origin = origin("one");
    let mut expected = Vec::new();
    for round in 0..50 {
        for number in 0..round * 13 {
            // Of every length, so that blocks end in every way.
            let name = format!("{number}{}", "x".repeat(number % 29));
            if lane.push(slots.slot(), &span(name.clone()), &origin, &shared) != Pushed::Not {
                expected.push(name);
            }
        }
        assert_eq!(names(&all(&lane, &shared)), expected);
        expected.clear();
    }
    let free = |room: &Room| std::iter::from_fn(|| room.take(1)).sum::<usize>();
    // The block that is being written is 8 KiB.
    assert_eq!(free(&shared.bytes), 56 << 10);
    assert_eq!(shared.blocks.spare(), 7);
    shared.blocks.forget_spare();
    assert_eq!(shared.blocks.spare(), 0);
    // One for the lane's last block, one here.
    assert_eq!(Arc::strong_count(&origin), 2);
}

#[test]
fn a_span_that_finds_no_room_or_needs_more_goes_another_way() {
    let options = IntakeOptions { max_bytes: 128 << 10, shards: 2, max_rows: 3, ..IntakeOptions::default() };
    let (lane, shared, slots) = (Lane::default(), shared(options), SlotCounter::default());
    let (origin, limits) = (origin("one"), SpanLimits::default());
    let push = |span: &SpanData| lane.push(slots.slot(), span, &origin, &shared);
    let mut replaced = span("a");
    let mut nested = span("a");
    let mut with_event = span("a");
    let mut with_link = span("a");
    let mut with_dropped_link = span("a");
    for value in [1i64, 2] {
        replaced.set_attribute("key".into(), value.into(), &limits);
    }
    nested.set_attribute("key".into(), vec![1u8].into(), &limits);
    with_event.add_event(1, "event".into(), [], &limits);
    with_link.add_link(SpanContext::default(), [], &limits);
    with_dropped_link.add_link(SpanContext::default(), [], &SpanLimits { link_count: 0, ..limits.clone() });
    let too_long = span("x".repeat(8 << 10));
    for other in [&replaced, &nested, &with_event, &with_link, &with_dropped_link, &too_long] {
        assert_eq!(push(other), Pushed::Not);
    }
    assert_eq!([(); 4].map(|()| push(&span("a"))), [Pushed::Quietly, Pushed::Quietly, Pushed::Quietly, Pushed::Not]);
    assert_eq!(thread::scope(|scope| scope.spawn(|| push(&span("b"))).join().expect("thread")), Pushed::Not);
    assert_eq!((all(&lane, &shared).len(), lane.counts()), (1, (3, 0)));
    assert_eq!(push(&span("a")), Pushed::Quietly);
}

#[test]
fn spans_of_more_origins_than_a_block_has_numbers_for_begin_another() {
    let (lane, shared, slots) = (Lane::default(), shared(IntakeOptions::default()), SlotCounter::default());
    let origins: Vec<_> = (0..20).map(|_| origin("same name")).collect();
    for origin in origins.iter().chain(&origins) {
        assert_eq!(lane.push(slots.slot(), &span("a"), origin, &shared), Pushed::Quietly);
    }
    let chunk = all(&lane, &shared).remove(0);
    let scopes: Vec<_> = (0..20).chain(0..20).collect();
    assert_eq!(chunk.columns.spans.scope, scopes);
}

#[test]
fn a_chunk_is_full_by_rows_or_bytes_and_what_was_collected_does_not_count() {
    let options = IntakeOptions { chunk_rows: 10, chunk_bytes: 4_000, ..IntakeOptions::default() };
    let (lane, shared, slots) = (Lane::default(), shared(options), SlotCounter::default());
    let origin = origin("one");
    let push = |name: &str| lane.push(slots.slot(), &span(name.to_owned()), &origin, &shared);
    let full = |name: &str| (1..=100).find(|_| push(name) == Pushed::ChunkIsFull);
    assert_eq!(full("a"), Some(10));
    assert_eq!(push("a"), Pushed::Quietly);
    let mut ready = Vec::new();
    lane.take_ready(&shared, &mut ready);
    assert_eq!(ready.iter().map(|chunk| chunk.rows).collect::<Vec<_>>(), [10]);
    (0..3).for_each(|_| assert_eq!(push("a"), Pushed::Quietly));
    assert_eq!(all(&lane, &shared)[0].rows, 4);
    assert_eq!(full("a"), Some(10));
    all(&lane, &shared);
    // 96 bytes and the name.
    assert_eq!(full(&"x".repeat(904)), Some(4));
    all(&lane, &shared);
    assert_eq!(full(&"x".repeat(4_000)), Some(1));
    assert_eq!(lane.published.load(Ordering::Relaxed), 29);
}

#[test]
fn a_span_that_slips_in_after_the_last_collection_is_told_from_those_that_were_collected() {
    let (lane, shared, slots) = (Lane::default(), shared(IntakeOptions::default()), SlotCounter::default());
    let origin = origin("one");
    let push = || lane.push(slots.slot(), &span("a"), &origin, &shared);
    push();
    let mut chunks = Vec::new();
    lane.take_all(true, &shared, &mut chunks);
    assert_eq!(lane.counts(), (1, 0));
    push();
    push();
    assert_eq!(lane.counts(), (3, 2));
    lane.take_all(true, &shared, &mut chunks);
    assert_eq!((chunks.len(), lane.counts()), (2, (3, 0)));
}

#[test]
fn a_span_that_slips_in_and_is_collected_nevertheless_counts_once() {
    let options = IntakeOptions { chunk_rows: 1, ..IntakeOptions::default() };
    let (lane, shared, slots) = (Lane::default(), shared(options), SlotCounter::default());
    let origin = origin("one");
    let mut chunks = Vec::new();
    lane.take_all(true, &shared, &mut chunks);
    assert_eq!(lane.push(slots.slot(), &span("a"), &origin, &shared), Pushed::ChunkIsFull);
    assert_eq!(lane.counts(), (1, 1));
    lane.take_ready(&shared, &mut chunks);
    assert_eq!((chunks.len(), lane.counts()), (1, (1, 0)));
}

#[test]
fn a_chunk_that_may_have_no_bytes_has_a_span() {
    let options = IntakeOptions { chunk_bytes: 0, ..IntakeOptions::default() };
    let (lane, shared, slots) = (Lane::default(), shared(options), SlotCounter::default());
    let origin = origin("one");
    for name in ["a", "b"] {
        assert_eq!(lane.push(slots.slot(), &span(name), &origin, &shared), Pushed::ChunkIsFull);
    }
    let chunks = all(&lane, &shared);
    assert_eq!((chunks.len(), names(&chunks)), (2, vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn a_span_that_fits_into_no_block_takes_no_room_with_it() {
    let options = IntakeOptions { max_bytes: 0, ..IntakeOptions::default() };
    let (lane, shared, slots) = (Lane::default(), shared(options), SlotCounter::default());
    assert_eq!(lane.push(slots.slot(), &span("a"), &origin("one"), &shared), Pushed::Not);
    assert!(shared.rows.take_exactly(options.max_rows), "all of it is there");
}

#[test]
fn a_reader_behind_a_writer_sees_every_span_whole_and_once() {
    const SPANS: u64 = if cfg!(miri) { 300 } else { 60_000 };
    let options =
        IntakeOptions { max_bytes: 256 << 10, shards: 1, chunk_rows: 16, max_rows: 4_000, ..IntakeOptions::default() };
    let (lane, shared, slots) = (Lane::default(), shared(options), SlotCounter::default());
    let mut seen = Vec::new();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let origin = origin("one");
            let mut refused = 0u64;
            for number in 0..SPANS {
                let name = format!("{number}:{}", "y".repeat(number as usize % 50));
                let mut span = span(name);
                span.set_attribute("number".into(), (number as i64).into(), &SpanLimits::default());
                while lane.push(slots.slot(), &span, &origin, &shared) == Pushed::Not {
                    refused += 1;
                    thread::yield_now();
                }
            }
            refused
        });
        let mut is_over = false;
        while !is_over {
            is_over = writer.is_finished();
            let mut chunks = Vec::new();
            match seen.len() % 3 {
                0 => lane.take_all(false, &shared, &mut chunks),
                _ => lane.take_ready(&shared, &mut chunks),
            }
            if is_over {
                lane.take_all(false, &shared, &mut chunks);
            }
            for chunk in chunks {
                let columns = chunk.columns.freeze();
                for row in 0..chunk.rows as usize {
                    let name = columns.text_at(pair(&columns.spans.name, row));
                    let number: u64 = name.split(':').next().and_then(|number| number.parse().ok()).expect("a number");
                    assert_eq!(name.len(), number.to_string().len() + 1 + number as usize % 50);
                    assert_eq!(columns.key_values(Owner::Span, row), [KeyValue::new("number", number as i64)]);
                    seen.push(number);
                }
            }
        }
    });
    assert_eq!(seen, (0..SPANS).collect::<Vec<_>>());
}

/// Spans of every kind that a lane takes, from a few numbers.
fn any_span(numbers: &[(u8, i64)]) -> SpanData {
    let limits = SpanLimits { attribute_count: 6, ..SpanLimits::default() };
    let first = numbers.first().map_or(0, |(_, number)| *number);
    let mut span = if first % 2 == 0 { span("constant name") } else { span(format!("n{first}")) };
    if first % 5 == 0 {
        span.name = "".into();
    }
    span.context.trace_id = TraceId([first as u8; 16]);
    (span.context.span_id, span.parent_span_id) = (SpanId([7; 8]), SpanId([first as u8 & 1; 8]));
    (span.start_time, span.end_time) = (first as u64, u64::MAX);
    if first % 3 == 0 {
        span.set_status(Status::error("declined"), &limits);
        span.context.trace_state = TraceState::from_headers(["a=1"]).expect("valid");
    }
    for (at, (kind, number)) in numbers.iter().enumerate() {
        let constant = ["a", "key of more than sixteen bytes", "z"][at % 3];
        let key: crate::attribute::Key = if number % 2 == 0 { constant.into() } else { format!("k{at}").into() };
        let value = match kind % 7 {
            0 => crate::attribute::Value::Empty,
            1 => (*number).into(),
            2 => (*number as f64).into(),
            3 => (*number > 0).into(),
            4 => "a constant".into(),
            5 => "".into(),
            _ => number.to_string().repeat(*kind as usize / 7).into(),
        };
        // A value that was replaced goes another way.
        if span.attributes.get(&key).is_none() {
            span.set_attribute(key, value, &limits);
        }
    }
    span
}

proptest! {
    #[test]
    fn spans_that_are_kept_as_they_were_recorded_say_what_columns_say(
        spans in prop::collection::vec((0usize..9, prop::collection::vec((any::<u8>(), any::<i64>()), 0..9)), 1..120),
        chunk_rows in 1u32..90,
    ) {
        let resources = [Arc::default(), Arc::new(crate::resource::Resource::new("shop"))];
        let origins: Vec<_> = (0..9).map(|number| {
            let scope = InstrumentationScope::new(format!("scope {number}"));
            Arc::new(Origin { resource: Arc::clone(&resources[number % 2]), scope })
        }).collect();
        let recorded = |keeps_records| {
            let options = IntakeOptions { max_bytes: 256 << 10, shards: 1, chunk_rows, ..IntakeOptions::default() };
            let (lane, shared, slots) = (Lane::default(), shared(options), SlotCounter::default());
            shared.keeps_records.store(keeps_records, Ordering::Relaxed);
            for (origin, numbers) in &spans {
                let pushed = lane.push(slots.slot(), &any_span(numbers), &origins[*origin], &shared);
                assert_ne!(pushed, Pushed::Not);
            }
            all(&lane, &shared)
        };
        let (kept, split) = (recorded(true), recorded(false));
        prop_assert_eq!(kept.len(), split.len());
        for (kept, split) in kept.into_iter().zip(split) {
            let records = kept.records.expect("kept");
            prop_assert_eq!((kept.rows, records.len()), (split.rows, split.rows as usize));
            let columns = split.columns.freeze();
            let bytes = otlp::encode(Signal::Spans, &columns);
            prop_assert_eq!(otlp::encode_records(&records), bytes.clone());
            prop_assert_eq!(otlp::encode(Signal::Spans, &records.columns()), bytes);
            let texts = spans.iter().map(|(_, numbers)| numbers.len()).sum::<usize>();
            prop_assert!(records.size() >= 13 * 8 * records.len() && records.size() < 1_000 * (spans.len() + texts));
        }
    }
}
