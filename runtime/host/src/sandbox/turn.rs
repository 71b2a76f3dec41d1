//! The turns of one call: it asks for one before each slice, waits while it is another's, and gives it back.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::time::{Sleep, sleep_until};

use super::{
    cpu::{Answer, Seat},
    meter::Totals,
    turns::{Slice, Ticket},
};
use crate::capability::CallClock;

/// Where a call is between two slices. Its clock stands still while it waits for a turn.
pub(super) struct Turn<'a> {
    seat: &'a Seat,
    totals: &'a Totals,
    clock: Arc<CallClock>,
    stage: Stage,
    timer: Option<Pin<Box<Sleep>>>,
    /// CPU time that the call has used.
    used: Duration,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// It does not want to compute: it has not begun, or waits in the host.
    Away,
    /// It wants to, and may not yet.
    Waiting(Wait),
    /// It may compute one slice.
    On,
}

#[derive(Clone, Copy, Debug)]
struct Wait {
    ticket: Ticket,
    since: Instant,
    /// Until then it waits because of its own share, afterwards because of others.
    own_until: Instant,
}

impl<'a> Turn<'a> {
    /// For one call of the exporter that has `seat`. Waits are told to `totals` and `clock`.
    pub(super) fn new(seat: &'a Seat, totals: &'a Totals, clock: Arc<CallClock>) -> Self {
        Self { seat, totals, clock, stage: Stage::Away, timer: None, used: Duration::ZERO }
    }

    /// Whether the call wants to compute and may not yet.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Waiting(_))
    }

    /// Whether the call does not want to compute at the moment.
    pub(super) fn is_away(&self) -> bool {
        matches!(self.stage, Stage::Away)
    }

    /// Ready when the call may compute a slice.
    pub(super) fn poll_on(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        let answer = match self.stage {
            Stage::On => return Poll::Ready(()),
            Stage::Away => self.seat.ask(cx.waker(), now),
            Stage::Waiting(wait) => self.seat.ask_again(wait.ticket, cx.waker(), now),
        };
        self.heed(answer, now, cx)
    }

    /// The slice is over and took `used` of CPU time; the call wants another.
    pub(super) fn go_on(&mut self, used: Duration, cx: &mut Context<'_>) {
        let now = Instant::now();
        self.stage = Stage::Away;
        let slice = self.slice(used);
        let answer = self.seat.go_on(slice, cx.waker(), now);
        if self.heed(answer, now, cx).is_ready() {
            // At its next poll: others on this thread come first.
            cx.waker().wake_by_ref();
        }
    }

    /// The slice is over and took `used` of CPU time; the call waits in the host, or has ended.
    pub(super) fn give_back(&mut self, used: Duration) {
        self.stage = Stage::Away;
        let slice = self.slice(used);
        self.seat.done(slice, Instant::now());
    }

    fn slice(&mut self, used: Duration) -> Slice {
        let before = self.used;
        self.used = before.saturating_add(used);
        Slice { used, before }
    }

    fn heed(&mut self, answer: Answer, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        match answer {
            Answer::Go { has_woken } => {
                self.bill_wait(now);
                self.stage = Stage::On;
                if has_woken {
                    // They may be behind this very task, and not go before it returns.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(())
            }
            Answer::Wait { ticket, own_until, until } => {
                if !self.is_waiting() {
                    self.stage = Stage::Waiting(Wait { ticket, since: now, own_until });
                }
                self.timer = until.map(|until| Box::pin(sleep_until(until.into())));
                if self.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready()) {
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
        }
    }

    fn bill_wait(&mut self, now: Instant) {
        self.timer = None;
        if let Stage::Waiting(Wait { since, own_until, .. }) = self.stage {
            let waited = now.saturating_duration_since(since);
            let own = own_until.saturating_duration_since(since).min(waited);
            self.clock.stand(waited);
            self.totals.add_throttled(own);
            self.totals.add_contended(waited.saturating_sub(own));
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        match self.stage {
            Stage::Away => {}
            Stage::Waiting(wait) => {
                self.bill_wait(now);
                self.seat.withdraw(wait.ticket, now);
            }
            Stage::On => self.seat.done(Duration::ZERO, now),
        }
    }
}
