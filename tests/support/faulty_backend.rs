//! An HTTP/1.1 backend on loopback that fails as it is told, until it is told to be well.

use std::{
    io::{Read, Result, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// Between two bytes, and between two looks at whether all is well again.
const PAUSE: Duration = Duration::from_millis(10);

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum BackendFault {
    /// Takes the connection, reads nothing and says nothing.
    Blackhole,
    /// Reads the request and says nothing.
    Silence,
    /// Reads a byte now and then.
    Sip,
    /// Answers 200 and then a byte now and then.
    Trickle,
    /// Resets the connection in the middle of the request.
    ResetRequest,
    /// Resets the connection in the middle of the response.
    ResetAnswer,
    /// Takes the request, and closes the connection in place of an answer.
    CloseOnceTaken,
    /// Answers 503 with this header line.
    Unavailable(&'static str),
    /// Answers 503 to every other request.
    Flap,
}

/// A request that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its `idempotency-key`, empty for none.
    pub key: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// The backend. Its threads end with the process.
pub struct FaultyBackend {
    port: u16,
    state: Arc<State>,
}

struct State {
    fault: Mutex<BackendFault>,
    is_well: AtomicBool,
    met: AtomicU64,
    taken: Mutex<Vec<Taken>>,
}

impl FaultyBackend {
    /// Fails by `fault` from the first connection on.
    ///
    /// # Panics
    /// If there is no loopback port.
    pub fn start(fault: BackendFault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let port = listener.local_addr().expect("a bound address").port();
        let (is_well, met, taken) = (AtomicBool::new(false), AtomicU64::new(0), Mutex::default());
        let state = Arc::new(State { fault: Mutex::new(fault), is_well, met, taken });
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&accepting);
                // How a connection ends is the other side's to judge.
                thread::spawn(move || drop(state.serve(stream)));
            }
        });
        Self { port, state }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on every request is taken and answered with 200; connections that hang are closed.
    pub fn heal(&self) {
        self.state.is_well.store(true, SeqCst);
    }

    /// How many requests met the fault.
    pub fn met(&self) -> u64 {
        self.state.met.load(SeqCst)
    }

    /// Every request that was taken, in order.
    pub fn taken(&self) -> Vec<Taken> {
        lock(&self.state.taken).clone()
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) -> Result<()> {
        // Until the first byte of a request nothing is decided.
        while stream.peek(&mut [0])? > 0 {
            if self.is_well.load(SeqCst) {
                self.take(&mut stream)?;
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
                continue;
            }
            let before = self.met.fetch_add(1, SeqCst);
            let fault = lock(&self.fault).clone();
            match fault {
                BackendFault::Unavailable(header) => self.refuse(&mut stream, header)?,
                BackendFault::Flap if before.is_multiple_of(2) => self.refuse(&mut stream, "x-flap: 1")?,
                BackendFault::Flap => {
                    self.take(&mut stream)?;
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
                }
                last => return self.end(&mut stream, &last),
            }
        }
        Ok(())
    }

    /// What ends the connection.
    fn end(&self, stream: &mut TcpStream, fault: &BackendFault) -> Result<()> {
        let mut few = [0; 8];
        match fault {
            BackendFault::Silence => drop(read_request(stream)?),
            BackendFault::Sip => {
                while !self.is_well.load(SeqCst) && stream.read(&mut few[..1])? > 0 {
                    thread::sleep(PAUSE);
                }
            }
            BackendFault::Trickle => {
                read_request(stream)?;
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")?;
                while !self.is_well.load(SeqCst) {
                    stream.write_all(b"x")?;
                    thread::sleep(PAUSE);
                }
            }
            // A connection that is closed with bytes unread is reset.
            BackendFault::ResetRequest => return stream.read_exact(&mut few),
            BackendFault::ResetAnswer => {
                stream.read_exact(&mut few)?;
                return stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
            }
            BackendFault::CloseOnceTaken => return self.take(stream),
            BackendFault::Blackhole | BackendFault::Unavailable(_) | BackendFault::Flap => {}
        }
        while !self.is_well.load(SeqCst) {
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn take(&self, stream: &mut TcpStream) -> Result<()> {
        let taken = read_request(stream)?;
        lock(&self.taken).push(taken);
        Ok(())
    }

    fn refuse(&self, stream: &mut TcpStream, header: &str) -> Result<()> {
        read_request(stream)?;
        write!(stream, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n{header}\r\n\r\n")
    }
}

/// One request with a `content-length`.
fn read_request(stream: &mut TcpStream) -> Result<Taken> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let value = |name: &str| {
        let values = head.lines().filter_map(|line| line.split_once(": "));
        values.into_iter().find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    };
    let mut body = vec![0; value("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut body)?;
    Ok(Taken { key: value("idempotency-key").to_owned(), body })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
