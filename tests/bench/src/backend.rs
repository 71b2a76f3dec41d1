//! A backend as cheap as one can be: HTTP/1.1 on loopback, a thread for each connection, every request read and forgotten,
//! and answered at once or after a while. Its threads are known by their names, so that their CPU time is known, too.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use anyhow::Context;
use spangate_tests::cpu_of_threads;
use url::Url;

/// How the names of its threads begin.
const NAME: &str = "backend";
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Lives as long as the process.
pub(crate) struct Backend {
    port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicU64,
    bytes: AtomicU64,
}

impl Backend {
    /// Listens on a free port, and takes so long for each request.
    ///
    /// # Errors
    /// If the system gives no port or no thread.
    pub(crate) fn start(delay: Duration) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        thread::Builder::new().name(NAME.to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let counts = Arc::clone(&shared);
                // Who is not served finds the connection closed.
                let _ = thread::Builder::new().name(NAME.to_owned()).spawn(move || serve(stream, delay, &counts));
            }
        })?;
        Ok(Self { port, counts })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    ///
    /// # Errors
    /// Never: a port makes a URL.
    pub(crate) fn url(&self) -> anyhow::Result<Url> {
        Ok(Url::parse(&format!("http://127.0.0.1:{}/", self.port))?)
    }

    /// Requests that were answered, and the bytes of their bodies.
    pub(crate) fn taken(&self) -> (u64, u64) {
        (self.counts.requests.load(Relaxed), self.counts.bytes.load(Relaxed))
    }
}

/// CPU time of all backends of this process.
pub(crate) fn backends_cpu() -> Duration {
    cpu_of_threads(NAME)
}

/// Until the other side has enough.
fn serve(stream: TcpStream, delay: Duration, counts: &Counts) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    while let Some(length) = head(&mut stream)? {
        let read = io::copy(&mut stream.by_ref().take(length), &mut io::sink())?;
        anyhow::ensure!(read == length, "a body of {length} bytes ended after {read}");
        thread::sleep(delay);
        counts.bytes.fetch_add(length, Relaxed);
        counts.requests.fetch_add(1, Relaxed);
        stream.get_mut().write_all(ANSWER)?;
    }
    Ok(())
}

/// Reads a request's head, and answers how long its body is. None at the end.
fn head(stream: &mut impl BufRead) -> anyhow::Result<Option<u64>> {
    let mut length = 0;
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            return Ok(Some(length));
        }
        anyhow::ensure!(!header.starts_with("transfer-encoding"), "bodies without a length are not read here");
        if let Some(bytes) = header.strip_prefix("content-length:") {
            length = bytes.trim().parse().context("a content-length")?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_read_to_their_end_one_after_the_other() {
        let backend = Backend::start(Duration::ZERO).unwrap();
        let mut stream = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, backend.port())).unwrap());
        for body in ["", "12345"] {
            let request = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.get_mut().write_all(request.as_bytes()).unwrap();
            let mut answer = vec![0; ANSWER.len()];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(answer, ANSWER);
        }
        assert_eq!(backend.taken(), (2, 5));
    }
}
