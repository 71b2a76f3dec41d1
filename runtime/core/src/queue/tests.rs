//! The queue against its account.

use std::{sync::Arc, time::Duration};

use proptest::prelude::*;

use super::{exporter_queue::ENTRY_BYTES, *};
use crate::{
    batch::{Batch, BatchId},
    columns::ColumnsBuilder,
    signal::Signal,
    tally::{DropReason, Settled, Tally},
};

const NOW: Duration = Duration::from_secs(1);

/// A batch of so many started events, told apart by their time.
fn batch(rows: u32) -> Arc<Batch> {
    let mut columns = ColumnsBuilder::default();
    for row in 0..rows {
        columns.events.time.extend_from_slice(&[row, 0]);
        columns.events.observed_time.extend_from_slice(&[0, 0]);
        columns.events.severity_number.push(0);
        columns.events.severity_text.extend_from_slice(&[0, 0]);
        columns.events.name.extend_from_slice(&[0, 0]);
        columns.events.body_type.push(0);
        columns.events.body_value.extend_from_slice(&[0, 0]);
        columns.events.trace_id.extend_from_slice(&[0; 16]);
        columns.events.span_id.extend_from_slice(&[0; 8]);
        columns.events.flags.push(0);
        columns.events.dropped_attributes.push(0);
        columns.events.scope.push(0);
        columns.end_attributes(crate::columns::Owner::Event);
    }
    columns.scopes.name.extend_from_slice(&[0, 0]);
    columns.scopes.version.extend_from_slice(&[0, 0]);
    columns.scopes.schema_url.extend_from_slice(&[0, 0]);
    columns.scopes.dropped_attributes.push(0);
    columns.scopes.resource.push(0);
    columns.end_attributes(crate::columns::Owner::Scope);
    columns.resources.schema_url.extend_from_slice(&[0, 0]);
    columns.resources.dropped_attributes.push(0);
    columns.end_attributes(crate::columns::Owner::Resource);
    Arc::new(Batch::recorded(BatchId([0; 16]), Signal::Events, columns.freeze(), Arc::from([])))
}

fn queue(max_rows: usize, when_full: WhenFull) -> ExporterQueue {
    let limits = QueueLimits { max_rows, when_full, ..QueueLimits::default() };
    ExporterQueue::new(limits, Arc::default())
}

fn lens(queue: &mut ExporterQueue) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop_ready(NOW)).map(|entry| entry.rows()).collect()
}

#[test]
fn what_waits_for_its_time_can_be_made_ready_at_once_in_its_order() {
    let mut queue = queue(10, WhenFull::DropNewest);
    assert!(matches!(queue.push(batch(1), NOW), Pushed::Queued));
    assert!(matches!(queue.push(batch(2), NOW), Pushed::Queued));
    let first = queue.pop_ready(NOW).expect("a batch");
    queue.requeue([first.not_before(NOW * 100)], Settled::default());
    assert_eq!(lens(&mut queue), [2]);
    queue.ready_all(NOW);
    assert_eq!(lens(&mut queue), [1]);
}

#[test]
fn metadata_is_charged_like_rows_until_its_batch_leaves() {
    let columns = batch(1).columns().clone();
    let value = "v".repeat(1000);
    let metadata = [("tenant".to_owned(), value)].into();
    let tagged = Arc::new(Batch::recorded(BatchId([1; 16]), Signal::Events, columns, metadata));
    let limits = QueueLimits { max_bytes: ENTRY_BYTES + tagged.size() + 1_006, ..QueueLimits::default() };
    let mut queue = ExporterQueue::new(limits, Arc::default());
    assert!(matches!(queue.push(tagged.clone(), NOW), Pushed::Queued));
    assert_eq!(queue.bytes(), limits.max_bytes);
    assert!(matches!(queue.push(tagged, NOW), Pushed::Dropped(1)));
    let entry = queue.pop_ready(NOW).expect("a batch");
    assert_eq!(queue.bytes(), 0);
    queue.requeue([entry], Settled::default());
    assert_eq!(queue.bytes(), limits.max_bytes);
}

#[test]
fn a_full_queue_drops_what_comes_and_counts_it() {
    let mut queue = queue(10, WhenFull::DropNewest);
    assert!(matches!(queue.push(batch(6), NOW), Pushed::Queued));
    assert!(matches!(queue.push(batch(5), NOW), Pushed::Dropped(5)));
    assert!(matches!(queue.push(batch(4), NOW), Pushed::Queued));
    assert_eq!(lens(&mut queue), [6, 4]);
    assert_eq!(queue.tally().read().dropped().collect::<Vec<_>>(), [(DropReason::QueueFull, 5)]);
}

#[test]
fn a_full_queue_drops_what_has_waited_longest_and_counts_it() {
    let mut queue = queue(10, WhenFull::DropOldest);
    for rows in [6, 2, 2] {
        assert!(matches!(queue.push(batch(rows), NOW), Pushed::Queued));
    }
    assert!(matches!(queue.push(batch(3), NOW), Pushed::Dropped(6)));
    assert_eq!(lens(&mut queue), [2, 2, 3]);
}

#[test]
fn a_full_queue_refuses_and_counts_nothing() {
    let mut queue = queue(10, WhenFull::Refuse);
    assert!(matches!(queue.push(batch(6), NOW), Pushed::Queued));
    assert!(!queue.has_room(5, 0) && queue.has_room(4, 0));
    let Pushed::Refused(refused) = queue.push(batch(5), NOW) else { panic!("the batch was taken") };
    assert_eq!((refused.len(), queue.tally().read().accepted), (5, 6));
}

#[test]
fn a_batch_larger_than_the_queue_is_cut_and_no_row_is_refused_for_ever() {
    let mut refusing = queue(10, WhenFull::Refuse);
    assert!(refusing.has_room(25, 0));
    let Pushed::Refused(rest) = refusing.push(batch(25), NOW) else { panic!("more was taken than there is room for") };
    assert_eq!((rest.len(), refusing.tally().read().accepted), (15, 10));
    assert_eq!(lens(&mut refusing), [10]);
    let Pushed::Refused(rest) = refusing.push(rest, NOW) else { panic!("more was taken than there is room for") };
    assert_eq!(lens(&mut refusing), [10]);
    assert!(matches!(refusing.push(rest, NOW), Pushed::Queued));
    assert_eq!(lens(&mut refusing), [5]);

    let mut dropping = queue(10, WhenFull::DropNewest);
    assert!(matches!(dropping.push(batch(25), NOW), Pushed::Dropped(15)));
    assert_eq!(lens(&mut dropping), [10]);

    let mut oldest = queue(10, WhenFull::DropOldest);
    assert!(matches!(oldest.push(batch(25), NOW), Pushed::Dropped(20)));
    assert_eq!(lens(&mut oldest), [5]);
}

#[test]
fn bytes_are_bounded_as_rows_are() {
    let size = ENTRY_BYTES + batch(4).size();
    let limits = QueueLimits { max_bytes: 2 * size, ..QueueLimits::default() };
    let mut queue = ExporterQueue::new(limits, Arc::default());
    assert!(matches!(queue.push(batch(4), NOW), Pushed::Queued));
    assert!(matches!(queue.push(batch(4), NOW), Pushed::Queued));
    assert!(matches!(queue.push(batch(1), NOW), Pushed::Dropped(1)));
    assert_eq!(queue.bytes(), 2 * size);
    lens(&mut queue);
    assert_eq!((queue.bytes(), queue.rows()), (0, 0));
}

#[test]
fn an_exporter_with_a_smaller_limit_gets_smaller_batches() {
    let limits = QueueLimits { max_batch_rows: 4, ..QueueLimits::default() };
    let mut queue = ExporterQueue::new(limits, Arc::default());
    assert!(matches!(queue.push(batch(9), NOW), Pushed::Queued));
    assert_eq!(lens(&mut queue), [4, 4, 1]);
}

#[test]
fn a_batch_that_waits_for_another_attempt_keeps_its_place_and_stops_nobody() {
    let mut queue = queue(100, WhenFull::DropNewest);
    for rows in [1, 2] {
        let _ = queue.push(batch(rows), NOW);
    }
    let first = queue.pop_ready(NOW).expect("first");
    assert_eq!(first.attempt, 1);
    let later = NOW + Duration::from_secs(1);
    queue.requeue([first.not_before(later)], Settled::default());
    assert_eq!(queue.next_ready_at(), Some(NOW));
    let second = queue.pop_ready(NOW).expect("second");
    assert_eq!(second.rows(), 2);
    assert!(queue.pop_ready(NOW).is_none());
    assert_eq!(queue.next_ready_at(), Some(later));
    queue.requeue([second], Settled::default());
    let again = queue.pop_ready(later).expect("first again");
    assert_eq!((again.rows(), again.attempt, again.enqueued_at), (1, 2, NOW));
}

#[test]
fn old_batches_and_at_the_end_all_batches_are_dropped_for_a_reason() {
    let mut queue = queue(100, WhenFull::DropNewest);
    let _ = queue.push(batch(1), NOW);
    let _ = queue.push(batch(2), NOW + Duration::from_secs(5));
    assert_eq!(queue.drop_older_than(Duration::from_secs(5), NOW + Duration::from_secs(6)), 1);
    assert_eq!(queue.drop_all(DropReason::Shutdown), 2);
    let dropped: Vec<_> = queue.tally().read().dropped().collect();
    assert_eq!(dropped, [(DropReason::TooOld, 1), (DropReason::Shutdown, 2)]);
    assert!(queue.is_empty() && queue.rows() == 0 && queue.bytes() == 0);
}

#[derive(Clone, Debug)]
enum Step {
    Push(u32),
    Pop,
    Deliver,
    RequeueWhole(u64),
    RequeueHalves,
    RequeueSome,
    Age,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1u32..40).prop_map(Step::Push),
        3 => Just(Step::Pop),
        1 => Just(Step::Deliver),
        1 => (0u64..5).prop_map(Step::RequeueWhole),
        1 => Just(Step::RequeueHalves),
        1 => Just(Step::RequeueSome),
        1 => Just(Step::Age),
    ]
}

/// Settles one attempt.
fn settle(queue: &mut ExporterQueue, entry: QueueEntry, step: Step, now: Duration) {
    let rows = entry.rows();
    match step {
        Step::RequeueWhole(seconds) => {
            queue.requeue([entry.not_before(now + Duration::from_secs(seconds))], Settled::default());
        }
        Step::RequeueHalves if rows > 1 => queue.requeue(entry.halves().expect("halves"), Settled::default()),
        Step::RequeueSome => {
            let some = entry.with_batch(Arc::new(entry.batch.select(&[0])));
            queue.requeue([some], Settled { delivered: rows - 1, ..Settled::default() });
        }
        _ => queue.finish(Settled { delivered: rows / 2, rejected: rows - rows / 2, ..Settled::default() }),
    }
}

proptest! {
    #[test]
    fn the_law_holds_after_every_step(
        steps in prop::collection::vec(step(), 0..120),
        when_full in prop_oneof![Just(WhenFull::DropNewest), Just(WhenFull::DropOldest), Just(WhenFull::Refuse)],
    ) {
        let limits = QueueLimits { max_rows: 60, max_batch_rows: 16, when_full, ..QueueLimits::default() };
        let tally = Arc::new(Tally::default());
        let mut queue = ExporterQueue::new(limits, tally.clone());
        let (mut now, mut offered, mut in_flight) = (NOW, 0u64, Vec::new());
        for step in steps {
            let (most, is_push) = (queue.rows().max(60), matches!(step, Step::Push(_)));
            match step {
                Step::Push(rows) => match queue.push(batch(rows), now) {
                    Pushed::Refused(rest) => {
                        prop_assert_eq!(when_full, WhenFull::Refuse);
                        offered += u64::from(rows - rest.len());
                    }
                    Pushed::Queued | Pushed::Dropped(_) => offered += u64::from(rows),
                },
                Step::Pop => in_flight.extend(queue.pop_ready(now)),
                Step::Age => {
                    now += Duration::from_secs(1);
                    queue.drop_older_than(Duration::from_secs(4), now);
                }
                other => {
                    if let Some(entry) = in_flight.pop() {
                        settle(&mut queue, entry, other, now);
                    }
                }
            }
            // What was being tried comes back to its place, whatever came meanwhile.
            prop_assert!(queue.rows() <= most || !is_push);
            let ledger = tally.read();
            prop_assert!(ledger.is_balanced());
            prop_assert_eq!(ledger.accepted, offered);
            prop_assert_eq!(ledger.queued, queue.rows() as u64);
            prop_assert_eq!(ledger.in_flight, in_flight.iter().map(|entry| u64::from(entry.rows())).sum::<u64>());
        }
        for entry in in_flight {
            settle(&mut queue, entry, Step::Deliver, now);
        }
        queue.drop_all(DropReason::Shutdown);
        let ledger = tally.read();
        prop_assert!(ledger.is_balanced());
        prop_assert_eq!((ledger.queued, ledger.in_flight, queue.bytes()), (0, 0, 0));
    }
}
