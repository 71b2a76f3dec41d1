//! Exporters that fault on some rows, or on all, before a queue and its circuit: one worker and a clock of its own.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    batch::{Batch, BatchId},
    columns::{ColumnsBuilder, pair},
    exporter::FaultKind,
    queue::{ExporterQueue, Pushed, QueueEntry, QueueLimits},
    signal::Signal,
    tally::{DropReason, Ledger, Settled, Tally},
};

/// What a back-off is here.
const BACK_OFF: Duration = Duration::from_millis(500);

/// A batch of spans named by its number and their rows.
fn batch(number: u8, rows: u32) -> Arc<Batch> {
    let mut columns = ColumnsBuilder::default();
    for row in 0..rows {
        let name = columns.push_text(&name(number, row));
        columns.spans.name.extend_from_slice(&name);
        columns.spans.scope.push(0);
    }
    Arc::new(Batch::recorded(BatchId([number; 16]), Signal::Spans, columns.freeze(), Arc::new([])))
}

fn name(number: u8, row: u32) -> String {
    format!("{number}.{row}")
}

fn names(batch: &Batch) -> Vec<String> {
    let columns = batch.columns();
    columns.spans.name.chunks(2).map(|words| columns.text_at(pair(words, 0)).to_owned()).collect()
}

/// How an exporter answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Accepted,
    RetryAfter,
    Fault,
}

/// One call that was made.
#[derive(Clone, Debug)]
struct Made {
    at: Duration,
    batch: BatchId,
    is_part: bool,
    rows: u32,
    answer: Answer,
}

struct Play {
    queue: ExporterQueue,
    circuit: Circuit,
    now: Duration,
    calls: Vec<Made>,
    /// How often each row was delivered.
    delivered: BTreeMap<String, u32>,
    poison: Vec<String>,
    /// The most pieces that waited at once.
    most_waiting: usize,
    openings: u32,
}

impl Play {
    fn new() -> Self {
        let limits = QueueLimits { max_rows: 1 << 20, max_batch_rows: 1 << 20, ..QueueLimits::default() };
        Self {
            queue: ExporterQueue::new(limits, Arc::new(Tally::default())),
            circuit: Circuit::default(),
            now: Duration::ZERO,
            calls: Vec::new(),
            delivered: BTreeMap::new(),
            poison: Vec::new(),
            most_waiting: 0,
            openings: 0,
        }
    }

    fn offer(&mut self, number: u8, rows: u32) {
        assert!(matches!(self.queue.push(batch(number, rows), self.now), Pushed::Queued));
    }

    fn ledger(&self) -> Ledger {
        let ledger = self.queue.tally().read();
        assert!(ledger.is_balanced(), "{ledger:?}");
        ledger
    }

    /// One look at the queue, and a call if there is one to make. False if nothing waits.
    fn step(&mut self, answer: &mut dyn FnMut(&[String]) -> Answer) -> bool {
        if let May::At(until) = self.circuit.may_try(self.now) {
            self.now = until;
        }
        let Some(entry) = self.queue.pop_ready(self.now) else {
            let Some(ready_at) = self.queue.next_ready_at() else { return false };
            self.now = self.now.max(ready_at);
            return true;
        };
        if entry.suspicion.is_cut_next(entry.rows(), &self.circuit) {
            self.queue.requeue(entry.halves().expect("two halves"), Settled::default());
            self.most_waiting = self.most_waiting.max(self.queue.len());
            return true;
        }
        let is_probe = self.circuit.begin();
        let rows = names(&entry.batch);
        let given = answer(&rows);
        let (batch, is_part) = (entry.batch.whole(), entry.suspicion.is_part());
        self.calls.push(Made { at: self.now, batch, is_part, rows: entry.rows(), answer: given });
        self.settle(entry, Call { batch, is_part, is_probe }, given, rows);
        true
    }

    fn settle(&mut self, mut entry: QueueEntry, call: Call, answer: Answer, rows: Vec<String>) {
        match answer {
            Answer::Accepted => {
                self.circuit.pass(call, true);
                self.queue.finish(Settled { delivered: entry.rows(), ..Settled::default() });
                for row in rows {
                    *self.delivered.entry(row).or_default() += 1;
                }
            }
            Answer::RetryAfter => {
                self.circuit.pass(call, false);
                self.queue.requeue([entry.not_before(self.now + BACK_OFF)], Settled::default());
            }
            Answer::Fault => {
                self.openings += u32::from(self.circuit.fault(call, self.now, 0.5).is_some());
                let (suspicion, ruling) = entry.suspicion.after_fault(entry.rows(), &self.circuit);
                entry.suspicion = suspicion;
                match ruling {
                    Ruling::Poison => {
                        self.circuit.resolve(call.batch);
                        self.queue.finish(Settled { dead_lettered: 1, ..Settled::default() });
                        self.poison.extend(rows);
                    }
                    Ruling::AtOnce => self.queue.requeue([entry], Settled::default()),
                    Ruling::Again => self.queue.requeue([entry.not_before(self.now + BACK_OFF)], Settled::default()),
                }
            }
        }
    }

    /// Calls on a batch that came to an end, after its second fault as a whole.
    fn calls_to_isolate(&self, number: u8) -> usize {
        let ended = self.calls.iter().filter(|call| call.batch == BatchId([number; 16]));
        let ended: Vec<_> = ended.filter(|call| call.answer != Answer::RetryAfter).collect();
        assert!(ended.iter().take(2).all(|call| !call.is_part && call.answer == Answer::Fault));
        ended.len() - 2
    }
}

fn bound(rows: u32) -> usize {
    2 * rows.next_power_of_two().trailing_zeros() as usize + 1
}

/// Faults on these rows.
fn faults_on(poison: &[String]) -> impl FnMut(&[String]) -> Answer + use<> {
    let poison = poison.to_vec();
    move |rows| if rows.iter().any(|row| poison.contains(row)) { Answer::Fault } else { Answer::Accepted }
}

#[test]
fn a_lone_batch_with_one_poison_row_loses_that_row_within_the_bound_and_the_circuit_stays_closed() {
    for rows in 2..=65 {
        for at in 0..rows {
            let mut play = Play::new();
            play.offer(1, rows);
            let mut answer = faults_on(&[name(1, at)]);
            while play.step(&mut answer) {}
            assert_eq!(play.poison, [name(1, at)]);
            assert_eq!((play.delivered.len() as u32, play.openings), (rows - 1, 0), "row {at} of {rows}");
            assert!(play.delivered.values().all(|times| *times == 1));
            assert!(play.calls_to_isolate(1) <= bound(rows), "{} calls: row {at} of {rows}", play.calls_to_isolate(1));
            assert_eq!(play.ledger().dead_lettered, 1);
        }
    }
}

#[test]
fn a_lone_row_is_not_condemned_before_something_else_got_through() {
    let mut play = Play::new();
    play.offer(1, 1);
    let mut answer = faults_on(&[name(1, 0)]);
    for _ in 0..50 {
        play.step(&mut answer);
    }
    assert_eq!((play.ledger().queued, play.poison.len()), (1, 0));
    play.offer(2, 1);
    while play.step(&mut answer) {}
    assert_eq!((play.poison, play.delivered.len()), (vec![name(1, 0)], 1));
}

#[test]
fn a_row_that_faults_once_is_delivered() {
    for tries in 1..12 {
        let mut play = Play::new();
        play.offer(1, 64);
        let mut faults = 0;
        let mut answer = |rows: &[String]| {
            let is_faulty = faults < tries && rows.contains(&name(1, 9)) && rows.len() > 1;
            faults += u32::from(is_faulty);
            if is_faulty { Answer::Fault } else { Answer::Accepted }
        };
        while play.step(&mut answer) {}
        assert_eq!((play.delivered.len(), play.poison.len()), (64, 0), "{tries} faults");
    }
}

#[test]
fn a_batch_is_never_in_more_pieces_than_the_cuts_that_lead_to_a_row_leave() {
    let poison: Vec<String> = (0..256).map(|row| name(1, row)).collect();
    let (mut play, mut answer, mut steps) = (Play::new(), faults_on(&poison), 0);
    play.offer(1, 256);
    while play.step(&mut answer) {
        steps += 1;
        if steps % 3 == 0 && play.poison.len() < 256 {
            play.offer(2, 1);
        }
        assert!(steps < 10_000, "it never ends");
    }
    assert_eq!(play.poison.len(), 256);
    assert!(play.most_waiting <= 2 * 8 + 3, "{}", play.most_waiting);
}

#[test]
fn an_exporter_that_breaks_in_the_middle_of_a_search_condemns_nothing_and_gets_everything_once_it_works() {
    let mut play = Play::new();
    play.offer(1, 64);
    let (mut works, mut has_passed) = (faults_on(&[name(1, 40)]), false);
    for _ in 0..300 {
        play.step(&mut |rows| {
            let answer = if has_passed { Answer::Fault } else { works(rows) };
            has_passed |= answer == Answer::Accepted;
            answer
        });
    }
    assert_eq!((play.delivered.len(), play.poison.len()), (32, 0), "{:?}", play.poison);
    while play.step(&mut |_| Answer::Accepted) {}
    assert_eq!((play.delivered.len(), play.ledger().dead_lettered), (64, 0));
}

#[test]
fn an_exporter_that_faults_on_different_batches_has_none_cut_and_none_condemned_and_is_called_seldom() {
    for count in 1..20 {
        let mut play = Play::new();
        for number in 1..=count {
            play.offer(number, 64);
        }
        while play.now < Duration::from_secs(600) {
            play.step(&mut |_| Answer::Fault);
        }
        let is_cut = play.calls.iter().any(|call| call.rows < 64);
        assert_eq!(is_cut, count <= 3, "{count} batches");
        assert_eq!((play.poison.len(), play.ledger().queued), (0, u64::from(count) * 64));
        let worst = (0..600).map(|second| {
            let from = Duration::from_secs(second);
            let minute = play.calls.iter().filter(|call| call.at >= from && call.at < from + Duration::from_secs(60));
            minute.count()
        });
        assert!(worst.max() <= Some(10), "{count} batches: {:?}", play.calls);
        assert_eq!(play.circuit.is_exporter_blamed(), count >= 5);
        // It works again: nothing was lost.
        while play.step(&mut |_| Answer::Accepted) {}
        assert_eq!(play.delivered.len(), usize::from(count) * 64);
    }
}

#[test]
fn four_faulting_batches_of_ten_speak_against_the_data_and_five_against_the_exporter() {
    for faulting in [4, 5] {
        let mut circuit = Circuit::default();
        for number in 0..10 {
            let call = Call { batch: BatchId([number; 16]), is_part: false, is_probe: false };
            match number % 2 == 0 && number < 2 * faulting {
                true => drop(circuit.fault(call, Duration::ZERO, 0.0)),
                false => drop(circuit.pass(call, true)),
            }
        }
        assert_eq!((circuit.batches_faulted(), circuit.is_exporter_blamed()), (faulting.into(), faulting == 5));
        assert_eq!(circuit.standing() == Standing::Closed, faulting == 4);
    }
}

#[test]
fn the_fourth_fault_in_a_row_opens_the_circuit_and_the_next_call_that_returns_closes_it() {
    let call = Call { batch: BatchId([1; 16]), is_part: false, is_probe: false };
    let mut circuit = Circuit::default();
    let opened: Vec<_> = (0..4).map(|_| circuit.fault(call, Duration::ZERO, 0.0)).collect();
    assert_eq!(opened, [None, None, None, Some(SECOND)]);
    assert_eq!(circuit.may_try(Duration::ZERO), May::At(SECOND));
    assert!(!circuit.pass(call, true), "it was sent before");
    let probe = Call { is_probe: circuit.begin(), ..call };
    assert!(probe.is_probe);
    assert!(!circuit.pass(call, true), "so was this, however late it comes");
    circuit.learn_nothing(false, SECOND);
    assert_eq!(circuit.fault(call, SECOND, 1.0), None, "and this");
    assert_eq!(circuit.may_try(SECOND), May::AfterProbe);
    assert_eq!(circuit.fault(probe, SECOND, 1.0), Some(SECOND * 24 / 10));
    assert!(circuit.begin());
    circuit.learn_nothing(true, SECOND * 9);
    assert_eq!(circuit.may_try(SECOND * 9), May::Now);
    assert!(circuit.begin());
    assert!(circuit.pass(probe, false));
    assert_eq!((circuit.standing(), circuit.faults_in_a_row()), (Standing::Closed, 0));
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn pauses_grow_from_one_second_to_sixty() {
    let call = Call { batch: BatchId([1; 16]), is_part: false, is_probe: false };
    let (mut circuit, mut now, mut lengths) = (Circuit::default(), Duration::ZERO, Vec::new());
    while lengths.len() < 9 {
        if let May::At(until) = circuit.may_try(now) {
            now = until;
        }
        let call = Call { is_probe: circuit.begin(), ..call };
        lengths.extend(circuit.fault(call, now, f64::NAN).map(|length| length.as_secs()));
    }
    assert_eq!(lengths, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn a_reason_for_dropping_has_one_name() {
    use DropReason::{DeadLetterFailed, QueueFull, Select, Shutdown, TooOld};
    let reasons = [QueueFull, TooOld, Shutdown, DeadLetterFailed, Select];
    let faults = FaultKind::ALL.map(DropReason::Fault);
    let tally = Tally::default();
    for reason in reasons.into_iter().chain(faults) {
        tally.accept(1);
        tally.drop_queued(1, reason);
    }
    let ledger = tally.read();
    let found: std::collections::BTreeSet<_> = ledger.dropped().map(|(reason, _)| reason.as_str()).collect();
    assert_eq!((found.len(), ledger.dropped_total()), (12, 12));
}

proptest! {
    #[test]
    fn one_poison_row_costs_no_more_calls_than_the_bound_whatever_happens_in_between(
        rows in 1u32..400, at in any::<u32>(), refusals in prop::collection::vec(0u8..4, 0..60), others in 1u32..40,
    ) {
        let mut play = Play::new();
        play.offer(1, rows);
        let poison = [name(1, at % rows)];
        let (mut refusals, mut works) = (refusals.into_iter(), faults_on(&poison));
        let mut answer = |rows: &[String]| match refusals.next() {
            Some(0) => Answer::RetryAfter,
            _ => works(rows),
        };
        let mut steps = 0;
        while play.step(&mut answer) {
            steps += 1;
            if steps % 7 == 0 && steps / 7 <= others {
                play.offer(100 + (steps / 7) as u8, 3);
            }
            prop_assert!(steps < 5_000, "it never ends");
        }
        let refused = play.calls.iter().filter(|call| call.answer == Answer::RetryAfter).count();
        // A row that was alone all the time waits for others.
        play.offer(99, 1);
        while play.step(&mut answer) {}
        let is_lone_row = rows == 1;
        // A sibling that comes to no end leaves a row in doubt, which is tried again meanwhile.
        let most = bound(rows) + refused;
        prop_assert!(is_lone_row || play.calls_to_isolate(1) <= most, "{} calls", play.calls_to_isolate(1));
        prop_assert_eq!(&play.poison, &poison);
        prop_assert!(play.delivered.values().all(|times| *times == 1));
        let ledger = play.ledger();
        prop_assert_eq!((ledger.dead_lettered, ledger.delivered), (1, ledger.accepted - 1));
    }

    #[test]
    fn any_poison_rows_of_some_batches_are_found_and_everything_else_is_delivered_once(
        sizes in prop::collection::vec(1u32..120, 1..5), rows in prop::collection::vec((0usize..5, any::<u32>()), 0..40),
        refusals in prop::collection::vec(0u8..5, 0..100),
    ) {
        let mut play = Play::new();
        let mut poison = Vec::new();
        for (number, rows) in sizes.iter().enumerate() {
            play.offer(number as u8, *rows);
        }
        for (at, row) in rows {
            let at = at % sizes.len();
            poison.push(name(at as u8, row % sizes[at]));
        }
        poison.sort_unstable();
        poison.dedup();
        let (mut refusals, mut works) = (refusals.into_iter(), faults_on(&poison));
        let mut answer = |rows: &[String]| match refusals.next() {
            Some(0) => Answer::RetryAfter,
            _ => works(rows),
        };
        let (mut steps, mut healthy) = (0, 0u8);
        while play.step(&mut answer) || healthy < 200 {
            steps += 1;
            if steps % 5 == 0 && healthy < 200 {
                healthy += 1;
                play.offer(50 + healthy, 1);
            }
            prop_assert!(steps < 50_000, "it never ends");
        }
        play.poison.sort_unstable();
        prop_assert_eq!(&play.poison, &poison);
        prop_assert!(play.delivered.values().all(|times| *times == 1));
        prop_assert!(play.delivered.keys().all(|row| !poison.contains(row)));
        let ledger = play.ledger();
        prop_assert_eq!(ledger.accepted, ledger.delivered + ledger.dead_lettered);
    }
}
