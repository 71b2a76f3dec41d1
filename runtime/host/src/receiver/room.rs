//! What the connections of one listener share, and who has to go when there are too many.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{activity::Activity, listener_limits::ListenerLimits, security::TlsSource, stats::ConnectionStats};
use crate::telemetry::{Log, SparingLog, Sparingly};

/// What the connections of one listener share.
pub(super) struct Room<A> {
    pub(super) answer: Arc<A>,
    pub(super) limits: ListenerLimits,
    pub(super) stats: Arc<ConnectionStats>,
    /// None for plain connections.
    pub(super) tls: Option<TlsSource>,
    pub(super) log: Log,
    pub(super) target: &'static str,
    /// Connections that did not come to speak HTTP.
    pub(super) unopened: SparingLog,
    /// Connections that are open, by a number of their own.
    open: Mutex<HashMap<u64, Arc<Activity>>>,
}

impl<A> Room<A> {
    pub(super) fn new(
        answer: Arc<A>,
        limits: ListenerLimits,
        stats: Arc<ConnectionStats>,
        tls: Option<TlsSource>,
        log: Log,
        target: &'static str,
    ) -> Self {
        let unopened = SparingLog::new(target, Sparingly::ON_STRANGERS, log.clone());
        Self { answer, limits, stats, tls, log, target, unopened, open: Mutex::default() }
    }

    /// Takes one more connection in. If there are too many, the one that has been idle longest is told to close, or, if none
    /// is idle, the one that got nowhere for longest is cut; if there are too many that have not finished their TLS
    /// handshake, the one that has been at it longest is told to close.
    ///
    /// None if all are busy.
    pub(super) fn enter(self: &Arc<Self>, number: u64, activity: &Arc<Activity>) -> Option<Registration<A>> {
        let mut open = self.lock();
        if open.len() >= self.limits.max_connections {
            // What was told to close does so within a moment; until then there is one connection more.
            if let Some(longest_idle) = longest(&open, Activity::idle_since) {
                self.evict(longest_idle);
            } else if let Some(longest_stuck) = longest(&open, Activity::stuck_since) {
                longest_stuck.cut();
                self.stats.evicted.add(1);
            } else {
                self.stats.refused.add(1);
                return None;
            }
        }
        if activity.is_opening() {
            let opening = || open.values().filter(|activity| activity.is_opening());
            if opening().nth(self.limits.max_handshakes.saturating_sub(1)).is_some()
                && let Some(longest) = longest(&open, Activity::opening_since)
            {
                self.evict(longest);
            }
        }
        open.insert(number, activity.clone());
        self.stats.accepted.add(1);
        Some(Registration { room: self.clone(), number })
    }

    fn evict(&self, activity: &Activity) {
        activity.evict();
        self.stats.evicted.add(1);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Activity>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn longest<T: Ord>(open: &HashMap<u64, Arc<Activity>>, since: impl Fn(&Activity) -> Option<T>) -> Option<&Activity> {
    let since = open.values().filter_map(|activity| Some((since(activity)?, activity)));
    since.min_by(|(left, _), (right, _)| left.cmp(right)).map(|(_, activity)| &**activity)
}

/// Leaves the room when the connection's task ends, however it ends.
pub(super) struct Registration<A> {
    pub(super) room: Arc<Room<A>>,
    number: u64,
}

impl<A> Drop for Registration<A> {
    fn drop(&mut self) {
        self.room.lock().remove(&self.number);
        self.room.stats.closed.add(1);
    }
}
