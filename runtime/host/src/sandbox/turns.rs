//! Whose turn it is to compute: one budget of CPU time for all exporters, shared out slice by slice.
//!
//! Constraints:
//! - no clock and no waiting here: `now` is handed in, and who may not go yet is told when to ask again;
//! - all together never use more than the budget, a short burst aside, and never more threads than there are;
//! - nothing of the budget is left over while somebody wants it and has a thread to use it;
//! - while exporters compete, each gets CPU time by its weight, to the length of a slice; one alone may have it all;
//! - nobody saves up turns while it has nothing to do, and nobody who waits waits for ever;
//! - an exporter over its own share waits without holding others up;
//! - a call that comes to its end soon does not wait for those that do not;
//! - who does not compete costs nothing, however many they are.
//!
//! The order is start-time fair queueing, which unlike deficit round robin need not know the length of a slice before
//! it is over: every seat has a tag, the CPU time it used divided by its weight, and the lowest tag goes next. A seat
//! that comes back, from idling or from waiting for its own share, starts at the tag of those that are served. (Goyal, Guo,
//! Vin: A hierarchical CPU scheduler for multimedia operating systems, OSDI 1996.)
//!
//! What a call uses beyond [`ORDINARY`] counts [`DEAR`] times, as schedulers with feedback put behind others what has run
//! for long. By weight alone four exporters that loop would leave the one that works a fifth, though it needs little.

mod seats;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use self::seats::{Seat, Seats};
use super::credit::Credit;

/// How much of the common budget may be saved up.
pub(super) const BURST: Duration = Duration::from_millis(100);
/// How much of its own share an exporter may save up.
pub(super) const SAVED: Duration = Duration::from_secs(1);
/// What a slice costs at least, so that no run of empty ones goes on for ever.
const LEAST: Duration = Duration::from_micros(1);
/// Tags are nanoseconds divided by the weight, times this.
const SCALE: u128 = 1 << 20;
/// CPU time of a call at the ordinary price: more than a batch of 8,192 spans takes to be written as JSON, which is 12 ms.
const ORDINARY: Duration = Duration::from_millis(20);
/// What comes after that counts so many times.
const DEAR: u32 = 4;

/// A place among those that share the budget: of an exporter, or of one while it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SeatId(u64);

/// One call's wish to compute one slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Ticket(u64);

/// CPU time that a call had between two turns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slice {
    pub(super) used: Duration,
    /// What its call had used before.
    pub(super) before: Duration,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This call computes a slice, which ends with [`Turns::settle`] or [`Turns::settle_and_queue`].
    Run(Ticket),
    /// Nobody may go before then; that call would be the first.
    At(Instant, Ticket),
    /// Nobody waits, or everybody waits for a slice to end.
    Nobody,
}

/// The seat whose turn is next.
struct Candidate {
    /// When it may go.
    at: Instant,
    tag: u128,
    seat: SeatId,
    ticket: Ticket,
    /// The lowest tag of those that compute.
    slowest: Option<u128>,
}

/// The budget and those who share it.
#[derive(Debug)]
pub(super) struct Turns {
    credit: Credit,
    /// Slices that may run at once: a thread each.
    slots: usize,
    running: usize,
    seats: Seats,
    /// The tag of the seat served last.
    served: u128,
    last_seat: u64,
    last_ticket: u64,
}

impl Turns {
    /// A budget of so many `cores` on so many threads.
    pub(super) fn new(cores: f64, threads: usize, now: Instant) -> Self {
        Self {
            credit: Credit::new(cores, BURST, now),
            slots: threads.max(1),
            running: 0,
            seats: Seats::default(),
            served: 0,
            last_seat: 0,
            last_ticket: 0,
        }
    }

    /// A new seat. Without a `share` of its own (in cores) it is held by the common budget alone.
    pub(super) fn sit(&mut self, weight: u32, share: Option<f64>, now: Instant) -> SeatId {
        self.last_seat += 1;
        let id = SeatId(self.last_seat);
        let share = share.map(|share| Credit::new(share, SAVED, now));
        let seat = Seat { weight: weight.max(1), share, tag: self.served, waiting: VecDeque::new(), running: 0 };
        self.seats.add(id, seat);
        id
    }

    /// Gives a seat up, and the slices that it still had.
    pub(super) fn stand(&mut self, id: SeatId) {
        if let Some(seat) = self.seats.remove(id) {
            self.running = self.running.saturating_sub(seat.running);
        }
    }

    /// A call wants to compute.
    pub(super) fn queue(&mut self, id: SeatId) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        let served = self.served;
        self.seats.change(id, |seat| {
            if seat.waiting.is_empty() && seat.running == 0 {
                seat.tag = seat.tag.max(served);
            }
            seat.waiting.push_back(ticket);
        });
        ticket
    }

    /// A call that waited does not want to any more.
    pub(super) fn withdraw(&mut self, id: SeatId, ticket: Ticket) {
        self.seats.change(id, |seat| seat.waiting.retain(|waiting| *waiting != ticket));
    }

    /// A slice is over.
    pub(super) fn settle(&mut self, id: SeatId, slice: impl Into<Slice>, now: Instant) {
        let slice = slice.into();
        self.credit.charge(slice.used, now);
        let was_running = self.seats.change(id, |seat| {
            let was_running = seat.running > 0;
            seat.settle(slice, now);
            was_running
        });
        self.running = self.running.saturating_sub(usize::from(was_running.unwrap_or(false)));
    }

    /// A slice is over, and its call wants another. Told at once, because a seat that leaves the queue in between has
    /// lost its place to one of any weight.
    pub(super) fn settle_and_queue(&mut self, id: SeatId, slice: impl Into<Slice>, now: Instant) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.seats.change(id, |seat| seat.waiting.push_back(ticket));
        self.settle(id, slice, now);
        ticket
    }

    /// Lets the next call go, if one may.
    pub(super) fn next(&mut self, now: Instant) -> Next {
        if self.running >= self.slots {
            return Next::Nobody;
        }
        let (ready, plenty) = (self.credit.ready_at(now), self.credit.half_full_at(now));
        let Some(Candidate { at, tag, seat, ticket, slowest }) = self.candidate(ready, now) else {
            return Next::Nobody;
        };
        if at > now {
            return Next::At(at, ticket);
        }
        // While the budget is short, a free thread is no reason to compute ahead of somebody who computes: side by side, a
        // heavy seat and a light one would get the same.
        if slowest.is_some_and(|slowest| slowest < tag) && plenty > now {
            return Next::At(plenty, ticket);
        }
        self.seats.change(seat, |seat| {
            seat.waiting.pop_front();
            seat.running += 1;
        });
        self.running += 1;
        self.served = self.served.max(tag);
        Next::Run(ticket)
    }

    /// Who goes first of those that wait, the common credit being there at `ready`.
    fn candidate(&mut self, ready: Instant, now: Instant) -> Option<Candidate> {
        let served = self.served;
        let mut first: Option<Candidate> = None;
        let mut slowest: Option<u128> = None;
        self.seats.each_competing(|id, seat| {
            if seat.running > 0 {
                slowest = Some(slowest.map_or(seat.tag, |slowest| slowest.min(seat.tag)));
            }
            let Some(ticket) = seat.waiting.front().copied() else { return };
            let own = seat.ready_at(now);
            if own > now {
                // Whom its own share holds back does not compete, and saves up nothing meanwhile.
                seat.tag = seat.tag.max(served);
            }
            let (at, tag) = (own.max(ready), seat.tag);
            if first.as_ref().is_none_or(|first| (at, tag) < (first.at, first.tag)) {
                first = Some(Candidate { at, tag, seat: id, ticket, slowest: None });
            }
        });
        first.map(|first| Candidate { slowest, ..first })
    }

    /// When a seat has paid its own debt; `now` if it has none.
    pub(super) fn own_ready_at(&mut self, id: SeatId, now: Instant) -> Instant {
        self.seats.change(id, |seat| seat.ready_at(now)).unwrap_or(now)
    }

    /// CPU time that a seat owes to its own share.
    pub(super) fn debt_of(&mut self, id: SeatId, now: Instant) -> Duration {
        self.seats.change(id, |seat| seat.debt(now)).unwrap_or_default()
    }

    /// CPU time that all together owe.
    pub(super) fn debt(&mut self, now: Instant) -> Duration {
        self.credit.debt(now)
    }

    /// Calls that wait.
    pub(super) fn waiting(&self) -> usize {
        self.seats.calls_waiting()
    }

    /// Cores that a seat gets even if all others want what they can get, and its calls are long and theirs short.
    pub(super) fn guaranteed(&self, id: SeatId) -> f64 {
        let Some(seat) = self.seats.get(id) else { return 0.0 };
        let others = self.seats.weights_beside(seat) as f64;
        let own = f64::from(seat.weight) / f64::from(DEAR);
        let of_all = self.credit.rate().min(self.slots as f64) * own / (own + others);
        seat.share.as_ref().map_or(of_all, |share| share.rate().min(of_all))
    }
}

impl Slice {
    /// What it counts when turns are given.
    fn price(self) -> Duration {
        let ordinary = ORDINARY.saturating_sub(self.before).min(self.used);
        ordinary.saturating_add(self.used.saturating_sub(ordinary).saturating_mul(DEAR))
    }
}

impl From<Duration> for Slice {
    /// The first slice of a call.
    fn from(used: Duration) -> Self {
        Self { used, before: Duration::ZERO }
    }
}
