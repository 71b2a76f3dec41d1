//! A Collector that runs, and what it uses.

use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use spangate_tests::free_port;
use tempfile::TempDir;
use url::Url;

/// Until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// Ends with the handle.
pub(super) struct Collector {
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Collector {
    /// Starts the program with one processor for its own code, which is its cheapest way, and nothing in between: no batch
    /// processor, no compression, no metrics of its own.
    ///
    /// # Errors
    /// If it does not start.
    pub(super) fn start(program: &Path, backend: &Url) -> anyhow::Result<Self> {
        let (port, folder) = (free_port(), tempfile::tempdir()?);
        let file = folder.path().join("collector.yaml");
        fs::write(&file, configuration(port, backend))?;
        let child = Command::new(program)
            .arg("--config")
            .arg(&file)
            .env("GOMAXPROCS", "1")
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut collector = Self { child, port, _folder: folder };
        collector.wait()?;
        Ok(collector)
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// CPU time of its threads, by proc_pid_schedstat(5). They do not end while it runs.
    pub(super) fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).into_iter().flatten().flatten();
        let used = tasks.filter_map(|task| {
            let numbers = fs::read_to_string(task.path().join("schedstat")).ok()?;
            numbers.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
        });
        used.sum()
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            anyhow::ensure!(start.elapsed() < PATIENCE, "it does not listen");
            if let Some(status) = self.child.try_wait()? {
                anyhow::bail!("it has ended: {status}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(port: u16, backend: &Url) -> String {
    format!(
        "receivers:\n  otlp:\n    protocols:\n      http:\n        endpoint: 127.0.0.1:{port}\n\
         exporters:\n  otlp_http:\n    endpoint: {}\n    compression: none\n\
         service:\n  telemetry:\n    logs: {{level: warn}}\n    metrics: {{level: none}}\n\
         \x20 pipelines:\n    traces: {{receivers: [otlp], exporters: [otlp_http]}}\n",
        backend.as_str().trim_end_matches('/')
    )
}
