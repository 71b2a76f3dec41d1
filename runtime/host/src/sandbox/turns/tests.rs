//! Programs of calls on a machine whose time is made up, and what must hold whatever they do.

use std::collections::HashMap;

use fastrand::Rng;
use proptest::prelude::*;

use super::*;

/// Somebody who computes in slices.
#[derive(Clone, Debug)]
struct Worker {
    weight: u32,
    share: Option<f64>,
    /// A slice takes up to so many microseconds.
    longest: u64,
    /// How often, of 256 slices, it has nothing to do afterwards.
    idles: u8,
}

impl Worker {
    /// Always wants more.
    fn busy(weight: u32, longest: u64) -> Self {
        Self { weight, share: None, longest, idles: 0 }
    }
}

/// A slice that ended.
#[derive(Clone, Copy, Debug)]
struct Slice {
    worker: usize,
    end: Instant,
    used: Duration,
    /// What others were charged while it had to wait for it, its own share not counting.
    behind: Duration,
}

struct Machine {
    turns: Turns,
    workers: Vec<Worker>,
    seats: Vec<SeatId>,
    rng: Rng,
    start: Instant,
    now: Instant,
    /// Who waits with which ticket, and what all others had been charged when it began to compete.
    waiting: HashMap<Ticket, (usize, Option<Duration>)>,
    running: Vec<Slice>,
    idle: Vec<(Instant, usize)>,
    ended: Vec<Slice>,
    charged: Duration,
}

impl Machine {
    fn new(cores: f64, threads: usize, workers: Vec<Worker>, seed: u64) -> Self {
        let start = Instant::now();
        let mut turns = Turns::new(cores, threads, start);
        let seats: Vec<_> = workers.iter().map(|worker| turns.sit(worker.weight, worker.share, start)).collect();
        let waiting = seats.iter().enumerate().map(|(worker, seat)| (turns.queue(*seat), (worker, None))).collect();
        let (rng, now) = (Rng::with_seed(seed), start);
        let (running, idle, ended, charged) = Default::default();
        Self { turns, workers, seats, rng, start, now, waiting, running, idle, ended, charged }
    }

    /// The burst is used up.
    fn short(mut self) -> Self {
        let (cores, start) = (self.turns.credit.rate(), self.start);
        let guest = self.turns.sit(1, None, start);
        self.turns.settle(guest, BURST.mul_f64(cores), start);
        self.turns.stand(guest);
        self
    }

    /// Runs until so many slices have ended.
    fn run(mut self, slices: usize) -> Self {
        while self.ended.len() < slices {
            self.step();
        }
        self
    }

    fn step(&mut self) {
        let alarm = self.let_go();
        self.assert_nobody_waits_in_vain(alarm);
        let ends = self.running.iter().map(|slice| slice.end);
        let returns = self.idle.iter().map(|(at, _)| *at);
        let next = ends.chain(returns).chain(alarm).min().expect("the machine stands still");
        self.now = self.now.max(next);
        self.end_slices();
        let now = self.now;
        let back: Vec<_> = self.idle.extract_if(.., |(at, _)| *at <= now).collect();
        for (_, worker) in back {
            let ticket = self.turns.queue(self.seats[worker]);
            self.waiting.insert(ticket, (worker, None));
        }
    }

    fn let_go(&mut self) -> Option<Instant> {
        let all = self.charged;
        for (worker, since) in self.waiting.values_mut() {
            if since.is_none() && self.turns.debt_of(self.seats[*worker], self.now).is_zero() {
                *since = Some(all);
            }
        }
        loop {
            match self.turns.next(self.now) {
                Next::Run(ticket) => {
                    let (worker, since) = self.waiting.remove(&ticket).expect("somebody who does not wait goes");
                    let used = Duration::from_micros(self.rng.u64(1..=self.workers[worker].longest));
                    let behind = all.saturating_sub(since.unwrap_or(all));
                    // A slice takes a little longer than it computes.
                    self.running.push(Slice { worker, end: self.now + used.mul_f64(1.01), used, behind });
                }
                Next::At(at, ticket) => {
                    assert!(at > self.now, "an alarm for a time that has come");
                    assert!(self.waiting.contains_key(&ticket));
                    return Some(at);
                }
                Next::Nobody => return None,
            }
        }
    }

    /// Whenever a thread is free and there is credit, somebody who may go does, unless another who computes has had less.
    fn assert_nobody_waits_in_vain(&mut self, alarm: Option<Instant>) {
        let is_idle = self.running.is_empty() && self.turns.debt(self.now).is_zero();
        let is_plenty = self.running.len() < self.turns.slots && self.turns.credit.half_full_at(self.now) == self.now;
        if !is_idle && !is_plenty {
            return;
        }
        for (worker, _) in self.waiting.values() {
            let debt = self.turns.debt_of(self.seats[*worker], self.now);
            assert!(!debt.is_zero(), "worker {worker} may go and is not let");
        }
        assert!(self.waiting.is_empty() || alarm.is_some(), "those who wait are forgotten");
    }

    fn end_slices(&mut self) {
        let now = self.now;
        let over: Vec<_> = self.running.extract_if(.., |slice| slice.end <= now).collect();
        for slice in over {
            self.ended.push(slice);
            self.charged += slice.used;
            let seat = self.seats[slice.worker];
            if self.rng.u8(..) < self.workers[slice.worker].idles {
                self.turns.settle(seat, slice.used, now);
                self.idle.push((now + Duration::from_micros(self.rng.u64(1..100_000)), slice.worker));
            } else {
                let ticket = self.turns.settle_and_queue(seat, slice.used, now);
                self.waiting.insert(ticket, (slice.worker, None));
            }
        }
    }

    fn seconds_of_each(&self) -> Vec<f64> {
        let mut seconds = vec![0.0; self.workers.len()];
        self.ended.iter().for_each(|slice| seconds[slice.worker] += slice.used.as_secs_f64());
        seconds
    }

    fn longest_slice(&self) -> f64 {
        self.workers.iter().map(|worker| worker.longest).max().unwrap_or_default() as f64 / 1e6
    }
}

fn any_worker() -> impl Strategy<Value = Worker> {
    let share = proptest::option::of(0.01..2.0_f64);
    (1..10_000_u32, share, 1..20_000_u64, any::<u8>()).prop_map(|(weight, share, longest, idles)| Worker {
        weight,
        share,
        longest,
        // Always idle would be nobody's program.
        idles: idles.min(200),
    })
}

fn workers() -> impl Strategy<Value = Vec<Worker>> {
    proptest::collection::vec(any_worker(), 1..8)
}

/// 1 if all have the same, 1 / n if one has all.
fn jain_index(values: &[f64]) -> f64 {
    let (sum, squares): (f64, f64) = (values.iter().sum(), values.iter().map(|value| value * value).sum());
    sum * sum / (values.len() as f64 * squares)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn in_no_stretch_of_time_is_more_used_than_the_budget_and_the_burst(
        cores in 0.05..3.0_f64, threads in 1..4_usize, workers in workers(), seed: u64,
    ) {
        let machine = Machine::new(cores, threads, workers, seed).run(150);
        let slack = cores * BURST.as_secs_f64() + threads as f64 * machine.longest_slice() + 1e-6;
        for (first, from) in machine.ended.iter().enumerate() {
            let mut used = 0.0;
            for to in &machine.ended[first..] {
                used += to.used.as_secs_f64();
                let stretch = (to.end - from.end).as_secs_f64() + 0.02 * machine.longest_slice();
                prop_assert!(used <= cores * stretch + slack, "{used} s in {stretch} s");
            }
        }
    }

    #[test]
    fn in_no_stretch_of_time_is_more_used_than_the_own_share(
        share in 0.05..1.0_f64, threads in 1..4_usize, mut workers in workers(), seed: u64,
    ) {
        workers[0].share = Some(share);
        let machine = Machine::new(2.0, threads, workers, seed).run(150);
        let own: Vec<_> = machine.ended.iter().filter(|slice| slice.worker == 0).collect();
        for (first, from) in own.iter().enumerate() {
            let mut used = 0.0;
            for to in &own[first..] {
                used += to.used.as_secs_f64();
                let stretch = (to.end - from.end).as_secs_f64();
                let allowed = share * (stretch + SAVED.as_secs_f64()) + 1.02 * machine.longest_slice() + 1e-6;
                prop_assert!(used <= allowed, "{used} s in {stretch} s");
            }
        }
    }

    #[test]
    fn who_competes_gets_cpu_by_weight_to_the_length_of_a_slice(
        cores in 0.05..0.9_f64, threads in 1..4_usize, weights in proptest::collection::vec(1..10_000_u32, 2..8), seed: u64,
    ) {
        let mut rng = Rng::with_seed(seed);
        let workers: Vec<_> = weights.iter().map(|weight| Worker::busy(*weight, rng.u64(1..20_000))).collect();
        let machine = Machine::new(cores, threads, workers, seed).short().run(400);
        let served = machine.seconds_of_each();
        let per_weight = |worker: usize| served[worker] / f64::from(weights[worker]);
        let slice = |worker: usize| machine.workers[worker].longest as f64 / 1e6 / f64::from(weights[worker]);
        for one in 0..weights.len() {
            for other in 0..weights.len() {
                let apart = per_weight(one) - per_weight(other);
                prop_assert!(apart <= slice(one) + slice(other) + 1e-9, "{served:?} for {weights:?}");
            }
        }
    }

    #[test]
    fn nobody_waits_longer_than_its_weight_explains(cores in 0.05..2.0_f64, mut workers in workers(), seed: u64) {
        workers[0].share = None;
        let machine = Machine::new(cores, 1, workers, seed).run(300);
        let (own, slice) = (f64::from(machine.workers[0].weight), machine.longest_slice());
        let others = machine.workers[1..].iter().map(|other| slice + slice * f64::from(other.weight) / own);
        let bound = others.sum::<f64>() + slice + 1e-6;
        for turn in machine.ended.iter().filter(|turn| turn.worker == 0) {
            prop_assert!(turn.behind.as_secs_f64() <= bound, "behind {:?}, explained are {bound} s", turn.behind);
        }
    }

    #[test]
    fn eight_equal_exporters_get_the_same_whatever_their_slices(
        threads in 1..3_usize, cores in 0.1..0.9_f64, longest in proptest::collection::vec(50..4_000_u64, 8), seed: u64,
    ) {
        let workers: Vec<_> = longest.into_iter().map(|longest| Worker::busy(100, longest)).collect();
        let mut machine = Machine::new(cores, threads, workers, seed);
        while machine.charged < Duration::from_millis(8 * 20 * 4) {
            machine.step();
        }
        let index = jain_index(&machine.seconds_of_each());
        prop_assert!(index >= 0.95, "{index}");
    }

    #[test]
    fn one_alone_may_have_all_of_the_budget_up_to_its_share(
        cores in 0.05..2.0_f64, share in 0.05..2.0_f64, longest in 1..20_000_u64, seed: u64,
    ) {
        let alone = Worker { share: Some(share), ..Worker::busy(1, longest) };
        let machine = Machine::new(cores, 2, vec![alone], seed).run(300);
        let due = cores.min(share).min(1.0 / 1.01) * (machine.now - machine.start).as_secs_f64();
        let used = machine.charged.as_secs_f64();
        prop_assert!(used >= due - machine.longest_slice() - 1e-6, "{used} s of {due} s");
    }

    #[test]
    fn while_every_thread_is_wanted_nothing_of_the_budget_is_left_over(
        part in 0.05..0.98_f64, threads in 1..4_usize, workers in workers(), seed: u64,
    ) {
        let mut workers = workers;
        workers.extend((0..threads).map(|_| Worker::busy(1, 5_000)));
        let cores = part * threads as f64;
        let machine = Machine::new(cores, threads, workers, seed).run(300);
        let due = cores * (machine.now - machine.start).as_secs_f64();
        let used = machine.charged.as_secs_f64();
        // What runs at this moment is charged later.
        let slack = threads as f64 * 1.02 * machine.longest_slice() + 1e-6;
        prop_assert!(used >= due - slack, "{used} s of {due} s");
    }
}

#[test]
fn slices_that_cost_nothing_do_not_keep_others_waiting() {
    let now = Instant::now();
    let mut turns = Turns::new(1.0, 1, now);
    let (empty, real) = (turns.sit(10_000, None, now), turns.sit(1, None, now));
    let first = turns.queue(empty);
    assert_eq!(turns.next(now), Next::Run(first));
    let waits = turns.queue(real);
    let mut slices = 0;
    while turns.waiting() > 0 && slices < 20_000 {
        turns.settle_and_queue(empty, Duration::ZERO, now);
        if turns.next(now) == Next::Run(waits) {
            return;
        }
        slices += 1;
    }
    panic!("{slices} empty slices and no turn for the other");
}

#[test]
fn no_more_slices_run_at_once_than_there_are_threads() {
    let now = Instant::now();
    let mut turns = Turns::new(8.0, 2, now);
    let seats: Vec<_> = (0..3).map(|_| turns.sit(100, None, now)).collect();
    let tickets: Vec<_> = seats.iter().map(|seat| turns.queue(*seat)).collect();
    assert_eq!(turns.next(now), Next::Run(tickets[0]));
    assert_eq!(turns.next(now), Next::Run(tickets[1]));
    assert_eq!(turns.next(now), Next::Nobody);
    turns.settle(seats[0], Duration::from_millis(1), now);
    assert_eq!(turns.next(now), Next::Run(tickets[2]));
}

#[test]
fn a_seat_that_is_given_up_frees_its_turns_and_its_weight() {
    let now = Instant::now();
    let mut turns = Turns::new(1.0, 1, now);
    let (gone, stays) = (turns.sit(300, None, now), turns.sit(100, Some(0.5), now));
    turns.queue(gone);
    assert!(matches!(turns.next(now), Next::Run(_)));
    let ticket = turns.queue(stays);
    assert_eq!(turns.next(now), Next::Nobody);
    // Its calls may be long, and count fourfold then.
    assert!((turns.guaranteed(stays) - 25.0 / 325.0).abs() < 1e-9);
    turns.stand(gone);
    assert_eq!(turns.next(now), Next::Run(ticket));
    assert!((turns.guaranteed(stays) - 0.5).abs() < 1e-9);
}

#[test]
fn what_a_call_uses_beyond_the_ordinary_counts_fourfold_at_its_edge() {
    let of = |used, before| {
        let [used, before] = [used, before].map(Duration::from_micros);
        super::Slice { used, before }.price().as_micros()
    };
    assert_eq!((of(1_000, 0), of(1_000, 19_000), of(20_000, 0)), (1_000, 1_000, 20_000));
    assert_eq!((of(1_000, 19_001), of(20_001, 0)), (1_003, 20_004));
    assert_eq!((of(1_000, 20_000), of(1_000, 9_000_000)), (4_000, 4_000));
    let most = super::Slice { used: Duration::MAX, before: Duration::MAX };
    assert_eq!(most.price(), Duration::MAX);
}

#[test]
fn calls_that_end_soon_get_four_times_what_a_call_that_goes_on_gets() {
    const SLICE: Duration = Duration::from_millis(1);
    let mut now = Instant::now();
    let mut turns = Turns::new(1.0, 1, now);
    let seats = [turns.sit(100, None, now), turns.sit(100, None, now)];
    let mut tickets = seats.map(|seat| turns.queue(seat));
    let mut served = [0_u32; 2];
    let mut before = Duration::ZERO;
    for _ in 0..1_000 {
        let ticket = loop {
            match turns.next(now) {
                Next::Run(ticket) => break ticket,
                Next::At(at, _) => now = at,
                Next::Nobody => panic!("nobody may go"),
            }
        };
        let of = usize::from(ticket == tickets[1]);
        now += SLICE;
        // The first one's calls have a slice each, the other's only one goes on and on.
        let slice = if of == 0 { SLICE.into() } else { super::Slice { used: SLICE, before } };
        before += SLICE * u32::from(of == 1);
        tickets[of] = turns.settle_and_queue(seats[of], slice, now);
        served[of] += 1;
    }
    // 20 slices at the ordinary price first, to both.
    assert!((780..=800).contains(&served[0]), "{served:?}");
}

#[test]
fn a_call_that_withdraws_is_not_let_go() {
    let now = Instant::now();
    let mut turns = Turns::new(1.0, 1, now);
    let seat = turns.sit(100, None, now);
    let (first, second) = (turns.queue(seat), turns.queue(seat));
    turns.withdraw(seat, first);
    assert_eq!(turns.next(now), Next::Run(second));
    assert_eq!(turns.waiting(), 0);
}

#[test]
fn who_waited_for_its_own_share_has_saved_up_no_turns() {
    const SLICE: Duration = Duration::from_millis(8);
    let now = Instant::now();
    let mut turns = Turns::new(1e6, 1, now);
    let (held, free) = (turns.sit(1, Some(1.0), now), turns.sit(1, None, now));
    let first = turns.queue(held);
    assert_eq!(turns.next(now), Next::Run(first));
    // A second more than it had saved.
    let mut held_ticket = turns.settle_and_queue(held, 2 * SAVED, now);
    let mut free_ticket = turns.queue(free);
    for _ in 0..1_000 {
        assert_eq!(turns.next(now), Next::Run(free_ticket));
        free_ticket = turns.settle_and_queue(free, SLICE, now);
    }
    // Its share lets it go again, for a hundred slices at once: it has those of two others, and then they take turns.
    let later = now + 2 * SAVED;
    let mut in_a_row = 0;
    while turns.next(later) == Next::Run(held_ticket) {
        in_a_row += 1;
        held_ticket = turns.settle_and_queue(held, SLICE, later);
    }
    assert!(in_a_row <= 3, "{in_a_row} slices in a row");
}

#[test]
fn what_is_guaranteed_is_no_more_than_the_threads_there_are() {
    let now = Instant::now();
    let mut turns = Turns::new(8.0, 2, now);
    let seat = turns.sit(100, Some(8.0), now);
    assert!((turns.guaranteed(seat) - 2.0).abs() < 1e-9);
}
