//! What a connection is doing, and since when: whether it may go on, and whether it has to make room.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::listener_limits::ListenerLimits;

/// A connection whose requests have neither begun nor ended for so long goes if there is no other room for a new one.
const STUCK: Duration = Duration::from_secs(2);

/// What a connection has done so far.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    evicted: Notify,
}

#[derive(Debug)]
struct State {
    /// Requests being answered.
    active: usize,
    /// Whether its TLS handshake has yet to end.
    is_opening: bool,
    /// Whether there was a request at all.
    has_begun: bool,
    /// Whether it was asked to close, to make room.
    is_evicted: bool,
    /// Whether what it is doing is not waited for.
    is_cut: bool,
    /// When the connection was accepted, or its last request ended.
    since: Instant,
    /// When its last request began or ended.
    changed: Instant,
}

impl Activity {
    /// A connection that was accepted just now, and has a TLS handshake before it or not.
    pub(super) fn new(now: Instant, is_opening: bool) -> Self {
        let (has_begun, is_evicted, is_cut) = Default::default();
        let state = State { active: 0, is_opening, has_begun, is_evicted, is_cut, since: now, changed: now };
        Self { state: Mutex::new(state), evicted: Notify::new() }
    }

    /// When the connection was accepted, or its last request ended.
    pub(super) fn since(&self) -> Instant {
        self.lock().since
    }

    /// Since when no request is being answered; none if there is one, or if the connection is about to close anyway.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.active == 0 && !state.is_evicted).then_some(state.since)
    }

    /// Since when requests are being answered and none has begun or ended, if that is long; none if the connection is about
    /// to close anyway.
    pub(super) fn stuck_since(&self) -> Option<Instant> {
        let state = self.lock();
        let is_stuck = state.active > 0 && !state.is_evicted && state.changed.elapsed() >= STUCK;
        is_stuck.then_some(state.changed)
    }

    /// Whether the TLS handshake has yet to end.
    pub(super) fn is_opening(&self) -> bool {
        self.lock().is_opening
    }

    /// Since when it has been at its TLS handshake; none if that is over, or if the connection is about to close anyway.
    pub(super) fn opening_since(&self) -> Option<Instant> {
        let state = self.lock();
        (state.is_opening && !state.is_evicted).then_some(state.since)
    }

    pub(super) fn end_opening(&self) {
        self.lock().is_opening = false;
    }

    /// Asks the connection to close.
    pub(super) fn evict(&self) {
        self.lock().is_evicted = true;
        self.evicted.notify_one();
    }

    /// Asks the connection to close, and cuts it if it does not: what it is doing has taken long already.
    pub(super) fn cut(&self) {
        self.lock().is_cut = true;
        self.evict();
    }

    /// Waits until it is asked to close.
    pub(super) async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// A request is being answered until what this returns is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Answering {
        let mut state = self.lock();
        state.active += 1;
        state.has_begun = true;
        state.changed = Instant::now();
        Answering(self.clone())
    }

    /// When the connection is to be closed, if nothing happens until then; none while a request is being answered that is
    /// waited for.
    pub(super) fn deadline(&self, limits: &ListenerLimits) -> Option<Instant> {
        let state = self.lock();
        let allowed = if state.has_begun { limits.idle } else { limits.first_request };
        (state.active == 0 || state.is_cut).then(|| state.since + allowed)
    }

    /// What becomes of the connection now; `closing` is when it is to be cut, once it was asked to close.
    pub(super) fn decide(&self, closing: Option<Instant>, limits: &ListenerLimits) -> Decision {
        // None while a request is being answered: one that came just before the connection was to close is finished.
        let Some(deadline) = self.deadline(limits) else { return Decision::Wait };
        let now = Instant::now();
        match closing {
            Some(end) if now >= end => Decision::Cut,
            None if now >= deadline && self.lock().has_begun => Decision::Close,
            None if now >= deadline => Decision::TimeOut,
            _ => Decision::Wait,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes of a connection when its deadline was looked at.
pub(super) enum Decision {
    Wait,
    /// It is asked to close.
    Close,
    /// It was asked to close, and has had its time.
    Cut,
    /// It never sent a request.
    TimeOut,
}

/// Lasts as long as one request is being answered.
pub(super) struct Answering(Arc<Activity>);

impl Drop for Answering {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.active = state.active.saturating_sub(1);
        state.since = Instant::now();
        state.changed = state.since;
    }
}
