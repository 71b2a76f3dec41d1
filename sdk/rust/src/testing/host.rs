//! The host that native host calls go to: one per thread, installed for the length of a test.
//!
//! Host calls are free functions in the contract, so that an exporter has no host to be handed; a thread-local one lets
//! tests run side by side.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::time::Duration;

use crate::Payload;
use crate::http::{Body, Error, Request, Response};
use crate::log::Level;

/// A request as an exporter sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRequest {
    /// The HTTP method.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In the order added.
    pub headers: Vec<(String, String)>,
    /// What it carried.
    pub body: SentBody,
    /// The exporter's own limit.
    pub timeout: Option<Duration>,
    /// HTTP/2 without negotiation.
    pub http2: bool,
}

impl SentRequest {
    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, if it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.body {
            SentBody::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// What a request carried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `http::Body`")]
pub enum SentBody {
    None,
    Text(String),
    Bytes(Vec<u8>),
    Payload(Payload),
}

/// A line in the exporter's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
}

/// A recorded value: name with labels as in `name{key="value"}`, and the number.
pub type Measurement = (String, f64);

#[derive(Default)]
struct State {
    replies: VecDeque<Result<Response, Error>>,
    requests: Vec<SentRequest>,
    log: Vec<LogLine>,
    terminal: String,
    colors: bool,
    width: Option<u32>,
    metrics: Vec<Measurement>,
    now: Duration,
    monotonic: Duration,
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

fn with_state<R>(call: impl FnOnce(&mut State) -> R) -> R {
    STATE.with_borrow_mut(|state| match state {
        Some(state) => call(state),
        None => panic!("no host: a native host call needs `testing::Host::install()` first, in the same thread"),
    })
}

/// The installed host; gone when this is dropped.
#[must_use = "the host is gone when this is dropped"]
pub struct Host(PhantomData<*const ()>);

impl Drop for Host {
    fn drop(&mut self) {
        STATE.with_borrow_mut(|state| *state = None);
    }
}

impl Host {
    /// Installs a host with an empty script in this thread, in place of any other.
    pub fn install() -> Self {
        STATE.with_borrow_mut(|state| *state = Some(State::default()));
        Self(PhantomData)
    }

    /// The next request gets this response. Without one it gets status 200 with an empty body.
    pub fn reply(&self, response: Response) -> &Self {
        with_state(|state| state.replies.push_back(Ok(response)));
        self
    }

    /// The next request gets this status with an empty body.
    pub fn reply_status(&self, status: u16) -> &Self {
        self.reply(Response { status, ..Response::default() })
    }

    /// The next request fails like this.
    pub fn reply_error(&self, error: Error) -> &Self {
        with_state(|state| state.replies.push_back(Err(error)));
        self
    }

    /// The requests sent so far.
    pub fn requests(&self) -> Vec<SentRequest> {
        with_state(|state| state.requests.clone())
    }

    /// What was logged so far.
    pub fn log(&self) -> Vec<LogLine> {
        with_state(|state| state.log.clone())
    }

    /// What was written to the terminal so far.
    pub fn terminal(&self) -> String {
        with_state(|state| state.terminal.clone())
    }

    /// Makes the terminal one of this width, with colours or without.
    pub fn set_terminal(&self, width: Option<u32>, colors: bool) -> &Self {
        with_state(|state| (state.width, state.colors) = (width, colors));
        self
    }

    /// The metrics recorded so far.
    pub fn metrics(&self) -> Vec<Measurement> {
        with_state(|state| state.metrics.clone())
    }

    /// Sets the time since the Unix epoch.
    pub fn set_time(&self, now: Duration) -> &Self {
        with_state(|state| state.now = now);
        self
    }

    /// Moves both clocks on.
    pub fn advance(&self, by: Duration) -> &Self {
        with_state(|state| (state.now, state.monotonic) = (state.now + by, state.monotonic + by));
        self
    }
}

pub(crate) fn send(request: Request<'_>) -> Result<Response, Error> {
    let sent = SentRequest {
        method: request.method.to_owned(),
        url: request.url.to_owned(),
        headers: request.headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        body: match request.body {
            Body::None => SentBody::None,
            Body::Text(text) => SentBody::Text(text.into_owned()),
            Body::Bytes(bytes) => SentBody::Bytes(bytes.into_owned()),
            Body::Payload(payload) => SentBody::Payload(payload),
        },
        timeout: request.timeout,
        http2: request.http2,
    };
    with_state(|state| {
        state.requests.push(sent);
        state.replies.pop_front().unwrap_or_else(|| Ok(Response { status: 200, ..Response::default() }))
    })
}

/// Without a host a line goes to standard error: logging is no reason to stop.
pub(crate) fn write_log(level: Level, message: &str) {
    STATE.with_borrow_mut(|state| match state {
        Some(state) => state.log.push(LogLine { level, message: message.to_owned() }),
        None => eprintln!("{level:?}: {message}"),
    });
}

pub(crate) fn write_terminal(text: &str) {
    with_state(|state| state.terminal.push_str(text));
}

pub(crate) fn terminal_colors() -> bool {
    with_state(|state| state.colors)
}

pub(crate) fn terminal_width() -> Option<u32> {
    with_state(|state| state.width)
}

pub(crate) fn now() -> Duration {
    with_state(|state| state.now)
}

pub(crate) fn monotonic() -> Duration {
    with_state(|state| state.monotonic)
}

pub(crate) fn record_metric(name: &str, labels: &[(&str, &str)], value: f64) {
    let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value:?}")).collect();
    let series = if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) };
    with_state(|state| state.metrics.push((series, value)));
}
