//! One thread calls the embedder's log sink.
//!
//! Constraints: nobody who speaks waits for the sink, which may block for ever, or panic: it may be a worker of every
//! exporter, the collector, or a thread of the application. Records reach the sink in the order in which they were said.
//! What waits is bounded; what is lost is counted, and told in the place where it is missing. Only an end waits, with a
//! deadline.

use std::{
    collections::VecDeque,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    process,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, ThreadId},
    time::Duration,
};

use spangate_core::suppression::suppress_this_thread;

use super::log_record::{Level, LogRecord, LogSink};

/// Records that may wait for the sink.
const MAX_WAITING: usize = 1024;

/// The thread that calls a sink, seen from outside.
pub(super) struct LogWriter {
    shared: Arc<Shared>,
    thread: ThreadId,
    /// The process where the thread is. A forked child has none, and a lock may be held there for ever.
    home: u32,
}

struct Shared {
    sink: Arc<dyn LogSink>,
    state: Mutex<State>,
    /// There is something to write, or nothing will come any more.
    said: Condvar,
    /// Nothing is left to write.
    written: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Line>,
    /// Records for which there was no room since the last that waits.
    lost: u64,
    is_writing: bool,
    is_closed: bool,
}

struct Line {
    level: Level,
    target: String,
    message: String,
}

impl LogWriter {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the operating system gives no thread.
    pub(super) fn start(sink: Arc<dyn LogSink>) -> io::Result<Self> {
        let (state, said, written) = Default::default();
        let shared = Arc::new(Shared { sink, state, said, written });
        let writing = Arc::clone(&shared);
        let thread = thread::Builder::new().name("spangate-log".into()).spawn(move || writing.run())?;
        Ok(Self { shared, thread: thread.thread().id(), home: process::id() })
    }

    /// Leaves a record for the sink, or counts it as lost.
    pub(super) fn say(&self, level: Level, target: &str, message: fmt::Arguments<'_>) {
        if self.is_elsewhere() {
            return self.shared.tell(level, target, message);
        }
        let line = Line { level, target: target.to_owned(), message: message.to_string() };
        let mut state = self.shared.lock();
        if state.waiting.len() >= MAX_WAITING {
            state.lost += 1;
            return;
        }
        let loss = state.take_loss();
        state.waiting.extend(loss.into_iter().chain([line]));
        drop(state);
        self.shared.said.notify_one();
    }

    /// Waits until the sink has taken everything, `limit` at most. A sink that asks for that does not wait for itself.
    pub(super) fn wait(&self, limit: Duration) {
        if !self.is_elsewhere() && thread::current().id() != self.thread {
            let state = self.shared.lock();
            drop(self.shared.written.wait_timeout_while(state, limit, |state| !state.is_idle()));
        }
    }

    fn is_elsewhere(&self) -> bool {
        process::id() != self.home
    }
}

impl Drop for LogWriter {
    /// The thread ends when all that waits is written. Nobody waits for it: it may never come back.
    fn drop(&mut self) {
        if !self.is_elsewhere() {
            self.shared.lock().is_closed = true;
            self.shared.said.notify_one();
        }
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.lost == 0 && !self.is_writing
    }

    /// A line about what was lost, if there is any.
    fn take_loss(&mut self) -> Option<Line> {
        let lost = std::mem::take(&mut self.lost);
        let message = format!("{lost} records were lost here: the log took none for too long");
        (lost > 0).then(|| Line { level: Level::Warn, target: "log".to_owned(), message })
    }
}

impl Shared {
    fn run(&self) {
        suppress_this_thread();
        while let Some(Line { level, target, message }) = self.next() {
            self.tell(level, &target, format_args!("{message}"));
        }
    }

    /// Waits for a record; none if there will be no more.
    fn next(&self) -> Option<Line> {
        let mut state = self.lock();
        state.is_writing = false;
        if state.is_idle() {
            self.written.notify_all();
        }
        let is_patient = |state: &mut State| state.is_idle() && !state.is_closed;
        let mut state = self.said.wait_while(state, is_patient).unwrap_or_else(PoisonError::into_inner);
        let line = state.waiting.pop_front().or_else(|| state.take_loss());
        state.is_writing = line.is_some();
        line
    }

    /// Calls the sink. Of a panic nothing is looked at again but by the sink itself.
    fn tell(&self, level: Level, target: &str, message: fmt::Arguments<'_>) {
        let record = LogRecord { level, target, message };
        let _ = catch_unwind(AssertUnwindSafe(|| self.sink.log(&record)));
    }

    /// What a panic left behind is still sound: none of ours panics while it is held.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::test_sink::Lines;

    /// Longer than any test takes.
    const FOR_EVER: Duration = Duration::from_secs(600);

    /// Takes a record when it is let.
    #[derive(Default)]
    struct Gate {
        /// Whether it is open, and whether it was ever asked.
        state: Mutex<(bool, bool)>,
        moved: Condvar,
        lines: Lines,
    }

    impl LogSink for Gate {
        fn log(&self, record: &LogRecord<'_>) {
            let mut state = self.state.lock().unwrap();
            state.1 = true;
            self.moved.notify_all();
            drop(self.moved.wait_while(state, |(is_open, _)| !*is_open).unwrap());
            self.lines.log(record);
        }
    }

    impl Gate {
        fn open(&self) {
            self.state.lock().unwrap().0 = true;
            self.moved.notify_all();
        }

        /// Waits until a record is with the sink.
        fn wait_until_asked(&self) {
            drop(self.moved.wait_while(self.state.lock().unwrap(), |(_, is_asked)| !*is_asked).unwrap());
        }
    }

    fn say(writer: &LogWriter, numbers: impl Iterator<Item = usize>) {
        numbers.for_each(|number| writer.say(Level::Info, "x", format_args!("{number}")));
    }

    #[test]
    fn what_a_full_queue_has_no_room_for_is_counted_and_told_in_its_place() {
        for lost in [0, 1, 2] {
            let gate = Arc::<Gate>::default();
            let writer = LogWriter::start(gate.clone()).unwrap();
            say(&writer, 0..1);
            gate.wait_until_asked();
            // One is with the sink, and so many wait.
            let kept = 1 + MAX_WAITING;
            say(&writer, 1..kept + lost);
            writer.wait(Duration::ZERO);
            assert_eq!(gate.lines.messages().len(), 0);
            gate.open();
            writer.wait(FOR_EVER);
            say(&writer, 9999..10_000);
            writer.wait(FOR_EVER);
            let mut expected: Vec<_> = (0..kept).map(|number| format!("Info x: {number}")).collect();
            let told = format!("Warn log: {lost} records were lost here: the log took none for too long");
            expected.extend((lost > 0).then_some(told));
            expected.push("Info x: 9999".to_owned());
            assert_eq!(gate.lines.in_full(), expected);
        }
    }

    #[test]
    fn what_waits_is_written_after_the_last_speaker_is_gone_and_then_the_thread_ends() {
        let gate = Arc::<Gate>::default();
        let writer = LogWriter::start(gate.clone()).unwrap();
        say(&writer, 0..3);
        drop(writer);
        gate.open();
        while Arc::strong_count(&gate) > 1 {
            thread::yield_now();
        }
        assert_eq!(gate.lines.messages(), ["0", "1", "2"]);
    }

    /// Waits for itself if it can.
    #[derive(Default)]
    struct Impatient {
        writer: std::sync::OnceLock<LogWriter>,
        lines: Lines,
    }

    impl LogSink for Impatient {
        fn log(&self, record: &LogRecord<'_>) {
            let writer = self.writer.wait();
            writer.wait(FOR_EVER);
            if record.target == "x" {
                writer.say(Level::Info, "sink", format_args!("after {}", record.message));
            }
            self.lines.log(record);
        }
    }

    #[test]
    fn a_sink_that_speaks_and_waits_for_its_own_words_does_not_hang() {
        let sink = Arc::<Impatient>::default();
        assert!(sink.writer.set(LogWriter::start(sink.clone()).unwrap()).is_ok());
        let writer = sink.writer.get().unwrap();
        say(writer, 0..1);
        writer.wait(FOR_EVER);
        assert_eq!(sink.lines.messages(), ["0", "after 0"]);
    }
}
