//! Servers that a test starts and that never outlive it.

use std::{
    fs::File,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// A child process with its log. Killed on drop; the log is printed if the test is failing.
pub struct Server {
    child: Child,
    log: PathBuf,
    _dir: tempfile::TempDir,
}

impl Server {
    /// Starts `command` and waits until `is_ready` says so, up to 90 seconds.
    ///
    /// # Errors
    /// If it cannot start, ends, or does not become ready; with the end of its log.
    pub fn start(command: &mut Command, mut is_ready: impl FnMut() -> bool) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let log = dir.path().join("log");
        let file = File::create(&log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let mut server = Self { child, log, _dir: dir };
        let start = Instant::now();
        while !is_ready() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended with {status}:\n{}", server.log());
            }
            if start.elapsed() > Duration::from_secs(90) {
                bail!("{command:?} is not ready:\n{}", server.log());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    /// What it has written so far to standard output and error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, named as kill(1) names it: `STOP`, `CONT`.
    ///
    /// # Errors
    /// If there is no such signal, or no such process.
    pub fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { bail!("cannot send SIG{name}: {status}") }
    }

    /// Sends SIGTERM and waits for the end: exit status and log.
    ///
    /// # Errors
    /// If it does not end within 40 seconds.
    pub fn terminate(self) -> Result<(ExitStatus, String)> {
        self.signal("TERM")?;
        self.end()
    }

    /// Waits for the end: exit status and log.
    ///
    /// # Errors
    /// If it does not end within 40 seconds.
    pub fn end(mut self) -> Result<(ExitStatus, String)> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(40) {
            if let Some(status) = self.child.try_wait()? {
                return Ok((status, self.log()));
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("did not end:\n{}", self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- log of process {}\n{}", self.child.id(), self.log());
        }
    }
}

/// Ports that the system gives to no connection by itself: on Linux those begin at 32,768.
const PORTS: std::ops::Range<u32> = 10_000..30_000;

/// A loopback port that was free a moment ago, and that this process was not told before: a server that is told several would
/// find one of them taken by itself.
///
/// # Panics
/// If there is none.
pub fn free_port() -> u16 {
    static TOLD: AtomicU32 = AtomicU32::new(0);
    // Other processes look for theirs elsewhere.
    let begin = std::process::id().wrapping_mul(97);
    PORTS
        .map(|_| begin.wrapping_add(TOLD.fetch_add(1, Relaxed)) % PORTS.len() as u32 + PORTS.start)
        .find_map(|port| u16::try_from(port).ok().filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()))
        .expect("a free port of loopback")
}

/// Asks every 20 ms until `ask` answers something, up to 30 seconds.
///
/// # Panics
/// If it never does; `what` names what was waited for.
pub fn wait_until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "waited in vain for {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_told_twice() {
        let ports: std::collections::BTreeSet<_> = (0..500).map(|_| free_port()).collect();
        assert_eq!(ports.len(), 500);
        assert!(ports.iter().all(|port| PORTS.contains(&u32::from(*port))));
    }
}
