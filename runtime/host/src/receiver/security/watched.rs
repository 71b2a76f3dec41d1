//! A value made from files, made again when they change.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::sleep;

use super::file::FileError;
use crate::telemetry::{Level, Log};

/// A value, and a digest of what it was made from.
pub(super) struct Loaded<T> {
    pub(super) value: T,
    pub(super) fingerprint: [u8; 32],
}

type Load<T> = dyn Fn() -> Result<Loaded<T>, FileError> + Send + Sync;

/// A value made from files.
pub(super) struct Watched<T> {
    load: Box<Load<T>>,
    state: Mutex<State<T>>,
}

struct State<T> {
    current: Arc<T>,
    fingerprint: [u8; 32],
    /// Why the files as they are now cannot be used.
    failure: Option<FileError>,
    reloads: u64,
}

/// What reading again has brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// The same as before, or what was wrong is wrong still.
    None,
    /// New content, in use from now on.
    Replaced,
    /// New content that cannot be used, so that what was there before stays.
    Failed(FileError),
    /// The content that is in use is back.
    Recovered,
}

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads for the first time.
    ///
    /// # Errors
    /// Those of `load`.
    pub(super) fn new(
        load: impl Fn() -> Result<Loaded<T>, FileError> + Send + Sync + 'static,
    ) -> Result<Self, FileError> {
        let Loaded { value, fingerprint } = load()?;
        let state = State { current: Arc::new(value), fingerprint, failure: None, reloads: 0 };
        Ok(Self { load: Box::new(load), state: Mutex::new(state) })
    }

    /// What is in use.
    pub(super) fn current(&self) -> Arc<T> {
        self.lock().current.clone()
    }

    /// Why what is in use is not what the files say.
    pub(super) fn failure(&self) -> Option<FileError> {
        self.lock().failure.clone()
    }

    /// How often it was replaced.
    pub(super) fn reloads(&self) -> u64 {
        self.lock().reloads
    }

    /// Reads again. Blocks on the disk.
    pub(super) fn read_again(&self) -> Change {
        let loaded = (self.load)();
        let mut state = self.lock();
        match loaded {
            Ok(loaded) if loaded.fingerprint == state.fingerprint => match state.failure.take() {
                Some(_) => Change::Recovered,
                None => Change::None,
            },
            Ok(loaded) => {
                let reloads = state.reloads + 1;
                let (current, fingerprint) = (Arc::new(loaded.value), loaded.fingerprint);
                *state = State { current, fingerprint, failure: None, reloads };
                Change::Replaced
            }
            Err(error) if state.failure.as_ref() == Some(&error) => Change::None,
            Err(error) => {
                state.failure = Some(error.clone());
                Change::Failed(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads `watched` again at every `interval` for as long as it is polled, and says as `target` what comes of it; `what` is
/// its name in the log, and `warning` what a
/// person should know about a new one.
pub(super) async fn watch<T: Send + Sync + 'static>(
    watched: Arc<Watched<T>>,
    interval: Duration,
    what: &'static str,
    warning: fn(&T) -> Option<String>,
    log: Log,
    target: &'static str,
) {
    loop {
        sleep(interval).await;
        let reading = watched.clone();
        #[expect(clippy::disallowed_methods, reason = "one at a time for each receiver, and short: a few small files")]
        let change = tokio::task::spawn_blocking(move || reading.read_again()).await;
        match change {
            // The process is stopping.
            Err(_) => return,
            Ok(Change::None) => {}
            Ok(Change::Replaced) => {
                log.say(Level::Info, target, format_args!("{what}: read again, the new one is in use"));
                if let Some(warning) = warning(&watched.current()) {
                    log.say(Level::Warn, target, format_args!("{warning}"));
                }
            }
            Ok(Change::Recovered) => log.say(Level::Info, target, format_args!("{what}: in order again")),
            Ok(Change::Failed(error)) => {
                let message = format_args!("{what}: the new one cannot be used, the old one stays: {error}");
                log.say(Level::Warn, target, message);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_the_old_value_and_is_told_once() {
        let next = Arc::new(Mutex::new(Ok(1_u8)));
        let source = next.clone();
        let load = move || source.lock().unwrap().clone().map(|value| Loaded { value, fingerprint: [value; 32] });
        let watched = Watched::new(load).unwrap();
        let broken = |what: &str| FileError::new("auth.bearer_token_file", "f".as_ref(), what);
        let then = |content: Result<u8, FileError>| {
            *next.lock().unwrap() = content;
            (watched.read_again(), *watched.current())
        };
        assert_eq!(then(Ok(1)), (Change::None, 1));
        assert_eq!(then(Ok(2)), (Change::Replaced, 2));
        assert_eq!(then(Err(broken("empty"))), (Change::Failed(broken("empty")), 2));
        assert_eq!(then(Err(broken("empty"))), (Change::None, 2));
        assert_eq!(then(Err(broken("gone"))), (Change::Failed(broken("gone")), 2));
        assert_eq!(watched.failure(), Some(broken("gone")));
        assert_eq!(then(Ok(2)), (Change::Recovered, 2));
        assert_eq!(then(Ok(3)), (Change::Replaced, 3));
        assert_eq!((watched.failure(), watched.reloads()), (None, 2));
    }
}
