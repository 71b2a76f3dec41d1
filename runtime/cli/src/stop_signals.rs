//! What asks the process to end, by name: Ctrl-C, SIGTERM, and SIGHUP of a terminal that was closed.

use std::{io, ops::ControlFlow};

/// Calls `on_signal` with the name of each signal, on a thread of its own, until that breaks.
///
/// # Errors
/// If the operating system gives no thread or takes no handler.
pub(crate) fn listen(mut on_signal: impl FnMut(&'static str) -> ControlFlow<()> + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // handlers are in place when this returns, so that a signal right after the start is not missed
    let mut signals = runtime.block_on(async { Signals::new() })?;
    let forward = move || {
        runtime.block_on(async move {
            while let Some(name) = signals.next().await {
                if on_signal(name).is_break() {
                    break;
                }
            }
        });
    };
    std::thread::Builder::new().name("spangate-signals".into()).spawn(forward)?;
    Ok(())
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// None if it is ignored, as under `nohup`.
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = if is_hangup_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())?, hangup })
    }

    async fn next(&mut self) -> Option<&'static str> {
        tokio::select! {
            signal = self.interrupt.recv() => signal.map(|()| "Ctrl-C"),
            signal = self.terminate.recv() => signal.map(|()| "SIGTERM"),
            Some(()) = received(self.hangup.as_mut()) => Some("SIGHUP"),
        }
    }
}

#[cfg(unix)]
async fn received(signal: Option<&mut tokio::signal::unix::Signal>) -> Option<()> {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether whoever started this process wants it to outlive its terminal. Linux tells; elsewhere it may be, and the signal is
/// left as it was.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // Bit 0 is signal 1, SIGHUP (proc_pid_status(5)).
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 != 0)
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Option<&'static str> {
        tokio::signal::ctrl_c().await.ok().map(|()| "Ctrl-C")
    }
}
