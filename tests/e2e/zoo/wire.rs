//! A backend that looks at bytes: keeps what it gets as it came, counts connections, and answers as badly as it is told.

use std::{
    collections::HashSet,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// One request, undecoded.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Request line and headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// The value of a header, named in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }
}

/// Writes the answer to one request.
pub(crate) type Answer = Arc<dyn Fn(&Message, &mut dyn Write) -> io::Result<()> + Send + Sync>;

/// A server on loopback. Ends with the handle.
pub(crate) struct Backend {
    port: u16,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicU64,
    open: AtomicU64,
    bytes_out: AtomicU64,
    messages: Mutex<Vec<Message>>,
    kept: usize,
    is_over: AtomicBool,
}

impl Backend {
    /// Keeps the first `kept` requests and answers all of them.
    pub(crate) fn start(kept: usize, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let port = listener.local_addr().expect("a bound address").port();
        let seen = Arc::new(Seen { kept, ..Seen::default() });
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.is_over.load(SeqCst) {
                    return;
                }
                shared.connections.fetch_add(1, SeqCst);
                let (shared, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &shared, &answer));
            }
        });
        Self { port, seen }
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Connections that were ever made.
    pub(crate) fn connections(&self) -> u64 {
        self.seen.connections.load(SeqCst)
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> u64 {
        self.seen.open.load(SeqCst)
    }

    /// Bytes of answers that the network took.
    pub(crate) fn bytes_out(&self) -> u64 {
        self.seen.bytes_out.load(SeqCst)
    }

    /// What was kept.
    pub(crate) fn messages(&self) -> Vec<Message> {
        lock(&self.seen.messages).clone()
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.seen.is_over.store(true, SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(stream: TcpStream, seen: &Seen, answer: &Answer) {
    seen.open.fetch_add(1, SeqCst);
    let _ = converse(&stream, seen, answer);
    seen.open.fetch_sub(1, SeqCst);
}

fn converse(stream: &TcpStream, seen: &Seen, answer: &Answer) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut input = BufReader::new(stream);
    while let Some(message) = read(&mut input)? {
        let mut messages = lock(&seen.messages);
        if messages.len() < seen.kept {
            messages.push(message.clone());
        }
        drop(messages);
        answer(&message, &mut Output { stream, seen })?;
    }
    Ok(())
}

/// One request; none if the other side has hung up.
fn read(input: &mut impl BufRead) -> io::Result<Option<Message>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if input.read_line(&mut head)? == 0 {
            return Ok(None);
        }
    }
    let mut message = Message { head, body: Vec::new() };
    let length = message.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
    input.take(length).read_to_end(&mut message.body)?;
    Ok(Some(message))
}

/// Counts what is taken, and stops with the backend.
struct Output<'a> {
    stream: &'a TcpStream,
    seen: &'a Seen,
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.seen.is_over.load(SeqCst) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let written = self.stream.write(bytes)?;
        self.seen.bytes_out.fetch_add(written as u64, SeqCst);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// 200 without a body.
pub(crate) fn ok() -> Answer {
    Arc::new(|_, output| output.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"))
}

/// Sends the sender on to where instances of a cloud learn their secrets, or back here under another path.
pub(crate) fn redirect() -> Answer {
    Arc::new(|message, output| {
        let to = if message.head.starts_with("POST /home") { "/hop" } else { "http://169.254.169.254/latest/" };
        write!(output, "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
    })
}

/// The head of an answer, and then a byte now and then.
pub(crate) fn trickle() -> Answer {
    Arc::new(|_, output| {
        output.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")?;
        loop {
            thread::sleep(Duration::from_millis(20));
            output.write_all(b"x")?;
        }
    })
}

/// Ten gibibytes, no faster than a network would bring them: the backend has to share the machine with what it tests.
pub(crate) fn endless() -> Answer {
    Arc::new(|_, output| {
        output.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n")?;
        loop {
            output.write_all(&[0; 1 << 16])?;
            thread::sleep(Duration::from_millis(2));
        }
    })
}

/// Sixty-four kilobytes that say that they are sixty-four megabytes.
pub(crate) fn gzip_bomb() -> Answer {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 64 << 20]).expect("memory");
    let bomb = encoder.finish().expect("memory");
    Arc::new(move |_, output| {
        write!(output, "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", bomb.len())?;
        output.write_all(&bomb)
    })
}

/// The request's head, as the body.
pub(crate) fn echo() -> Answer {
    Arc::new(|message, output| {
        let said = message.header("authorization").unwrap_or_default();
        let length = message.head.len();
        write!(output, "HTTP/1.1 200 OK\r\nx-said: {said}\r\ncontent-length: {length}\r\n\r\n{}", message.head)
    })
}

/// 503 to the first request under each idempotency key.
pub(crate) fn second_time() -> Answer {
    let known = Mutex::new(HashSet::new());
    Arc::new(move |message, output| {
        let is_first = lock(&known).insert(message.header("idempotency-key").map(str::to_owned));
        let status = if is_first { "503 Service Unavailable" } else { "200 OK" };
        write!(output, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
