//! The CPU time of all exporters: [`Turns`] behind a lock, and the calls that wait for their turn.
//!
//! Constraints:
//! - the lock is held for a look and a decision, never across a wait or while somebody is woken;
//! - nobody asks again and again: a call that waits is woken when it may go, and one of them at most has a timer;
//! - a turn is given back whatever becomes of its call: done, dropped, panicked.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::{Duration, Instant},
};

use super::turns::{Next, SeatId, Slice, Ticket, Turns};

/// What all exporters of one sandbox may use together.
#[derive(Debug)]
pub(super) struct Cpu {
    cores: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    turns: Turns,
    waiting: HashMap<Ticket, Waiting>,
    /// Who wakes up next by a timer of its own, and when.
    keeper: Option<(Ticket, Instant)>,
    used: Duration,
}

#[derive(Debug)]
enum Waiting {
    Asleep(Waker),
    /// It may go, and was woken.
    Called,
}

/// What all exporters together use, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuState {
    /// Cores that they may use together (`sandbox.cpu_share`).
    pub cpu_share: f64,
    /// Thread CPU time that they used since the start, that of loading included.
    pub cpu: Duration,
    /// CPU time owed at this moment.
    pub cpu_debt: Duration,
    /// Calls that wait for their turn at this moment.
    pub calls_waiting: u64,
}

/// An exporter's place among the others. Shared by its instances; given up when it is dropped.
pub(super) struct Seat {
    cpu: Arc<Cpu>,
    id: SeatId,
}

/// The answer to a call that wants to compute.
#[derive(Debug)]
pub(super) enum Answer {
    /// It may go. If others were woken it lets them start first: they may be behind it on this very thread.
    Go { has_woken: bool },
    /// It is woken when it may go; if there is an `until`, it asks again then by itself. Up to `own_until` its own share
    /// is what holds it.
    Wait { ticket: Ticket, own_until: Instant, until: Option<Instant> },
}

impl Cpu {
    /// So many `cores` on so many `threads`.
    pub(super) fn new(cores: f64, threads: usize) -> Arc<Self> {
        let turns = Turns::new(cores, threads, Instant::now());
        let state = State { turns, waiting: HashMap::new(), keeper: None, used: Duration::ZERO };
        Arc::new(Self { cores, state: Mutex::new(state) })
    }

    /// A seat with a `share` of its own, in cores. Without one the common budget alone holds it.
    pub(super) fn seat(self: &Arc<Self>, weight: u32, share: Option<f64>) -> Seat {
        let id = self.lock().turns.sit(weight, share, Instant::now());
        Seat { cpu: Arc::clone(self), id }
    }

    /// What is known at this moment.
    pub(super) fn state(&self) -> CpuState {
        let mut state = self.lock();
        CpuState {
            cpu_share: self.cores,
            cpu: state.used,
            cpu_debt: state.turns.debt(Instant::now()),
            calls_waiting: state.turns.waiting() as u64,
        }
    }

    /// What a panic left behind is still sound: none of ours panics while it is held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something, lets go who may, and wakes them after the lock is free.
    fn change<T>(&self, change: impl FnOnce(&mut State, &mut Vec<Waker>) -> T) -> T {
        let mut woken = Vec::new();
        let result = change(&mut self.lock(), &mut woken);
        woken.into_iter().for_each(Waker::wake);
        result
    }
}

impl Seat {
    /// The budget it is a part of.
    pub(super) fn cpu(&self) -> &Arc<Cpu> {
        &self.cpu
    }

    /// A call wants to compute.
    pub(super) fn ask(&self, waker: &Waker, now: Instant) -> Answer {
        self.cpu.change(|state, woken| {
            let ticket = state.turns.queue(self.id);
            state.answer(self.id, ticket, waker, now, woken)
        })
    }

    /// A call that waits has a look.
    pub(super) fn ask_again(&self, ticket: Ticket, waker: &Waker, now: Instant) -> Answer {
        self.cpu.change(|state, woken| state.answer(self.id, ticket, waker, now, woken))
    }

    /// A slice is over, and its call wants another.
    pub(super) fn go_on(&self, slice: impl Into<Slice>, waker: &Waker, now: Instant) -> Answer {
        let slice = slice.into();
        self.cpu.change(|state, woken| {
            state.used += slice.used;
            let ticket = state.turns.settle_and_queue(self.id, slice, now);
            state.answer(self.id, ticket, waker, now, woken)
        })
    }

    /// A slice is over, or was not needed.
    pub(super) fn done(&self, slice: impl Into<Slice>, now: Instant) {
        let slice = slice.into();
        self.cpu.change(|state, woken| {
            state.used += slice.used;
            state.turns.settle(self.id, slice, now);
            state.let_go(None, now, woken);
        });
    }

    /// Charges CPU time that was used without a turn.
    #[cfg(test)]
    pub(super) fn charge(&self, used: Duration) {
        self.done(used, Instant::now());
    }

    /// A call that waits gives up.
    pub(super) fn withdraw(&self, ticket: Ticket, now: Instant) {
        self.cpu.change(|state, woken| {
            match state.waiting.remove(&ticket) {
                Some(Waiting::Called) => state.turns.settle(self.id, Duration::ZERO, now),
                _ => state.turns.withdraw(self.id, ticket),
            }
            state.forget_keeper(ticket);
            state.let_go(None, now, woken);
        });
    }

    /// CPU time that it owes to its own share.
    pub(super) fn debt(&self, now: Instant) -> Duration {
        self.cpu.lock().turns.debt_of(self.id, now)
    }

    /// Cores that it gets whatever the others do.
    pub(super) fn guaranteed(&self) -> f64 {
        self.cpu.lock().turns.guaranteed(self.id)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.cpu.change(|state, woken| {
            state.turns.stand(self.id);
            state.let_go(None, Instant::now(), woken);
        });
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seat").field(&self.id).finish()
    }
}

impl State {
    /// Whether the call with `ticket` may go now; if not, `waker` is what wakes it.
    fn answer(&mut self, seat: SeatId, ticket: Ticket, waker: &Waker, now: Instant, woken: &mut Vec<Waker>) -> Answer {
        // Its timer has fired, or is set anew.
        self.forget_keeper(ticket);
        let was_called = matches!(self.waiting.get(&ticket), Some(Waiting::Called));
        if was_called || self.let_go(Some(ticket), now, woken) {
            self.waiting.remove(&ticket);
            return Answer::Go { has_woken: !woken.is_empty() };
        }
        self.waiting.insert(ticket, Waiting::Asleep(waker.clone()));
        let until = self.keeper.filter(|(keeper, _)| *keeper == ticket).map(|(_, at)| at);
        Answer::Wait { ticket, own_until: self.turns.own_ready_at(seat, now), until }
    }

    /// Calls everybody who may go, and sees to it that somebody has a timer if nobody may. Whether the one who asks may
    /// go is the answer: it need not be woken.
    fn let_go(&mut self, asking: Option<Ticket>, now: Instant, woken: &mut Vec<Waker>) -> bool {
        let mut may_go = false;
        loop {
            match self.turns.next(now) {
                Next::Run(ticket) if asking == Some(ticket) => may_go = true,
                Next::Run(ticket) => {
                    self.forget_keeper(ticket);
                    if let Some(Waiting::Asleep(waker)) = self.waiting.insert(ticket, Waiting::Called) {
                        woken.push(waker);
                    }
                }
                Next::At(at, ticket) => {
                    self.keep_time(at, ticket, asking, woken);
                    return may_go;
                }
                Next::Nobody => return may_go,
            }
        }
    }

    /// Makes the call that goes first set a timer, unless somebody has one that fires early enough.
    fn keep_time(&mut self, at: Instant, first: Ticket, asking: Option<Ticket>, woken: &mut Vec<Waker>) {
        if self.keeper.is_some_and(|(_, set)| set <= at) {
            return;
        }
        self.keeper = Some((first, at));
        if asking != Some(first)
            && let Some(Waiting::Asleep(waker)) = self.waiting.get(&first)
        {
            woken.push(waker.clone());
        }
    }

    fn forget_keeper(&mut self, ticket: Ticket) {
        self.keeper = self.keeper.filter(|(keeper, _)| *keeper != ticket);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering::SeqCst},
        task::Wake,
    };

    use super::*;

    /// A call that counts how often it is woken.
    #[derive(Default)]
    struct Caller(AtomicUsize);

    impl Wake for Caller {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    impl Caller {
        fn new() -> (Arc<Self>, Waker) {
            let caller = Arc::new(Self::default());
            (caller.clone(), Waker::from(caller))
        }

        fn woken(&self) -> usize {
            self.0.load(SeqCst)
        }
    }

    const SLICE: Duration = Duration::from_millis(1);

    fn waits(answer: Answer) -> (Ticket, Option<Instant>) {
        match answer {
            Answer::Wait { ticket, until, .. } => (ticket, until),
            Answer::Go { .. } => panic!("it may go"),
        }
    }

    fn goes(answer: Answer) -> bool {
        matches!(answer, Answer::Go { .. })
    }

    #[test]
    fn who_waits_for_a_thread_is_woken_once_when_there_is_one_and_has_no_timer() {
        let (cpu, now) = (Cpu::new(8.0, 1), Instant::now());
        let (first, second) = (cpu.seat(100, None), cpu.seat(100, None));
        let ((_, waker), (caller, called)) = (Caller::new(), Caller::new());
        assert!(goes(first.ask(&waker, now)));
        let (ticket, until) = waits(second.ask(&called, now));
        assert_eq!((until, caller.woken()), (None, 0));
        first.done(SLICE, now);
        assert_eq!(caller.woken(), 1);
        assert!(goes(second.ask_again(ticket, &called, now)));
        second.done(SLICE, now);
        assert_eq!(caller.woken(), 1);
        assert_eq!(cpu.state().calls_waiting, 0);
        assert_eq!(cpu.state().cpu, 2 * SLICE);
    }

    #[test]
    fn who_goes_on_lets_a_neighbour_with_less_go_first() {
        let (cpu, now) = (Cpu::new(8.0, 1), Instant::now());
        let (first, second) = (cpu.seat(100, None), cpu.seat(100, None));
        let ((one, waker), (other, called)) = (Caller::new(), Caller::new());
        assert!(goes(first.ask(&waker, now)));
        let (ticket, _) = waits(second.ask(&called, now));
        let (next, _) = waits(first.go_on(SLICE, &waker, now));
        assert_eq!((one.woken(), other.woken()), (0, 1));
        assert!(goes(second.ask_again(ticket, &called, now)));
        waits(second.go_on(2 * SLICE, &called, now));
        assert_eq!((one.woken(), other.woken()), (1, 1));
        assert!(goes(first.ask_again(next, &waker, now)));
    }

    #[test]
    fn of_those_who_wait_for_credit_one_has_a_timer_and_hands_it_on() {
        let (cpu, now) = (Cpu::new(0.5, 4), Instant::now());
        let seats = [cpu.seat(100, None), cpu.seat(100, None)];
        seats[0].charge(Duration::from_millis(60));
        let ((_, waker), (caller, called)) = (Caller::new(), Caller::new());
        let (ticket, until) = waits(seats[0].ask(&waker, now));
        assert!(until.is_some_and(|at| at > now));
        let (other, none) = waits(seats[1].ask(&called, now));
        // The second has used less and goes first: it was asked to set a timer at once, or has none to set.
        assert!(none.is_none() && caller.woken() == 0, "two timers for one moment");
        seats[0].withdraw(ticket, now);
        assert_eq!(caller.woken(), 1);
        let (_, until) = waits(seats[1].ask_again(other, &called, now));
        let until = until.expect("nobody has a timer");
        assert!(goes(seats[1].ask_again(other, &called, until)));
    }

    #[test]
    fn a_call_that_is_dropped_when_it_was_called_passes_its_turn_on() {
        let (cpu, now) = (Cpu::new(8.0, 1), Instant::now());
        let seats = [cpu.seat(100, None), cpu.seat(100, None), cpu.seat(100, None)];
        let callers = [Caller::new(), Caller::new(), Caller::new()];
        assert!(goes(seats[0].ask(&callers[0].1, now)));
        let (gone, _) = waits(seats[1].ask(&callers[1].1, now));
        let (stays, _) = waits(seats[2].ask(&callers[2].1, now));
        seats[0].done(SLICE, now);
        assert_eq!((callers[1].0.woken(), callers[2].0.woken()), (1, 0));
        seats[1].withdraw(gone, now);
        assert_eq!(callers[2].0.woken(), 1);
        assert!(goes(seats[2].ask_again(stays, &callers[2].1, now)));
    }

    #[test]
    fn who_wakes_others_knows_it() {
        let (cpu, now) = (Cpu::new(0.5, 2), Instant::now());
        let seats = [cpu.seat(100, None), cpu.seat(100, None)];
        cpu.seat(100, None).charge(Duration::from_millis(60));
        let ((_, waker), (caller, called)) = (Caller::new(), Caller::new());
        let (first, until) = waits(seats[0].ask(&waker, now));
        let (_, none) = waits(seats[1].ask(&called, now));
        assert_eq!(none, None);
        let later = until.expect("the first has the timer");
        assert!(matches!(seats[0].ask_again(first, &waker, later), Answer::Go { has_woken: true }));
        assert_eq!(caller.woken(), 1);
    }
}
