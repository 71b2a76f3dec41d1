//! Ctrl-C and SIGTERM, by name.

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
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Option<&'static str> {
        tokio::select! {
            signal = self.interrupt.recv() => signal.map(|()| "Ctrl-C"),
            signal = self.terminate.recv() => signal.map(|()| "SIGTERM"),
        }
    }
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
