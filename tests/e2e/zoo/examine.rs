//! What is true of every guest, whatever it does: the process lives, the healthy exporter beside it keeps its throughput,
//! every row is accounted for, the fault is named in status, metrics and log, and memory comes back.
//!
//! Constraints: no time is asserted. A neighbour's throughput is counted rows, delivered of offered, at half of what the
//! healthy exporter alone could do a moment before, and held against the same count without the guest, in the same process;
//! what the machine does meanwhile hits all three. A miss is measured again, because a machine that stands still for a
//! moment is no fault of a guest's; if none of several looks is clear, their sums decide.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use spangate::{Report, Runtime};
use spangate_tests::{Status, wait_until};

use super::{
    load::{Load, Yield},
    memory::{forget_peak, mebibytes, peak, resident},
    scene::{Folder, Scene},
    specimen::{End, Specimen},
};

/// How long rows are offered with the guest there; half as long without it.
const WINDOW: Duration = Duration::from_millis(300);
/// What a neighbour keeps of its throughput.
const KEEPS: f64 = 0.95;
const LOOKS: usize = 8;
/// What stays resident after a scene: threads' stacks and arenas that the allocator keeps.
const RESIDUE: u64 = 32 << 20;
/// What a scene may take at its height: the guest's 16 MiB, and twice what a call may lift into the host, 8 MiB. Queues,
/// backends and the test itself have to do with what these leave.
const HEIGHT: u64 = 32 << 20;
/// For the last rows of a guest that was not stopped; one in quarantine is not waited for.
const SHUTDOWN: Duration = Duration::from_millis(300);

/// Where specimens are looked at, one after the other.
pub(crate) struct Hall<'a> {
    folder: &'a Folder,
    load: Load,
    /// The healthy exporter without a neighbour.
    quiet: Scene,
    /// Bytes resident before the first specimen.
    base: u64,
}

/// A line of the table.
pub(crate) struct Finding {
    end: String,
    seconds: f64,
    with: Yield,
    without: Yield,
    height: u64,
}

impl<'a> Hall<'a> {
    /// With components from `folder`.
    pub(crate) fn open(folder: &'a Folder) -> Self {
        let load = Load::new();
        let start = |specimen| Scene::start(folder, specimen).unwrap_or_else(|error| panic!("{error}"));
        let quiet = start(None);
        // Memory is compared with that of a process in which everything ran once.
        let rate = load.saturate(&quiet, WINDOW) / 2.0;
        let warm = start(Some(&Specimen::faulty("Z00", "liar")));
        load.offer(&warm, rate, WINDOW);
        close(&warm.runtime);
        drop(warm);
        Self { folder, load, quiet, base: resident() }
    }

    /// Looks at one specimen.
    ///
    /// # Panics
    /// If it proves anything but what it has to.
    pub(crate) fn examine(&self, specimen: &Specimen) -> Finding {
        let start = Instant::now();
        forget_peak();
        let before = resident();
        let (end, with, without) = match specimen.end {
            End::Refused(words) => self.refuse(specimen, words),
            End::Stopped(kinds) => self.run(specimen, kinds),
            End::Lives => self.run(specimen, &[]),
        };
        let height = peak().saturating_sub(before);
        assert!(height <= HEIGHT, "{:.1} MiB at the height of it", mebibytes(height));
        wait_until("memory to come back", || (resident() <= self.base + RESIDUE).then_some(()));
        Finding { end, seconds: start.elapsed().as_secs_f64(), with, without, height }
    }

    /// A guest that is loaded.
    fn run(&self, specimen: &Specimen, kinds: &[&'static str]) -> (String, Yield, Yield) {
        let scene = Scene::start(self.folder, Some(specimen)).unwrap_or_else(|error| panic!("{error}"));
        let (with, without) = self.compare(&scene);
        let end = if kinds.is_empty() { "lives".to_owned() } else { expect_fault(&scene, kinds) };
        (specimen.proof)(&scene);
        self.load.settle(&scene);
        assert_law(&scene);
        let report = close(&scene.runtime);
        assert_at_rest(&scene, &report);
        (specimen.epilogue)(&scene);
        (end, with, without)
    }

    /// A guest that is not: tried over and over while a healthy runtime serves.
    fn refuse(&self, specimen: &Specimen, words: &[&str]) -> (String, Yield, Yield) {
        let scene = Scene::start(self.folder, None).unwrap_or_else(|error| panic!("{error}"));
        let is_over = Arc::new(AtomicBool::new(false));
        let (with, without) = thread::scope(|scope| {
            let tried = scope.spawn(|| {
                let mut tries = 0;
                while tries == 0 || !is_over.load(SeqCst) {
                    let error = Scene::start(self.folder, Some(specimen)).err().expect("it is not to be loaded");
                    for word in ["exporters.bad"].iter().chain(words) {
                        assert!(error.contains(word), "the error does not say {word:?}: {error}");
                    }
                    assert!(!error.chars().any(|c| c.is_control() && c != '\n'), "{error:?}");
                    tries += 1;
                }
            });
            let compared = self.compare(&scene);
            is_over.store(true, SeqCst);
            tried.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            compared
        });
        assert_law(&scene);
        close(&scene.runtime);
        ("refused".to_owned(), with, without)
    }

    /// The healthy exporter with the guest beside it and without.
    fn compare(&self, scene: &Scene) -> (Yield, Yield) {
        let mut looks = Vec::new();
        for _ in 0..LOOKS {
            let rate = self.load.saturate(&self.quiet, WINDOW / 2) / 2.0;
            let without = self.load.offer(&self.quiet, rate, WINDOW / 2);
            let with = self.load.offer(scene, rate, WINDOW);
            if without.share() >= KEEPS && with.share() >= KEEPS {
                return (with, without);
            }
            looks.push((with, without));
        }
        // The machine never kept still: then what counts is all of it together.
        let (with, without): (Vec<Yield>, Vec<Yield>) = looks.into_iter().unzip();
        let (with, without) = (Yield::sum(&with), Yield::sum(&without));
        let kept = with.share() / without.share().min(1.0);
        assert!(kept >= KEEPS, "of what it could do alone the healthy exporter kept {kept:.3}: {with:?}, {without:?}");
        (with, without)
    }
}

/// The fault shows everywhere an operator may look, with words for the author.
fn expect_fault(scene: &Scene, kinds: &[&'static str]) -> String {
    let is_it = |kind: &str| kinds.contains(&kind);
    let bad = scene.wait_for("a fault", |bad| bad.last_fault.as_ref().is_some_and(|fault| is_it(fault.kind)));
    let fault = bad.last_fault.expect("a fault");
    assert!(!fault.detail.is_empty(), "a fault without a word for its author");
    assert!(!fault.detail.contains(char::is_control), "{}", fault.detail);
    assert!(bad.faults.keys().all(|kind| is_it(kind)), "{:?} and not only {kinds:?}", bad.faults);
    let kind = fault.kind;
    let document = Status::parse(&scene.page("/status"));
    let told = document.exporter("bad")["last_fault"]["kind"].as_str().unwrap_or_default().to_owned();
    assert!(is_it(&told), "/status tells of {told}");
    let series = format!("spangate_exporter_faults_total{{exporter=\"bad\",kind=\"{kind}\"}}");
    let metrics = scene.page("/metrics");
    assert!(metrics.contains(&series), "no {series} in\n{metrics}");
    let has_told = |line: &String| line.starts_with("bad") && line.contains(kind);
    wait_until("the log", || scene.lines.all().iter().any(has_told).then_some(()));
    kind.to_owned()
}

/// Every row is in one place, while everything runs.
fn assert_law(scene: &Scene) {
    Status::parse(&scene.page("/status")).assert_accounted();
    let healthy = scene.exporter("healthy");
    assert_eq!((healthy.last_fault, healthy.faults.len()), (None, 0));
    assert_eq!(healthy.state, "healthy");
}

fn close(runtime: &Runtime) -> Report {
    runtime.shutdown(SHUTDOWN)
}

/// Nothing is on its way any more, and the healthy exporter delivered whatever it was ever given.
fn assert_at_rest(scene: &Scene, report: &Report) {
    let status = scene.status();
    Status::of(&status).assert_accounted();
    for exporter in &status.exporters {
        let ledger = &exporter.ledger;
        assert_eq!((ledger.queued, ledger.in_flight), (0, 0), "{}: {ledger:?}\n{report}", exporter.name);
    }
    let ledger = scene.exporter("healthy").ledger;
    assert_eq!(ledger.accepted, ledger.delivered, "{ledger:?}");
    let is_gone = || scene.bad().cost.is_none_or(|cost| (cost.memory_bytes, cost.instances) == (0, 0));
    wait_until("instances to go", || is_gone().then_some(()));
}

impl Finding {
    /// The head of the table.
    pub(crate) const HEAD: &str =
        "specimen                            end                 kept   rows/s   p99 with  without     MiB       s";

    /// Its line.
    pub(crate) fn line(&self, specimen: &Specimen) -> String {
        format!(
            "{:<35} {:<18} {:>5.1}% {:>8.0} {:>8.1}ms {:>6.1}ms {:>7.1} {:>7.2}",
            specimen.name(),
            self.end,
            100.0 * (self.with.share() / self.without.share().clamp(f64::EPSILON, 1.0)).min(1.0),
            self.with.rate(),
            self.with.p99(),
            self.without.p99(),
            mebibytes(self.height),
            self.seconds,
        )
    }
}
