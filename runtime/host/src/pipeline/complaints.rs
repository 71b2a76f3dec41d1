//! Log lines about one exporter, at most one in ten seconds, with the number of those that were left out.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use crate::telemetry::{Level, Log};

const INTERVAL: Duration = Duration::from_secs(10);

/// Says what goes wrong, not too often.
pub(super) struct Complaints {
    log: Log,
    target: String,
    state: Mutex<Spoken>,
}

#[derive(Default)]
struct Spoken {
    last: Option<Duration>,
    left_out: u64,
}

impl Complaints {
    pub(super) fn new(log: Log, target: String) -> Self {
        Self { log, target, state: Mutex::new(Spoken::default()) }
    }

    /// Says it, unless something was said a moment ago. `now` is monotonic.
    pub(super) fn say(&self, now: Duration, message: fmt::Arguments<'_>) {
        let left_out = {
            let mut spoken = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if spoken.last.is_some_and(|last| now.saturating_sub(last) < INTERVAL) {
                spoken.left_out += 1;
                return;
            }
            spoken.last = Some(now);
            std::mem::take(&mut spoken.left_out)
        };
        match left_out {
            0 => self.log.say(Level::Warn, &self.target, message),
            _ => self.log.say(Level::Warn, &self.target, format_args!("{message} ({left_out} more left out)")),
        }
    }
}
