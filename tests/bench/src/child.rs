//! This program once more, as a process of its own, for what cannot share one: a backend whose CPU time does not count, and
//! libraries of which a process has one, or whose memory is measured.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdin, Command, Stdio},
    time::Duration,
};

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};
use url::Url;

use crate::{backend::Backend, embedded, flood};

/// What such a process is there for. Each answers with one line of JSON.
#[derive(Subcommand)]
pub(crate) enum Role {
    /// Answers requests until its standard input ends.
    Backend,
    Embedded(embedded::Alone),
    Flood(flood::Alone),
}

/// Does what it is there for.
///
/// # Errors
/// Those of what it does.
pub(crate) fn play(role: &Role) -> anyhow::Result<()> {
    match role {
        Role::Backend => serve(),
        Role::Embedded(alone) => alone.run().map(|answer| println!("{answer}")),
        Role::Flood(alone) => alone.run().map(|answer| println!("{answer}")),
    }
}

fn serve() -> anyhow::Result<()> {
    let backend = Backend::start(Duration::ZERO)?;
    println!("{}", backend.port());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let (requests, bytes) = backend.taken();
    println!("{}", json!({ "requests": requests, "bytes": bytes }));
    Ok(())
}

fn once_more(arguments: &[&str]) -> anyhow::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("child").args(arguments);
    Ok(command)
}

/// Runs one to its end, and returns its answer.
///
/// # Errors
/// If it fails; it has said on standard error why.
pub(crate) fn ask(arguments: &[&str]) -> anyhow::Result<Value> {
    let output = once_more(arguments)?.stderr(Stdio::inherit()).output()?;
    anyhow::ensure!(output.status.success(), "{arguments:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).with_context(|| format!("the answer of {arguments:?}"))
}

/// A backend in a process of its own. Ends with the handle.
pub(crate) struct BackendProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<std::process::ChildStdout>,
    port: u16,
}

impl BackendProcess {
    /// # Errors
    /// If it does not start.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut child = once_more(&["backend"])?.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().context("its standard output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let port = line.trim().parse().with_context(|| format!("the backend's port, not {line:?}"))?;
        Ok(Self { child, stdin, stdout, port })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Never: a port makes a URL.
    pub(crate) fn url(&self) -> anyhow::Result<Url> {
        Ok(Url::parse(&format!("http://127.0.0.1:{}/", self.port))?)
    }

    /// Ends it, and tells the requests it has answered and the bytes of their bodies.
    ///
    /// # Errors
    /// If it does not tell.
    pub(crate) fn end(mut self) -> anyhow::Result<(u64, u64)> {
        drop(self.stdin.take());
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let taken: Value = serde_json::from_str(&line)?;
        let number = |name: &str| taken[name].as_u64().with_context(|| format!("no {name} in {taken}"));
        Ok((number("requests")?, number("bytes")?))
    }
}

impl Drop for BackendProcess {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}
