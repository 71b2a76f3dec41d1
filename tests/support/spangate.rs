//! The spangate binary, started with a configuration.

use std::{env, fs, path::PathBuf, process::Command};

use anyhow::Result;
use tempfile::TempDir;

use crate::{Server, get};

/// `spangate run` with its configuration in a folder of its own.
pub struct Spangate {
    /// The running process.
    pub server: Server,
    /// Where the configuration is.
    pub dir: TempDir,
}

impl Spangate {
    /// Starts `spangate run` and waits until `/readyz` on `admin_port` answers 200. The configuration has to say
    /// `[admin] listen` with that port.
    ///
    /// # Errors
    /// If it does not become ready; with its log.
    pub fn run(config: &str, admin_port: u16) -> Result<Self> {
        Self::run_by(Command::new(binary()), config, admin_port)
    }

    /// As [`Spangate::run`], with no more than `max_files` files and sockets open at a time.
    ///
    /// # Errors
    /// As for [`Spangate::run`].
    pub fn run_with_few_files(config: &str, admin_port: u16, max_files: u32) -> Result<Self> {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("ulimit -n {max_files} && exec \"$0\" \"$@\"")).arg(binary());
        Self::run_by(shell, config, admin_port)
    }

    fn run_by(mut command: Command, config: &str, admin_port: u16) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("spangate.toml");
        fs::write(&path, config)?;
        let ready = format!("http://127.0.0.1:{admin_port}/readyz");
        command.arg("run").arg(&path).env("NO_COLOR", "1");
        let server = Server::start(&mut command, || matches!(get(&ready), Ok((200, _))))?;
        Ok(Self { server, dir })
    }
}

/// Path of the binary, beside the tests that cargo built.
///
/// # Panics
/// If it was not built.
pub fn binary() -> PathBuf {
    built("spangate", "cargo build -p spangate-cli")
}

/// Path of an example, beside the tests that cargo built.
///
/// # Panics
/// If it was not built.
pub fn example(name: &str) -> PathBuf {
    built(&format!("examples/{name}"), "cargo build --workspace --examples")
}

fn built(name: &str, command: &str) -> PathBuf {
    let mut path = env::current_exe().expect("the path of this test");
    path.pop();
    if path.ends_with("deps") {
        path.pop();
    }
    path.push(name);
    assert!(path.exists(), "{} is missing: run `{command}` first, or tests/run", path.display());
    path
}
