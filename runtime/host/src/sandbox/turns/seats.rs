//! The seats of all who share the budget.
//!
//! Constraint: what an exporter without work costs the others is nothing. Whoever looks for the next turn sees those that
//! compete, and no other; the weights of all are known without counting them.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use super::{LEAST, SCALE, SeatId, Slice, Ticket};
use crate::sandbox::credit::Credit;

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) weight: u32,
    /// Its own share; none while it is loaded or shut down.
    pub(super) share: Option<Credit>,
    pub(super) tag: u128,
    pub(super) waiting: VecDeque<Ticket>,
    pub(super) running: usize,
}

impl Seat {
    pub(super) fn settle(&mut self, slice: Slice, now: Instant) {
        self.running = self.running.saturating_sub(1);
        self.tag += slice.price().max(LEAST).as_nanos() * SCALE / u128::from(self.weight);
        if let Some(share) = &mut self.share {
            share.charge(slice.used, now);
        }
    }

    pub(super) fn ready_at(&mut self, now: Instant) -> Instant {
        self.share.as_mut().map_or(now, |share| share.ready_at(now))
    }

    pub(super) fn debt(&mut self, now: Instant) -> Duration {
        self.share.as_mut().map_or(Duration::ZERO, |share| share.debt(now))
    }

    fn is_competing(&self) -> bool {
        self.running > 0 || !self.waiting.is_empty()
    }
}

/// Every seat, and which of them compute or wait to.
#[derive(Debug, Default)]
pub(super) struct Seats {
    all: BTreeMap<SeatId, Seat>,
    /// Ascending. A sorted list: calls come and go all the time, and few compete at once.
    competing: Vec<SeatId>,
    /// Of all.
    weights: u64,
}

impl Seats {
    pub(super) fn add(&mut self, id: SeatId, seat: Seat) {
        self.weights += u64::from(seat.weight);
        self.all.insert(id, seat);
    }

    pub(super) fn remove(&mut self, id: SeatId) -> Option<Seat> {
        let seat = self.all.remove(&id)?;
        self.note(id, false);
        self.weights -= u64::from(seat.weight);
        Some(seat)
    }

    pub(super) fn get(&self, id: SeatId) -> Option<&Seat> {
        self.all.get(&id)
    }

    /// Changes a seat, whose weight stays, and notes whether it competes afterwards.
    pub(super) fn change<T>(&mut self, id: SeatId, change: impl FnOnce(&mut Seat) -> T) -> Option<T> {
        let seat = self.all.get_mut(&id)?;
        let was_competing = seat.is_competing();
        let result = change(seat);
        let is_competing = seat.is_competing();
        if is_competing != was_competing {
            self.note(id, is_competing);
        }
        Some(result)
    }

    fn note(&mut self, id: SeatId, is_competing: bool) {
        match self.competing.binary_search(&id) {
            Ok(at) if !is_competing => {
                self.competing.remove(at);
            }
            Err(at) if is_competing => self.competing.insert(at, id),
            _ => {}
        }
    }

    /// Shows every seat that computes or waits to, in the order in which they sat down. None begins or ends that here.
    pub(super) fn each_competing(&mut self, mut show: impl FnMut(SeatId, &mut Seat)) {
        for id in &self.competing {
            if let Some(seat) = self.all.get_mut(id) {
                show(*id, seat);
            }
        }
    }

    /// The weights of all but one.
    pub(super) fn weights_beside(&self, seat: &Seat) -> u64 {
        self.weights.saturating_sub(u64::from(seat.weight))
    }

    /// Calls that wait.
    pub(super) fn calls_waiting(&self) -> usize {
        self.competing.iter().filter_map(|id| self.all.get(id)).map(|seat| seat.waiting.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seat(weight: u32) -> Seat {
        Seat { weight, share: None, tag: 0, waiting: VecDeque::new(), running: 0 }
    }

    fn shown(seats: &mut Seats) -> Vec<SeatId> {
        let mut shown = Vec::new();
        seats.each_competing(|id, _| shown.push(id));
        shown
    }

    #[test]
    fn of_a_thousand_seats_only_those_that_compete_are_looked_at() {
        let mut seats = Seats::default();
        (0..1_000).for_each(|id| seats.add(SeatId(id), seat(100)));
        assert_eq!(shown(&mut seats), []);
        seats.change(SeatId(7), |seat| seat.waiting.push_back(Ticket(1)));
        seats.change(SeatId(3), |seat| seat.running += 1);
        assert_eq!((shown(&mut seats), seats.calls_waiting()), (vec![SeatId(3), SeatId(7)], 1));
        // Let go, it computes: it competes still.
        seats.change(SeatId(7), |seat| {
            seat.waiting.clear();
            seat.running += 1;
        });
        assert_eq!(shown(&mut seats).len(), 2);
        seats.change(SeatId(7), |seat| seat.settle(Duration::from_millis(1).into(), Instant::now()));
        assert_eq!(shown(&mut seats), [SeatId(3)]);
        assert!(seats.remove(SeatId(3)).is_some_and(|seat| seat.running == 1));
        assert_eq!(shown(&mut seats), []);
    }

    proptest! {
        #[test]
        fn those_that_compete_and_the_weights_are_what_a_look_at_all_says(
            steps in proptest::collection::vec((0..20_u64, 0..6_u8, 1..10_000_u32), 1..200),
        ) {
            let mut seats = Seats::default();
            for (id, step, weight) in steps {
                let id = SeatId(id);
                if step == 0 && seats.get(id).is_none() {
                    seats.add(id, seat(weight));
                } else if step == 1 {
                    seats.remove(id);
                }
                seats.change(id, |seat| match step {
                    2 => seat.waiting.push_back(Ticket(1)),
                    3 => seat.waiting.clear(),
                    4 => seat.running += 1,
                    _ => seat.settle(Duration::ZERO.into(), Instant::now()),
                });
                let competing = seats.all.iter().filter(|(_, seat)| seat.is_competing()).map(|(id, _)| *id);
                let competing: Vec<SeatId> = competing.collect();
                prop_assert_eq!(shown(&mut seats), competing);
                let weights = seats.all.values().map(|seat| u64::from(seat.weight)).sum::<u64>();
                let beside = seats.get(id).map(|seat| weights - u64::from(seat.weight));
                prop_assert_eq!(seats.get(id).map(|seat| seats.weights_beside(seat)), beside);
            }
        }
    }
}
