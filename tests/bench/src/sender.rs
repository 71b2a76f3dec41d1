//! Sends the same OTLP request over one kept connection, again and again. It costs next to nothing, so that who is measured
//! is never waited for.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpStream},
};

use anyhow::Context;

/// One connection, and what is sent over it.
pub(crate) struct Sender {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Sender {
    /// Connects to a port of this machine, to send `body` to `/v1/traces`.
    ///
    /// # Errors
    /// If nobody listens.
    pub(crate) fn connect(port: u16, body: &[u8]) -> anyhow::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        let mut request = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/x-protobuf\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        Ok(Self { stream: BufReader::new(stream), request })
    }

    /// Sends it once and reads the answer.
    ///
    /// # Errors
    /// If the answer is not 200.
    pub(crate) fn send(&mut self) -> anyhow::Result<()> {
        self.stream.get_mut().write_all(&self.request)?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        anyhow::ensure!(line.starts_with("HTTP/1.1 200"), "the answer is {line:?}");
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(bytes) = header.strip_prefix("content-length:") {
                length = bytes.trim().parse().context("a content-length")?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(())
    }
}
