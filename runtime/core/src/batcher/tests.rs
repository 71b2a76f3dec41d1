//! Batches against the pieces they were made of.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::{
    batch::{Batch, BatchId, Metadata, Origin},
    clock::ManualClock,
    columns::{ColumnsBuilder, Owner},
    intake::{Intake, IntakeOptions, Records},
    otlp::{self, ScanLimits},
    queue::{ExporterQueue, Pushed, QueueLimits},
    signal::Signal,
    tracer::Tracer,
};

const NOW: Duration = Duration::from_secs(100);
const DELAY: Duration = Duration::from_secs(5);

/// A request of spans with these numbers as ids and names of this length.
fn request(ids: std::ops::Range<u64>, name_len: usize) -> otlp::Request {
    let span = |id: u64| Span {
        trace_id: vec![1; 16],
        span_id: (id + 1).to_be_bytes().to_vec(),
        name: "n".repeat(name_len),
        ..Span::default()
    };
    let scope_spans = ScopeSpans { spans: ids.map(span).collect(), ..ScopeSpans::default() };
    let resource_spans = ResourceSpans { scope_spans: vec![scope_spans], ..ResourceSpans::default() };
    let bytes = ExportTraceServiceRequest { resource_spans: vec![resource_spans] }.encode_to_vec();
    otlp::scan(Signal::Spans, Bytes::from(bytes), &ScanLimits::default()).expect("valid").request
}

/// The same as columns.
fn columns(ids: std::ops::Range<u64>, name_len: usize) -> ColumnsBuilder {
    let mut columns = ColumnsBuilder::default();
    for id in ids {
        let name = columns.push_text(&"n".repeat(name_len));
        columns.end_attributes(Owner::Span);
        let rows = &mut columns.spans;
        rows.trace_id.extend_from_slice(&[1; 16]);
        rows.span_id.extend_from_slice(&(id + 1).to_be_bytes());
        rows.parent_span_id.extend_from_slice(&[0; 8]);
        rows.name.extend_from_slice(&name);
        rows.kind.push(1);
        rows.status_code.push(0);
        for pair in [&mut rows.trace_state, &mut rows.start_time, &mut rows.end_time, &mut rows.status_message] {
            pair.extend_from_slice(&[0, 0]);
        }
        for word in [
            &mut rows.flags,
            &mut rows.dropped_attributes,
            &mut rows.dropped_events,
            &mut rows.dropped_links,
            &mut rows.scope,
            &mut rows.event_end,
            &mut rows.link_end,
        ] {
            word.push(0);
        }
    }
    columns.scopes.name.extend_from_slice(&[0, 0]);
    columns.scopes.version.extend_from_slice(&[0, 0]);
    columns.scopes.schema_url.extend_from_slice(&[0, 0]);
    columns.scopes.dropped_attributes.push(0);
    columns.scopes.resource.push(0);
    columns.end_attributes(Owner::Scope);
    columns.resources.schema_url.extend_from_slice(&[0, 0]);
    columns.resources.dropped_attributes.push(0);
    columns.end_attributes(Owner::Resource);
    columns
}

fn ids(batch: &Batch) -> Vec<u64> {
    let spans = &batch.columns().spans;
    spans.span_id.chunks_exact(8).map(|id| u64::from_be_bytes(id.try_into().expect("8 bytes")) - 1).collect()
}

/// A batcher and what came out of it.
struct Bench {
    batcher: Batcher,
    ready: VecDeque<Batch>,
}

impl Bench {
    fn new(limits: BatchLimits) -> Self {
        Self { batcher: Batcher::new(Signal::Spans, limits, [9; 8]), ready: VecDeque::new() }
    }

    fn push(&mut self, piece: Piece, now: Duration) {
        self.batcher.push(piece, now, |batch| self.ready.push_back(batch));
    }

    fn flush(&mut self) {
        self.batcher.flush(|batch| self.ready.push_back(batch));
    }

    fn poll(&mut self, now: Duration) -> Option<Batch> {
        self.batcher.cut_due(now, |batch| self.ready.push_back(batch));
        self.ready.pop_front()
    }
}

fn batcher(max_rows: u32) -> Bench {
    Bench::new(BatchLimits { max_rows, schedule_delay: DELAY, ..BatchLimits::default() })
}

fn tenant(name: &str) -> Metadata {
    Metadata::from([("tenant".to_owned(), name.to_owned())])
}

fn drain(batcher: &mut Bench, now: Duration) -> Vec<Vec<u64>> {
    std::iter::from_fn(|| batcher.poll(now)).map(|batch| ids(&batch)).collect()
}

fn numbers(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

#[test]
fn small_requests_are_joined_until_the_batch_is_full() {
    let mut batcher = batcher(10);
    for start in [0, 4, 8] {
        batcher.push(Piece::Received(request(start..start + 4, 3), tenant("a")), NOW);
    }
    // The third does not fit, and is not cut.
    assert_eq!(drain(&mut batcher, NOW), [numbers(0..8)]);
    batcher.push(Piece::Received(request(12..18, 3), tenant("a")), NOW);
    assert_eq!(drain(&mut batcher, NOW), [numbers(8..18)]);
    assert_eq!((batcher.batcher.next_deadline(), batcher.batcher.rows()), (None, 0));
}

#[test]
fn a_row_waits_no_longer_than_the_schedule_delay() {
    let mut batcher = batcher(10);
    assert_eq!(batcher.batcher.next_deadline(), None);
    batcher.push(Piece::Recorded(columns(0..2, 1)), NOW);
    batcher.push(Piece::Recorded(columns(2..4, 1)), NOW + DELAY / 2);
    assert_eq!(batcher.batcher.next_deadline(), Some(NOW + DELAY));
    assert!(batcher.poll(NOW + DELAY - Duration::from_nanos(1)).is_none());
    assert_eq!(drain(&mut batcher, NOW + DELAY), [numbers(0..4)]);
}

#[test]
fn requests_that_came_slowly_are_joined_as_their_bytes_one_after_the_other_and_cut_again_row_by_row() {
    let mut batcher = batcher(10);
    let requests = [request(0..2, 3), request(2..5, 70), request(5..6, 200)];
    for (at, request) in (0..).zip(&requests) {
        assert!(batcher.poll(NOW + at * DELAY / 4).is_none());
        batcher.push(Piece::Received(request.clone(), tenant("a")), NOW + at * DELAY / 4);
    }
    let batch = batcher.poll(NOW + DELAY).expect("the first row has waited long enough");
    let bytes: Vec<_> = requests.iter().map(otlp::Request::otlp).collect();
    assert_eq!(batch.otlp(), bytes.concat());
    // What a backend took only in part is sent again without being built anew.
    assert_eq!(ids(&batch.select(&[1, 2, 5])), [1, 2, 5]);
    assert_eq!(batch.piece(2..5).otlp(), requests[1].otlp());
    assert_eq!(batch.piece(5..6).otlp(), requests[2].otlp());
}

#[test]
fn a_request_as_large_as_a_batch_is_sent_on_as_the_bytes_it_came_in() {
    let mut batcher = batcher(10);
    let whole = request(3..13, 3);
    batcher.push(Piece::Received(request(0..3, 3), tenant("a")), NOW);
    batcher.push(Piece::Received(whole.clone(), tenant("a")), NOW);
    assert_eq!(ids(&batcher.poll(NOW).expect("first")), numbers(0..3));
    assert_eq!(batcher.poll(NOW).expect("second").otlp().as_ptr(), whole.otlp().as_ptr());
}

#[test]
fn what_is_too_large_is_cut_in_order_whether_by_rows_or_by_bytes() {
    let mut by_rows = batcher(10);
    by_rows.push(Piece::Received(request(0..25, 3), tenant("a")), NOW);
    by_rows.push(Piece::Recorded(columns(25..48, 3)), NOW);
    assert_eq!(
        drain(&mut by_rows, NOW),
        [numbers(0..10), numbers(10..20), numbers(25..35), numbers(35..45), numbers(45..48)]
    );
    assert_eq!(drain(&mut by_rows, NOW + DELAY), [numbers(20..25)]);

    let limits = BatchLimits { max_bytes: 2_000, ..BatchLimits::default() };
    let mut by_bytes = Bench::new(limits);
    by_bytes.push(Piece::Received(request(0..9, 500), tenant("a")), NOW);
    by_bytes.push(Piece::Recorded(columns(9..18, 500)), NOW);
    by_bytes.push(Piece::Received(request(18..19, 5_000), tenant("a")), NOW);
    by_bytes.flush();
    let batches: Vec<Batch> = std::iter::from_fn(|| by_bytes.poll(NOW)).collect();
    assert!(batches.iter().all(|batch| batch.size() <= 2_000 || batch.len() == 1));
    let mut all: Vec<u64> = batches.iter().flat_map(ids).collect();
    all.sort_unstable();
    assert_eq!(all, numbers(0..19));
    assert!(batches.len() < 15, "{}", batches.len());
}

#[test]
fn an_id_is_the_boot_id_and_a_sequence_number() {
    let mut batcher = batcher(1);
    batcher.push(Piece::Recorded(columns(0..1, 1)), NOW);
    batcher.push(Piece::Received(request(1..2, 1), tenant("a")), NOW);
    let ids: Vec<BatchId> = std::iter::from_fn(|| batcher.poll(NOW)).map(|batch| batch.id()).collect();
    let expected = [0, 1].map(|n| BatchId([9, 9, 9, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, n]));
    assert_eq!(ids, expected);
}

#[test]
fn too_many_tenants_send_off_the_oldest_pending_batch() {
    let mut batcher = batcher(10);
    for n in 0..70 {
        batcher.push(Piece::Received(request(n..n + 1, 1), tenant(&n.to_string())), NOW);
    }
    assert_eq!(drain(&mut batcher, NOW), (0..6).map(|n| vec![n]).collect::<Vec<_>>());
    assert_eq!(batcher.batcher.rows(), 64);
}

#[test]
fn small_requests_of_interleaved_tenants_are_joined_by_tenant_and_never_mixed() {
    let mut batcher = batcher(10);
    for n in 0..20 {
        let name = if n % 2 == 0 { "even" } else { "odd" };
        batcher.push(Piece::Received(request(n..n + 1, 1), tenant(name)), NOW);
    }
    let batches: Vec<Batch> = std::iter::from_fn(|| batcher.poll(NOW)).collect();
    let seen: Vec<_> = batches.iter().map(|batch| (batch.metadata("tenant").expect("a tenant"), ids(batch))).collect();
    assert_eq!(seen, [("even", (0..20).step_by(2).collect()), ("odd", (1..20).step_by(2).collect())]);
}

#[test]
fn the_limit_of_different_metadata_is_the_operators() {
    let limits = BatchLimits { metadata_cardinality_limit: 1, ..BatchLimits::default() };
    let mut batcher = Bench::new(limits);
    for (n, name) in ["a", "a", "b", "a"].into_iter().enumerate() {
        batcher.push(Piece::Received(request(n as u64..n as u64 + 1, 1), tenant(name)), NOW);
    }
    assert_eq!(drain(&mut batcher, NOW), [vec![0, 1], vec![2]]);
    assert_eq!(batcher.batcher.rows(), 1);
}

#[test]
fn metadata_counts_against_the_bytes_that_may_be_pending() {
    let limits = BatchLimits { max_bytes: 10_000, ..BatchLimits::default() };
    let mut batcher = Bench::new(limits);
    // Each takes 9,000 bytes and a little for its row; eight times 10,000 may be pending.
    let large = |n: u64| tenant(&format!("{n}{}", "x".repeat(9_000)));
    for n in 0..8 {
        batcher.push(Piece::Received(request(n..n + 1, 1), large(n)), NOW);
    }
    assert_eq!((batcher.ready.len(), batcher.batcher.rows()), (0, 8));
    batcher.push(Piece::Received(request(8..9, 1), large(8)), NOW);
    assert_eq!((drain(&mut batcher, NOW), batcher.batcher.rows()), (vec![vec![0]], 8));
    // More than a batch may have by itself: it does not wait for others.
    let mut batcher = Bench::new(BatchLimits { max_bytes: 9_000, ..limits });
    batcher.push(Piece::Received(request(0..1, 1), large(0)), NOW);
    assert_eq!((batcher.ready.len(), batcher.batcher.rows()), (1, 0));
}

#[test]
fn nothing_is_pending_for_a_piece_without_rows() {
    let mut batcher = batcher(10);
    batcher.push(Piece::Recorded(ColumnsBuilder::default()), NOW);
    batcher.push(Piece::Received(request(0..0, 1), tenant("a")), NOW);
    batcher.flush();
    assert!(batcher.poll(NOW).is_none() && batcher.batcher.next_deadline().is_none());
}

/// The same as they were recorded, under ids of their own.
fn records(rows: u32) -> Records {
    records_with(rows, |_| "")
}

/// Each with a constant.
fn records_with(rows: u32, constant: impl Fn(u32) -> &'static str) -> Records {
    let intake = Arc::new(Intake::new(IntakeOptions::default(), || {}));
    intake.keep_records(true);
    let tracer = Tracer::builder(Arc::new(ManualClock::at_unix_nanos(1)), intake.clone()).build();
    (0..rows).for_each(|row| drop(tracer.span("n").attribute("k", constant(row)).start()));
    intake.take_all().remove(0).records.expect("kept")
}

#[test]
fn constants_count_for_the_size_of_spans_as_they_were_recorded() {
    let limits = BatchLimits { max_bytes: 25_000, ..BatchLimits::default() };
    for (rows, expected) in [(2, &[2][..]), (5, &[2, 2, 1])] {
        let mut batcher = Bench::new(limits);
        let records = records_with(rows, |row| row.to_string().repeat(10_000).leak());
        batcher.push(Piece::Records(records), NOW);
        batcher.flush();
        assert_eq!(batcher.ready.iter().map(Batch::len).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn spans_as_they_were_recorded_are_a_batch_and_become_columns_when_something_is_done_about_their_rows() {
    let limits = BatchLimits { max_rows: 4, ..BatchLimits::default() };
    let mut batcher = Bench::new(limits);
    let (whole, first, second) = (records(4), records(1), records(2));
    let expected: Vec<_> = [&whole, &first, &second].map(|records| records.columns().spans.span_id.to_vec()).into();
    batcher.push(Piece::Records(whole), NOW);
    let batch = batcher.poll(NOW).expect("it is full");
    assert_eq!((batch.len(), batch.is_received(), batch.size()), (4, false, records(4).size()));
    assert_eq!(batch.columns().spans.span_id[..], expected[0]);
    assert_eq!(batch.slice(1..3).columns().spans.span_id[..], expected[0][8..24]);
    assert_eq!(batch.otlp(), otlp::encode(Signal::Spans, batch.columns()));
    batcher.push(Piece::Records(first), NOW);
    batcher.push(Piece::Records(second), NOW);
    batcher.push(Piece::Recorded(columns(0..1, 1)), NOW);
    let joined = batcher.poll(NOW).expect("it is full");
    let ids = [&expected[1][..], &expected[2], &1u64.to_be_bytes()].concat();
    assert_eq!(joined.columns().spans.span_id[..], ids);
    batcher.push(Piece::Records(records(9)), NOW);
    assert_eq!(std::iter::from_fn(|| batcher.poll(NOW)).map(|batch| batch.len()).collect::<Vec<_>>(), [4, 4, 1]);
    batcher.push(Piece::Records(Records::default()), NOW);
    assert!(batcher.poll(NOW + DELAY).is_none() && batcher.batcher.rows() == 0);
}

#[test]
fn a_queue_cuts_spans_as_they_were_recorded_and_leaves_no_view_with_the_whole() {
    let mut batcher = Bench::new(BatchLimits::default());
    batcher.push(Piece::Records(records(9)), NOW);
    batcher.flush();
    let whole = Arc::new(batcher.poll(NOW).expect("flushed"));
    let limits = QueueLimits { max_batch_rows: 4, ..QueueLimits::default() };
    let mut queue = ExporterQueue::new(limits, Arc::default());
    assert!(matches!(queue.push(whole.clone(), NOW), Pushed::Queued));
    let pieces: Vec<_> = std::iter::from_fn(|| queue.pop_ready(NOW)).map(|entry| entry.batch).collect();
    assert_eq!(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>(), [4, 4, 1]);
    let ids: Vec<u8> = pieces.iter().flat_map(|piece| piece.columns().spans.span_id.to_vec()).collect();
    assert!(!whole.has_views());
    assert_eq!(ids, whole.columns().spans.span_id[..]);
}

proptest! {
    #[test]
    fn batches_hold_every_row_once_in_order_within_the_limits_and_of_one_kind(
        max_rows in 1u32..30, max_bytes in 1usize..5_000, metadata_cardinality_limit in 1usize..5,
        pieces in prop::collection::vec((0u64..60, 0usize..100, 0u8..4, 0u64..3), 0..30),
    ) {
        let limits = BatchLimits { max_rows, max_bytes, schedule_delay: DELAY, metadata_cardinality_limit };
        let mut batcher = Bench::new(limits);
        let (mut now, mut next, mut batches) = (NOW, 0, Vec::new());
        let mut pushed: HashMap<u8, Vec<u64>> = HashMap::new();
        for (rows, name_len, kind, seconds) in pieces {
            let range = next..next + rows;
            next += rows;
            pushed.entry(kind).or_default().extend(range.clone());
            batcher.push(match kind {
                0 => Piece::Recorded(columns(range, name_len)),
                _ => Piece::Received(request(range, name_len), tenant(&kind.to_string())),
            }, now);
            now += Duration::from_secs(seconds);
            batches.extend(std::iter::from_fn(|| batcher.poll(now)));
            prop_assert!(batcher.batcher.next_deadline().is_none_or(|at| now < at && at <= now + DELAY));
        }
        batcher.flush();
        batches.extend(std::iter::from_fn(|| batcher.poll(now)));
        let mut seen: HashMap<u8, Vec<u64>> = HashMap::new();
        for batch in &batches {
            prop_assert!(batch.len() <= max_rows);
            let size = match batch.origin() {
                Origin::Recorded(columns) => columns.size(),
                Origin::Received(request) => request.size(),
            };
            // Groups of joined requests are written anew, with lengths of their own: a few bytes each.
            prop_assert!(batch.len() == 1 || size <= max_bytes + 64, "{size}");
            let kind = batch.metadata("tenant").map_or(0, |tenant| tenant.parse().expect("number"));
            seen.entry(kind).or_default().extend(ids(batch));
        }
        pushed.retain(|_, rows| !rows.is_empty());
        prop_assert_eq!(seen, pushed);
        let mut batch_ids: Vec<_> = batches.iter().map(Batch::id).collect();
        batch_ids.sort_unstable();
        batch_ids.dedup();
        prop_assert_eq!(batch_ids.len(), batches.len());
    }
}
