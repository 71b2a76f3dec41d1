//! `spangate health`: asks a running spangate how it is, for supervisors that can only run a command: the admin endpoint
//! listens on loopback, and an image may have no other program to ask with.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result};

use crate::{args::HealthArgs, config_file, exit::Exit, paint, stdout_sink};

/// For each step: connecting, writing, reading.
const PATIENCE: Duration = Duration::from_secs(2);
/// More than any answer of `/livez` and `/readyz`.
const MAX_ANSWER_BYTES: u64 = 64 << 10;

pub(crate) fn health(args: &HealthArgs) -> Result<Exit> {
    let document = match config_file::read(&args.config) {
        Ok(document) => document,
        Err(exit) => return Ok(exit),
    };
    let Some(admin) = document.config.admin else {
        let help = "add `[admin]` with `listen = \"127.0.0.1:8888\"`";
        eprintln!("{} there is no admin endpoint to ask\n = help: {help}", paint::stderr().red("error:"));
        return Ok(Exit::Usage);
    };
    let path = if args.ready { "/readyz" } else { "/livez" };
    let (status, body) = ask(admin.listen, path).with_context(|| format!("http://{}{path}", admin.listen))?;
    stdout_sink::print(&format!("{}\n", body.trim_end()));
    Ok(if status == 200 { Exit::Success } else { Exit::Failure })
}

fn ask(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // HTTP/1.0: the answer ends with the connection and is never chunked.
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER_BYTES).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").context("not an HTTP answer")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("not an HTTP answer")?;
    Ok((status, body.to_owned()))
}
