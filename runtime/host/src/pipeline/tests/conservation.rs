//! The law by random programs: some exporters with queues of their own, offers, answers of every kind, poison rows, faults,
//! pauses, flushes and an end, against oracles that know every row by its name. Time is virtual.
//!
//! What the contract promises: no row is delivered twice, unless an exporter faults or goes silent after it delivered; no row
//! is lost uncounted, ever; a request is in the ledger of every exporter or of none; and what a required exporter let in is
//! not dropped because its queue is full, if that refuses.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use proptest::{prelude::*, sample::select};
use serde_json::Value;
use spangate_core::{
    batch::Batch,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, Fault, FaultKind, Partial},
    narrow::{DropRule, Narrowing, Pattern},
    queue::{QueueLimits, WhenFull},
    tally::{DropReason, Ledger},
};
use tempfile::TempDir;

use super::{
    super::{DeadLetterFile, LaneSettings},
    stage::{Stage, dropped, names, open, settings},
};
use crate::config::{DeadLetter, Secrets};

/// What an exporter does with a batch that it does not fault on.
#[derive(Clone, Copy, Debug)]
enum Act {
    Accept,
    AcceptAfter(u64),
    /// Rows by their place, modulo three: delivered, refused, sent again.
    Partial,
    RetryAfter(Option<u64>),
    Reject,
    Fault,
    /// Delivers all of it first.
    DeliverAndFault,
    Panic,
    Unavailable(u64),
    Unauthorized,
    Hang,
}

/// One step of a program.
#[derive(Clone, Copy, Debug)]
enum Step {
    Offer(u32),
    Wait(u64),
    /// An exporter, by its number, works, or plays its acts.
    Mend(usize, bool),
    Flush(u64),
}

#[derive(Clone, Debug)]
struct Program {
    parts: Vec<Part>,
    steps: Vec<Step>,
    shutdown: u64,
}

/// What one exporter does, and how it is fed.
#[derive(Clone, Debug)]
struct Part {
    acts: Vec<Act>,
    /// Rows whose number has this rest when it is divided by 97 are poison to it.
    poison: Vec<u32>,
    /// It is not to see rows whose number begins with this digit.
    unseen: Option<u32>,
    concurrency: usize,
    max_rows: usize,
    max_batch_rows: u32,
    when_full: WhenFull,
    is_required: bool,
    has_dead_letters: bool,
}

impl Part {
    /// Whether its queue refuses. One that holds no receiver back drops instead.
    fn refuses(&self) -> bool {
        self.is_required && self.when_full == WhenFull::Refuse
    }
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Accept),
        2 => (0u64..4_000).prop_map(Act::AcceptAfter),
        2 => Just(Act::Partial),
        2 => prop::option::of(0u64..9_000).prop_map(Act::RetryAfter),
        1 => Just(Act::Reject),
        2 => Just(Act::Fault),
        1 => Just(Act::DeliverAndFault),
        1 => Just(Act::Panic),
        1 => (0u64..9_000).prop_map(Act::Unavailable),
        1 => Just(Act::Unauthorized),
        1 => Just(Act::Hang),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1u32..900).prop_map(Step::Offer),
        3 => (0u64..20_000).prop_map(Step::Wait),
        1 => any::<(usize, bool)>().prop_map(|(number, is_mended)| Step::Mend(number, is_mended)),
        1 => (0u64..90_000).prop_map(Step::Flush),
    ]
}

fn parts() -> impl Strategy<Value = Part> {
    let when_full = select(vec![WhenFull::DropNewest, WhenFull::DropOldest, WhenFull::Refuse]);
    let queue = (1usize..4, 200usize..3_000, 1u32..600, when_full);
    let rows = (prop::collection::vec(0u32..97, 0..3), prop::option::weighted(0.4, 1u32..4));
    (prop::collection::vec(acts(), 0..30), rows, queue, any::<bool>(), any::<bool>()).prop_map(
        |(
            acts,
            (poison, unseen),
            (concurrency, max_rows, max_batch_rows, when_full),
            is_required,
            has_dead_letters,
        )| Part {
            acts,
            poison,
            unseen,
            concurrency,
            max_rows,
            max_batch_rows,
            when_full,
            is_required,
            has_dead_letters,
        },
    )
}

fn programs() -> impl Strategy<Value = Program> {
    (prop::collection::vec(parts(), 1..5), prop::collection::vec(steps(), 1..15), 0u64..60_000)
        .prop_map(|(parts, steps, shutdown)| Program { parts, steps, shutdown })
}

/// What became of every row, as the exporter knows it.
#[derive(Default)]
struct Oracle {
    /// By name: how often it was delivered with an answer that said so.
    delivered: BTreeMap<String, u32>,
    rejected: BTreeMap<String, u32>,
    /// Delivered without such an answer: these may come again.
    in_doubt: BTreeSet<String>,
    /// How often a row that was alone faulted.
    alone: BTreeMap<String, u32>,
    next_act: usize,
    is_mended: bool,
}

struct Witness {
    part: Part,
    oracle: Mutex<Oracle>,
}

impl Witness {
    fn is_poison(&self, name: &str) -> bool {
        let number: u32 = name[1..].parse().expect("a row's number");
        self.part.poison.contains(&(number % 97))
    }

    fn is_unseen(&self, name: &str) -> bool {
        self.part.unseen.is_some_and(|digit| name[1..].starts_with(&digit.to_string()))
    }

    fn act(&self, names: &[String]) -> Act {
        assert!(!names.is_empty() && !names.iter().any(|name| self.is_unseen(name)), "{names:?}");
        let mut oracle = self.oracle.lock().unwrap();
        let at = oracle.next_act;
        oracle.next_act += 1;
        let act = if oracle.is_mended { Act::Accept } else { self.part.acts.get(at).copied().unwrap_or(Act::Accept) };
        let is_away = matches!(act, Act::RetryAfter(_) | Act::Unavailable(_) | Act::Unauthorized | Act::Hang);
        let act = if !is_away && names.iter().any(|name| self.is_poison(name)) { Act::Fault } else { act };
        if matches!(act, Act::Fault | Act::DeliverAndFault | Act::Panic | Act::Hang)
            && let [name] = names
        {
            *oracle.alone.entry(name.clone()).or_default() += 1;
        }
        act
    }

    async fn answer(&self, names: Vec<String>) -> Result<ExportOutcome, ExportError> {
        let act = self.act(&names);
        let reason = String::from("as told");
        if let Act::AcceptAfter(milliseconds) = act {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
        let count = |map: &mut BTreeMap<String, u32>, name: &String| *map.entry(name.clone()).or_default() += 1;
        let fault = || Err(ExportError::Fault(Fault { kind: FaultKind::Trapped, detail: "as told".to_owned() }));
        let delay = Duration::from_millis;
        let oracle = || self.oracle.lock().unwrap();
        match act {
            Act::Accept | Act::AcceptAfter(_) => {
                let mut oracle = oracle();
                names.iter().for_each(|name| count(&mut oracle.delivered, name));
                Ok(ExportOutcome::Accepted)
            }
            Act::Partial => Ok(ExportOutcome::Partial(self.take_a_third(&names))),
            Act::RetryAfter(after) => Ok(ExportOutcome::RetryAfter { delay: after.map(delay), reason }),
            Act::Reject => {
                let mut oracle = oracle();
                names.iter().for_each(|name| count(&mut oracle.rejected, name));
                Ok(ExportOutcome::Rejected { reason })
            }
            Act::Fault => fault(),
            Act::DeliverAndFault => {
                oracle().in_doubt.extend(names);
                fault()
            }
            Act::Panic => panic!("as told"),
            Act::Unavailable(after) => Err(ExportError::Unavailable { delay: delay(after), reason }),
            Act::Unauthorized => Err(ExportError::Unauthorized { reason, partial: None }),
            Act::Hang => std::future::pending().await,
        }
    }

    fn take_a_third(&self, names: &[String]) -> Partial {
        let mut oracle = self.oracle.lock().unwrap();
        let (mut rejected_rows, mut retry_rows) = (Vec::new(), Vec::new());
        for (row, name) in (0u32..).zip(names) {
            match row % 3 {
                0 => *oracle.delivered.entry(name.clone()).or_default() += 1,
                1 => {
                    *oracle.rejected.entry(name.clone()).or_default() += 1;
                    rejected_rows.push(row);
                }
                _ => retry_rows.push(row),
            }
        }
        let rejected = rejected_rows.len() as u32;
        Partial { rejected, rejected_rows, retry_rows, delay: None, reason: String::new() }
    }

    /// The ledger says what the oracle knows.
    fn check(&self, ledger: &Ledger, offered: u64) {
        let oracle = self.oracle.lock().unwrap();
        let sum = |map: &BTreeMap<String, u32>| map.values().map(|times| u64::from(*times)).sum::<u64>();
        assert!(ledger.is_balanced(), "{ledger:?}");
        // What a sender was told is taken may wait before a queue that refuses.
        assert!(ledger.accepted == offered || (self.part.refuses() && ledger.accepted < offered), "{ledger:?}");
        assert_eq!((ledger.delivered, ledger.rejected), (sum(&oracle.delivered), sum(&oracle.rejected)));
        for (name, times) in &oracle.delivered {
            assert!(*times == 1, "{name} was delivered {times} times");
            assert!(!oracle.rejected.contains_key(name), "{name} was delivered and refused");
        }
        assert!(oracle.rejected.values().all(|times| *times == 1));
    }
}

impl Exporter for Witness {
    fn export(&self, batch: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let names = names(&batch);
        Box::pin(self.answer(names))
    }
}

/// That of one digit is one for all.
fn narrowing(digit: u32) -> Arc<Narrowing> {
    let name = Pattern::parse(&format!("s{digit}*"));
    Arc::new(Narrowing { drop: vec![DropRule { name, ..DropRule::default() }], ..open() })
}

fn lane(number: usize, part: &Part, dir: &TempDir, narrowings: &[Arc<Narrowing>]) -> LaneSettings {
    let name = format!("x{number}");
    let letters = DeadLetter { dir: dir.path().to_owned(), max_size: 1 << 20 };
    let queue = QueueLimits {
        max_rows: part.max_rows,
        max_batch_rows: part.max_batch_rows,
        when_full: part.when_full,
        ..QueueLimits::default()
    };
    LaneSettings {
        queue,
        required: part.is_required,
        concurrency: part.concurrency,
        narrowing: part.unseen.map(|digit| narrowings[digit as usize].clone()),
        dead_letters: part.has_dead_letters.then(|| DeadLetterFile::new(&name, &letters, &Secrets::default())),
        ..settings(&name)
    }
}

async fn play(program: Program) {
    let dir = TempDir::new().expect("a folder");
    let witness = |part: &Part| Arc::new(Witness { part: part.clone(), oracle: Mutex::default() });
    let witnesses: Vec<_> = program.parts.iter().map(witness).collect();
    let narrowings: Vec<_> = (0..10).map(narrowing).collect();
    let lanes = witnesses.iter().enumerate();
    let lanes = lanes.map(|(number, witness)| {
        (lane(number, &witness.part, &dir, &narrowings), witness.clone() as Arc<dyn Exporter>)
    });
    let stage = Stage::new(lanes.collect());
    let mut offered = 0;
    for step in &program.steps {
        match *step {
            // Rows that are refused come again under the same names: a part of them that was taken would come twice.
            Step::Offer(rows) => match stage.receive_from(offered, rows) {
                Ok(()) => offered += rows,
                Err(refusal) => assert!(program.parts.iter().any(|part| part.is_required), "{refusal:?}"),
            },
            Step::Wait(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            Step::Mend(number, is_mended) => {
                witnesses[number % witnesses.len()].oracle.lock().unwrap().is_mended = is_mended;
            }
            Step::Flush(milliseconds) => {
                let report = stage.pipeline.flush(Duration::from_millis(milliseconds)).await;
                for (witness, told) in witnesses.iter().zip(&report.exporters) {
                    let ledger = &told.ledger;
                    if ledger.in_flight == 0 {
                        witness.check(ledger, u64::from(offered));
                    }
                    assert!(!report.is_complete || ledger.queued + ledger.in_flight == 0, "{ledger:?}");
                }
            }
        }
    }
    let report = stage.pipeline.shutdown(Duration::from_millis(program.shutdown)).await;
    for (number, witness) in witnesses.iter().enumerate() {
        check_end(
            witness,
            &report.exporters[number].ledger,
            u64::from(offered),
            &dir.path().join(format!("x{number}.jsonl")),
        );
    }
}

fn check_end(witness: &Witness, ledger: &Ledger, offered: u64, letters: &Path) {
    witness.check(ledger, offered);
    assert_eq!(ledger.accepted, offered);
    let full = dropped(ledger, DropReason::QueueFull);
    assert!(full == 0 || !witness.part.refuses(), "{ledger:?}");
    assert_eq!((ledger.queued, ledger.in_flight), (0, 0));
    let unseen = (0..offered).filter(|number| witness.is_unseen(&format!("s{number}"))).count() as u64;
    let (left_out, lost) = (ledger.left_out(), ledger.dropped_total() - ledger.left_out());
    assert!(left_out <= unseen && (left_out == unseen || lost > 0), "{left_out} of {unseen}: {ledger:?}");
    let oracle = witness.oracle.lock().unwrap();
    let text = fs::read_to_string(letters).unwrap_or_default();
    let letters: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!(letters.len() as u64, ledger.dead_lettered);
    let mut buried = BTreeSet::new();
    for letter in &letters {
        let name = &letter["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"];
        let name = name.as_str().expect("a span's name").to_owned();
        assert!(oracle.alone.get(&name).is_some_and(|faults| *faults >= 2), "{name} was condemned in company");
        assert!(!oracle.delivered.contains_key(&name) && !oracle.rejected.contains_key(&name), "{name} came twice");
        assert!(buried.insert(name), "one row, one line");
    }
    // Every row has a name: what has come to no end that somebody knows was dropped, and counted.
    let known = oracle.delivered.len() + oracle.rejected.len() + buried.len();
    assert_eq!(offered - known as u64, ledger.dropped_total());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]
    #[test]
    fn no_row_is_lost_uncounted_or_delivered_twice_whatever_happens(program in programs()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(play(program));
    }
}
