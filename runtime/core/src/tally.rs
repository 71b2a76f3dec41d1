//! The ledger of one exporter. At any quiet point, exact in integers:
//! `accepted = delivered + rejected + dropped{reason} + dead_lettered + queued + in_flight`.
//!
//! Every move is one method that takes from one column and gives to another, so that the law holds by construction.

use std::{
    ops::AddAssign,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::exporter::FaultKind;

/// Why rows were dropped. One spelling everywhere: metrics, log, `/status` and this enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// The queue was full.
    QueueFull,
    /// The batch stayed undelivered for longer than `max_age`.
    TooOld,
    /// The exporter faults on these rows while it delivers others.
    Fault(FaultKind),
    /// As for [`Self::Fault`], and they could not be written to the dead-letter file.
    DeadLetterFailed,
    /// The process stopped before the batch could be delivered.
    Shutdown,
    /// The operator's `[select]` leaves them out for this exporter.
    Select,
}

impl DropReason {
    /// The reason's name in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::TooOld => "too_old",
            Self::Fault(kind) => kind.as_str(),
            Self::DeadLetterFailed => "dead_letter_failed",
            Self::Shutdown => "shutdown",
            Self::Select => "select",
        }
    }

    const ROWS: usize = FaultKind::ALL.len() + 5;

    fn row(self) -> usize {
        match self {
            Self::QueueFull => 0,
            Self::TooOld => 1,
            Self::Shutdown => 2,
            Self::DeadLetterFailed => 3,
            Self::Select => 4,
            Self::Fault(kind) => 5 + kind as usize,
        }
    }

    fn from_row(row: usize) -> Self {
        match row {
            0 => Self::QueueFull,
            1 => Self::TooOld,
            2 => Self::Shutdown,
            3 => Self::DeadLetterFailed,
            4 => Self::Select,
            _ => Self::Fault(FaultKind::ALL[row - 5]),
        }
    }
}

/// Where every accepted row of one exporter is now.
#[derive(Debug, Default)]
pub struct Tally {
    ledger: Mutex<Ledger>,
}

/// A copy of a [`Tally`] at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Rows that were offered to this exporter.
    pub accepted: u64,
    /// Rows the backend took.
    pub delivered: u64,
    /// Rows the backend refused for good.
    pub rejected: u64,
    /// Rows written to the dead-letter file.
    pub dead_lettered: u64,
    /// Rows waiting in the queue, for a first or a further attempt.
    pub queued: u64,
    /// Rows the exporter has at this moment.
    pub in_flight: u64,
    dropped: [u64; DropReason::ROWS],
}

impl Ledger {
    /// Rows dropped, by reason; reasons without any are left out.
    pub fn dropped(&self) -> impl Iterator<Item = (DropReason, u64)> + '_ {
        (0..DropReason::ROWS).map(|row| (DropReason::from_row(row), self.dropped[row])).filter(|(_, rows)| *rows > 0)
    }

    /// Rows that the operator's `[select]` left out. They are among the dropped ones.
    pub fn left_out(&self) -> u64 {
        self.dropped[DropReason::Select.row()]
    }

    /// Rows dropped for any reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Whether the law holds.
    pub fn is_balanced(&self) -> bool {
        let held = self.queued + self.in_flight;
        self.accepted == self.delivered + self.rejected + self.dropped_total() + self.dead_lettered + held
    }
}

/// Two ledgers side by side are one: the law is linear.
impl AddAssign<&Ledger> for Ledger {
    fn add_assign(&mut self, other: &Ledger) {
        self.accepted += other.accepted;
        self.delivered += other.delivered;
        self.rejected += other.rejected;
        self.dead_lettered += other.dead_lettered;
        self.queued += other.queued;
        self.in_flight += other.in_flight;
        for (sum, rows) in self.dropped.iter_mut().zip(other.dropped) {
            *sum += rows;
        }
    }
}

impl Tally {
    /// Rows enter the queue.
    pub fn accept(&self, rows: u32) {
        let mut ledger = self.lock();
        ledger.accepted += u64::from(rows);
        ledger.queued += u64::from(rows);
    }

    /// Rows are refused by a full queue, or pushed out of it before they were tried.
    pub fn drop_queued(&self, rows: u32, reason: DropReason) {
        let mut ledger = self.lock();
        ledger.queued -= u64::from(rows);
        ledger.dropped[reason.row()] += u64::from(rows);
    }

    /// Rows go from the queue to the exporter.
    pub fn start(&self, rows: u32) {
        let mut ledger = self.lock();
        ledger.queued -= u64::from(rows);
        ledger.in_flight += u64::from(rows);
    }

    /// The exporter is done with rows: each goes to exactly one place.
    pub fn finish(&self, settled: Settled) {
        let mut ledger = self.lock();
        ledger.in_flight -= settled.rows();
        ledger.delivered += u64::from(settled.delivered);
        ledger.rejected += u64::from(settled.rejected);
        ledger.queued += u64::from(settled.requeued);
        ledger.dead_lettered += u64::from(settled.dead_lettered);
        if let Some((rows, reason)) = settled.dropped {
            ledger.dropped[reason.row()] += u64::from(rows);
        }
    }

    /// The ledger at this moment.
    pub fn read(&self) -> Ledger {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the rows of one attempt went. Together they are the rows of the attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Taken by the backend.
    pub delivered: u32,
    /// Refused by the backend for good.
    pub rejected: u32,
    /// Back to the queue for a further attempt.
    pub requeued: u32,
    /// Written to the dead-letter file.
    pub dead_lettered: u32,
    /// Given up, and why.
    pub dropped: Option<(u32, DropReason)>,
}

impl Settled {
    fn rows(&self) -> u64 {
        let dropped = self.dropped.map_or(0, |(rows, _)| rows);
        [self.delivered, self.rejected, self.requeued, self.dead_lettered, dropped].into_iter().map(u64::from).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_two_balanced_ledgers_is_balanced() {
        let (one, two) = (Tally::default(), Tally::default());
        one.accept(5);
        one.start(3);
        one.finish(Settled { delivered: 1, rejected: 1, dropped: Some((1, DropReason::TooOld)), ..Settled::default() });
        two.accept(7);
        two.drop_queued(2, DropReason::QueueFull);
        let mut sum = one.read();
        sum += &two.read();
        assert!(sum.is_balanced());
        assert_eq!((sum.accepted, sum.queued, sum.dropped_total()), (12, 7, 3));
    }
}
