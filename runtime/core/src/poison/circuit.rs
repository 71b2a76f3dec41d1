//! Whether an exporter is called at all: a circuit breaker, `now` and chance are handed in.
//!
//! Design: the circuit opens after five faults on different batches among the latest ten batches, or after four faults
//! with nothing in between: that is more than one row can cause (its batch twice, a half of it, and then its sibling gets
//! through). An open circuit lets one call probe after 1 s, then 2 s, and so on up to 60 s, until one returns. Source of
//! the shape: M. Nygard, "Release It!", 2007, "Circuit Breaker".

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use super::{back_off::BackOff, suspicion::Suspicion};
use crate::batch::BatchId;

/// Batches that are remembered.
const WINDOW: usize = 10;
/// So many of them that faulted mean the exporter, not the data.
const BLAMED: usize = 5;
/// So many batches that fault with nothing in between may still each have a row of their own that causes it: what an
/// application does at one moment comes in a batch for each signal.
const FEW: usize = 3;
/// Faults with nothing in between after which the exporter is left alone for a while.
const RUN: u32 = 4;
/// How many times as long as the one before a pause is.
const GROWTH: u32 = 2;

/// Whether a batch may be tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum May {
    /// Yes.
    Now,
    /// Not before this moment.
    At(Duration),
    /// Another batch is probing.
    AfterProbe,
}

/// Which batch a call had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The batch, or the one that it was cut from.
    pub batch: BatchId,
    /// Whether it was cut.
    pub is_part: bool,
    /// Whether it was begun to probe: what [`Circuit::begin`] answered.
    pub is_probe: bool,
}

/// How the circuit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The exporter is called.
    Closed,
    /// It is not called.
    Open {
        /// When one call probes.
        until: Duration,
    },
    /// One call tries whether it works again.
    Probing,
}

/// The circuit of one exporter.
#[derive(Clone, Debug)]
pub struct Circuit {
    standing: Standing,
    /// The latest batches, each once, and whether the latest word on it is a fault.
    recent: VecDeque<(BatchId, bool)>,
    /// Batches that faulted since a call last returned, each once, the latest ten.
    run: VecDeque<BatchId>,
    faults_in_a_row: u32,
    /// Calls that brought rows to an end.
    passes: u64,
    back_off: BackOff,
}

impl Default for Circuit {
    fn default() -> Self {
        Self {
            standing: Standing::Closed,
            recent: VecDeque::new(),
            run: VecDeque::new(),
            faults_in_a_row: 0,
            passes: 0,
            back_off: BackOff::growing(GROWTH),
        }
    }
}

impl Circuit {
    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether a batch may be tried.
    pub fn may_try(&self, now: Duration) -> May {
        match self.standing {
            Standing::Closed => May::Now,
            Standing::Open { until } if now < until => May::At(until),
            Standing::Open { .. } => May::Now,
            Standing::Probing => May::AfterProbe,
        }
    }

    /// A batch is being tried. Answers whether that probes.
    pub fn begin(&mut self) -> bool {
        let is_probe = matches!(self.standing, Standing::Open { .. });
        if is_probe {
            self.standing = Standing::Probing;
        }
        is_probe
    }

    /// A call returned; `is_final` if it brought rows to an end. Answers whether that closed the circuit. A call that
    /// does not probe never does: it was begun before the circuit opened.
    pub fn pass(&mut self, call: Call, is_final: bool) -> bool {
        self.run.clear();
        self.faults_in_a_row = 0;
        self.passes += u64::from(is_final);
        if !call.is_part {
            self.remember(call.batch, false);
        }
        let is_closing = call.is_probe;
        if is_closing {
            self.standing = Standing::Closed;
            self.recent.clear();
            self.back_off.start_over();
        }
        is_closing
    }

    /// A call faulted; `chance` is from 0 to 1. Answers for how long that opened the circuit, if it did.
    pub fn fault(&mut self, call: Call, now: Duration, chance: f64) -> Option<Duration> {
        self.faults_in_a_row = self.faults_in_a_row.saturating_add(1);
        if !self.run.contains(&call.batch) {
            self.run.push_back(call.batch);
        }
        if self.run.len() > WINDOW {
            self.run.pop_front();
        }
        self.remember(call.batch, true);
        let is_opening = match self.standing {
            Standing::Open { .. } | Standing::Probing => call.is_probe,
            Standing::Closed => self.is_exporter_blamed() || self.faults_in_a_row >= RUN,
        };
        is_opening.then(|| {
            let length = self.back_off.next(chance);
            self.standing = Standing::Open { until: now.saturating_add(length) };
            length
        })
    }

    /// A call came to no end: it was not made, or abandoned. If it was to probe, the next one does.
    pub fn learn_nothing(&mut self, is_probe: bool, now: Duration) {
        if is_probe {
            self.standing = Standing::Open { until: now };
        }
    }

    /// A row of this batch was found to be the cause: it speaks no longer against the exporter.
    pub fn resolve(&mut self, batch: BatchId) {
        self.recent.retain(|(known, _)| *known != batch);
        self.run.retain(|known| *known != batch);
    }

    /// Whether different batches faulted, so that the exporter is to blame and no batch.
    pub fn is_exporter_blamed(&self) -> bool {
        self.batches_faulted() >= BLAMED
    }

    /// Of the latest ten batches, those whose latest word is a fault.
    pub fn batches_faulted(&self) -> usize {
        self.recent.iter().filter(|(_, is_fault)| *is_fault).count()
    }

    /// Faults since a call last returned.
    pub fn faults_in_a_row(&self) -> u32 {
        self.faults_in_a_row
    }

    /// Calls that brought rows to an end, since the start.
    pub(super) fn passes(&self) -> u64 {
        self.passes
    }

    /// Whether something got through since these rows, or those around them, were suspected.
    pub(super) fn is_proven(&self, suspicion: &Suspicion) -> bool {
        suspicion.since().is_some_and(|since| self.passes > since)
    }

    /// Whether what is known speaks against the data: others get through, or few others have faulted.
    pub(super) fn is_data_suspected(&self, suspicion: &Suspicion) -> bool {
        !self.is_exporter_blamed() && (self.run.len() <= FEW || self.is_proven(suspicion))
    }

    fn remember(&mut self, batch: BatchId, is_fault: bool) {
        self.recent.retain(|(known, _)| *known != batch);
        self.recent.push_back((batch, is_fault));
        if self.recent.len() > WINDOW {
            self.recent.pop_front();
        }
    }
}
