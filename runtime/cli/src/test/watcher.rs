//! Everything that an exporter does to the world, kept and answered inside the process.

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
};

use spangate::{
    sandbox::{GuestObserver, HttpBackend, HttpFailure, HttpRequest, HttpResponse, TerminalSink},
    telemetry::{LogRecord, LogSink},
};

use super::answer::Answer;

/// Requests kept between two looks.
const MAX_REQUESTS: usize = 1_024;
/// Log lines kept.
const MAX_LINES: usize = 200;

/// What an exporter did, and what its backend answers.
#[derive(Debug)]
pub(super) struct Watcher {
    answer: Mutex<Answer>,
    requests: Mutex<Vec<HttpRequest>>,
    reads: Mutex<BTreeSet<String>>,
    corrections: Mutex<BTreeSet<String>>,
    handles: AtomicU32,
    lines: Mutex<Vec<String>>,
    written: AtomicU64,
}

impl Watcher {
    /// Nothing was done yet.
    pub(super) fn new(answer: Answer) -> Self {
        Self {
            answer: Mutex::new(answer),
            requests: Mutex::default(),
            reads: Mutex::default(),
            corrections: Mutex::default(),
            handles: AtomicU32::new(0),
            lines: Mutex::default(),
            written: AtomicU64::new(0),
        }
    }

    /// Answers this from now on.
    pub(super) fn answer_with(&self, answer: &Answer) {
        *lock(&self.answer) = answer.clone();
    }

    /// The requests since the last time.
    pub(super) fn take_requests(&self) -> Vec<HttpRequest> {
        std::mem::take(&mut *lock(&self.requests))
    }

    /// Views and columns read so far, as `describe` names them.
    pub(super) fn reads(&self) -> BTreeSet<String> {
        lock(&self.reads).clone()
    }

    /// What had to be put right in outcomes since the last time.
    pub(super) fn take_corrections(&self) -> BTreeSet<String> {
        std::mem::take(&mut *lock(&self.corrections))
    }

    /// Handles kept when the latest call returned.
    pub(super) fn handles(&self) -> u32 {
        self.handles.load(Relaxed)
    }

    /// What the exporter and the host said about it, the first 200 lines.
    pub(super) fn lines(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }

    /// Bytes written to the terminal.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Relaxed)
    }
}

impl HttpBackend for Watcher {
    fn answer(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
        let answer = lock(&self.answer).give(&request);
        let mut requests = lock(&self.requests);
        if requests.len() < MAX_REQUESTS {
            requests.push(request);
        }
        answer
    }
}

impl GuestObserver for Watcher {
    fn on_read(&self, name: &str) {
        let mut reads = lock(&self.reads);
        if !reads.contains(name) {
            reads.insert(name.to_owned());
        }
    }

    fn on_correction(&self, what: &str) {
        lock(&self.corrections).insert(what.to_owned());
    }

    fn on_return(&self, handles: u32) {
        self.handles.store(handles, Relaxed);
    }
}

impl LogSink for Watcher {
    fn log(&self, record: &LogRecord<'_>) {
        let mut lines = lock(&self.lines);
        if lines.len() < MAX_LINES {
            lines.push(record.message.to_string());
        }
    }
}

impl TerminalSink for Watcher {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, text: &str) {
        self.written.fetch_add(text.len() as u64, Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
