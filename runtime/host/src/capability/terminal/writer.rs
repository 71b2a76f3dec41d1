//! One thread writes what exporters of one runtime have for the terminal.
//!
//! Constraints: a sink may block for ever, or panic, and no other thread may be held up by that. So the sink is called on
//! this thread alone; who has a text waits for room only while the sink takes some, and only for a moment; what waits is
//! bounded for each exporter; dropping the writer waits for nobody.

use std::{
    collections::VecDeque,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time::timeout_at};

use super::{escape::next_piece, sink::TerminalSink};

/// Bytes of one exporter that may wait. One text alone may have more: as much as one call may hand over.
const MAX_WAITING_BYTES: usize = 1 << 20;
/// Texts of one exporter that may wait.
const MAX_WAITING_TEXTS: usize = 4096;
/// Bytes handed to the sink at once.
const PIECE_BYTES: usize = 16 << 10;
/// How long a text waits for room, and how long the sink may take for a piece before nobody waits for it any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// The thread that writes, seen from outside.
pub(crate) struct TerminalWriter {
    shared: Arc<Shared>,
    is_started: Mutex<bool>,
}

struct Shared {
    sink: Arc<dyn TerminalSink>,
    state: Mutex<State>,
    /// There is something to write, or nothing will come any more.
    more: Condvar,
    /// The sink took something, or has answered.
    moved: Notify,
}

#[derive(Default)]
struct State {
    texts: VecDeque<Text>,
    look: Option<Look>,
    /// Since when the sink has not answered.
    asked: Option<Instant>,
    is_closed: bool,
}

struct Text {
    account: Arc<Account>,
    text: String,
}

/// What the sink said of itself when it was last asked.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    pub(super) colors: bool,
    pub(super) width: Option<u32>,
}

/// What one exporter has waiting, and what it has lost.
#[derive(Debug, Default)]
pub(super) struct Account {
    waiting: Mutex<Waiting>,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    bytes: usize,
    texts: usize,
    is_closed: bool,
}

impl Account {
    /// Bytes that were not written.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// So many bytes will not be written.
    pub(super) fn count_dropped(&self, bytes: usize) {
        self.dropped.fetch_add(bytes as u64, Relaxed);
    }

    fn has_room(&self, bytes: usize) -> bool {
        let waiting = lock(&self.waiting);
        let is_little = waiting.bytes.saturating_add(bytes) <= MAX_WAITING_BYTES && waiting.texts < MAX_WAITING_TEXTS;
        !waiting.is_closed && (waiting.texts == 0 || is_little)
    }

    fn is_closed(&self) -> bool {
        lock(&self.waiting).is_closed
    }

    fn is_empty(&self) -> bool {
        lock(&self.waiting).texts == 0
    }

    fn begin(&self, text: &str) {
        let mut waiting = lock(&self.waiting);
        waiting.bytes += text.len();
        waiting.texts += 1;
    }

    /// Bytes came to their end. Those of a closed account are counted already.
    fn end_bytes(&self, bytes: usize, is_written: bool) {
        let mut waiting = lock(&self.waiting);
        if !waiting.is_closed {
            waiting.bytes = waiting.bytes.saturating_sub(bytes);
            self.count_dropped(if is_written { 0 } else { bytes });
        }
    }

    fn end_text(&self) {
        let mut waiting = lock(&self.waiting);
        waiting.texts = waiting.texts.saturating_sub(1);
    }

    /// Takes nothing more. Answers how many bytes still waited: they are counted as dropped.
    fn close(&self) -> usize {
        let mut waiting = lock(&self.waiting);
        let bytes = std::mem::take(&mut waiting.bytes);
        self.count_dropped(bytes);
        *waiting = Waiting { is_closed: true, ..Waiting::default() };
        bytes
    }
}

impl TerminalWriter {
    /// A writer to `sink`, whose thread starts with the first exporter that may write.
    pub(crate) fn new(sink: Arc<dyn TerminalSink>) -> Self {
        let (more, moved) = (Condvar::new(), Notify::new());
        let shared = Arc::new(Shared { sink, state: Mutex::default(), more, moved });
        Self { shared, is_started: Mutex::new(false) }
    }

    /// Starts the thread, once.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(super) fn start(&self) -> io::Result<()> {
        let mut is_started = lock(&self.is_started);
        if !*is_started {
            let shared = Arc::clone(&self.shared);
            thread::Builder::new().name("spangate-terminal".into()).spawn(move || shared.run())?;
            *is_started = true;
        }
        Ok(())
    }

    /// What the sink said when it was last asked: after each text.
    pub(super) fn look(&self) -> Look {
        lock(&self.shared.state).look.unwrap_or_default()
    }

    /// Waits until the sink has been asked, for a moment at most.
    pub(super) async fn looked(&self) {
        self.shared.wait(PATIENCE, |state| state.look.is_some()).await;
    }

    /// Queues `text`. False if there is no room for it: then it will not be written.
    pub(super) async fn push(&self, account: &Arc<Account>, text: String) -> bool {
        let bytes = text.len();
        let is_decided = |state: &State| account.has_room(bytes) || account.is_closed() || state.is_stuck();
        self.shared.wait(PATIENCE, is_decided).await;
        let mut state = lock(&self.shared.state);
        if !account.has_room(bytes) {
            return false;
        }
        account.begin(&text);
        state.texts.push_back(Text { account: Arc::clone(account), text });
        self.shared.more.notify_one();
        true
    }

    /// Waits until all of `account` is written: `limit` at most, and not for a sink that takes nothing.
    pub(super) async fn flush(&self, account: &Account, limit: Duration) {
        self.shared.wait(limit, |state| account.is_empty() || state.is_stuck()).await;
    }

    /// The end of `account`: its last chance lasts for `limit`, even if the sink takes nothing now; what is left then is
    /// given up. Answers how many bytes that were.
    pub(super) async fn close(&self, account: &Arc<Account>, limit: Duration) -> usize {
        self.shared.wait(limit, |_| account.is_empty()).await;
        lock(&self.shared.state).texts.retain(|text| !Arc::ptr_eq(&text.account, account));
        account.close()
    }
}

impl Drop for TerminalWriter {
    /// Stops the thread after the piece that it is writing. Nobody waits for it: it may never come back.
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        state.is_closed = true;
        state.texts.clear();
        self.shared.more.notify_one();
    }
}

impl State {
    /// Whether the sink has not answered for so long that nobody waits for it.
    fn is_stuck(&self) -> bool {
        self.asked.is_some_and(|asked| asked.elapsed() >= PATIENCE)
    }
}

impl Shared {
    fn run(&self) {
        self.look();
        while let Some(Text { account, text }) = self.next() {
            let mut rest = text.as_str();
            while !rest.is_empty() && !account.is_closed() && !lock(&self.state).is_closed {
                let (piece, after) = next_piece(rest, PIECE_BYTES);
                let is_written = self.ask(|sink| sink.write(&piece)).is_some();
                account.end_bytes(rest.len() - after.len(), is_written);
                self.moved.notify_waiters();
                rest = after;
            }
            account.end_text();
            self.look();
        }
    }

    /// Waits for a text; none if there will be no more.
    fn next(&self) -> Option<Text> {
        let state = lock(&self.state);
        let is_idle = |state: &mut State| state.texts.is_empty() && !state.is_closed;
        let mut state = self.more.wait_while(state, is_idle).unwrap_or_else(PoisonError::into_inner);
        state.texts.pop_front()
    }

    fn look(&self) {
        let look = self.ask(|sink| Look { colors: sink.colors(), width: sink.width() });
        lock(&self.state).look = Some(look.unwrap_or_default());
        self.moved.notify_waiters();
    }

    /// Calls the sink; none if it panics.
    fn ask<T>(&self, call: impl FnOnce(&dyn TerminalSink) -> T) -> Option<T> {
        lock(&self.state).asked = Some(Instant::now());
        let answer = catch_unwind(AssertUnwindSafe(|| call(&*self.sink)));
        lock(&self.state).asked = None;
        answer.ok()
    }

    /// Waits until `is_true`, `limit` at most.
    async fn wait(&self, limit: Duration, is_true: impl Fn(&State) -> bool) {
        let until = Instant::now() + limit;
        loop {
            let mut moved = pin!(self.moved.notified());
            moved.as_mut().enable();
            // The moment at which the sink counts as stuck changes the answer as well.
            let next_look = {
                let state = lock(&self.state);
                if is_true(&state) {
                    return;
                }
                state.asked.map(|asked| asked + PATIENCE).filter(|stuck| *stuck > Instant::now())
            };
            if Instant::now() >= until {
                return;
            }
            let next_look = next_look.map_or(until, |stuck| stuck.min(until));
            let _ = timeout_at(next_look.into(), moved).await;
        }
    }
}

/// What a panic left behind is still sound here: every update is one assignment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Hands every piece over and waits until it is asked for.
    struct Slow(mpsc::SyncSender<String>);

    impl TerminalSink for Slow {
        fn colors(&self) -> bool {
            true
        }

        fn width(&self) -> Option<u32> {
            Some(80)
        }

        fn write(&self, text: &str) {
            assert_ne!(text, "panic");
            let _ = self.0.send(text.to_owned());
        }
    }

    fn slow() -> (TerminalWriter, mpsc::Receiver<String>) {
        let (sender, receiver) = mpsc::sync_channel(0);
        let writer = TerminalWriter::new(Arc::new(Slow(sender)));
        writer.start().unwrap();
        (writer, receiver)
    }

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn texts_are_written_in_order_and_flushed() {
        let (writer, pieces) = slow();
        let account = Arc::default();
        writer.looked().await;
        assert!(writer.look().colors);
        assert!(writer.push(&account, "one".into()).await);
        assert!(writer.push(&account, "two".into()).await);
        let reader = thread::spawn(move || (pieces.recv().unwrap(), pieces.recv().unwrap()));
        writer.flush(&account, LONG).await;
        assert!(account.is_empty());
        assert_eq!(reader.join().unwrap(), ("one".into(), "two".into()));
        assert_eq!(account.dropped(), 0);
    }

    #[tokio::test]
    async fn what_waits_is_bounded_for_each_exporter() {
        let (writer, pieces) = slow();
        let (greedy, modest) = (Arc::default(), Arc::default());
        assert!(writer.push(&greedy, "x".repeat(8 << 20)).await, "one text alone may be of any size");
        assert!(!writer.push(&greedy, "x".into()).await);
        assert!(writer.push(&modest, "x".into()).await);
        assert_eq!(writer.close(&greedy, Duration::ZERO).await, 8 << 20);
        assert_eq!(greedy.dropped(), 8 << 20);
        assert!(!writer.push(&greedy, "x".into()).await);
        let reader = thread::spawn(move || pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>());
        while !modest.is_empty() {
            // It returned at once while the sink was stuck.
            writer.flush(&modest, LONG).await;
            tokio::task::yield_now().await;
        }
        drop(writer);
        assert_eq!(reader.join().unwrap(), [2 * PIECE_BYTES, 1], "the rest of what was given up is not written");
    }

    #[tokio::test]
    async fn room_is_waited_for_while_the_sink_takes_something() {
        let (writer, pieces) = slow();
        let account = Arc::default();
        let text = "x".repeat(MAX_WAITING_BYTES - 1);
        assert!(writer.push(&account, text.clone()).await);
        let reader = thread::spawn(move || pieces.iter().map(|piece| piece.len()).sum::<usize>());
        assert!(writer.push(&account, text).await);
        writer.flush(&account, LONG).await;
        drop(writer);
        assert_eq!(reader.join().unwrap(), 2 * (MAX_WAITING_BYTES - 1));
        assert_eq!(account.dropped(), 0);
    }

    #[tokio::test]
    async fn a_sink_that_panics_loses_that_text_and_writes_the_next() {
        let (writer, pieces) = slow();
        let account = Arc::default();
        assert!(writer.push(&account, "panic".into()).await);
        assert!(writer.push(&account, "next".into()).await);
        assert_eq!(pieces.recv().unwrap(), "next");
        assert_eq!(account.dropped(), 5);
    }

    #[tokio::test]
    async fn dropping_a_writer_that_is_stuck_waits_for_nobody() {
        let (writer, pieces) = slow();
        let account = Arc::default();
        assert!(writer.push(&account, "one".into()).await);
        assert!(writer.push(&account, "two".into()).await);
        drop(writer);
        assert!(pieces.iter().count() <= 1);
    }
}
