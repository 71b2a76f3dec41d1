//! Rows on their way to the dead-letter file. No worker waits for a disk: what is to be written waits in a short queue of
//! its own, in flight, and one thread at a time writes it.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use spangate_core::{
    batch::Batch,
    clock::Clock,
    exporter::Fault,
    narrow::Narrowing,
    queue::QueueEntry,
    tally::{DropReason, Settled},
};

use super::{dead_letter_file::DeadLetterFile, lane::Lane};
use crate::clock::SystemClock;

/// Letters that wait for the disk. One more is not written.
const MAX_WAITING: usize = 64;

/// What one exporter's lane has for its dead-letter file.
#[derive(Debug)]
pub(super) struct DeadLetters {
    file: DeadLetterFile,
    outbox: Mutex<Outbox>,
}

#[derive(Debug, Default)]
struct Outbox {
    letters: VecDeque<Letter>,
    is_writing: bool,
}

#[derive(Debug)]
struct Letter {
    entry: QueueEntry,
    fault: Fault,
}

impl DeadLetters {
    pub(super) fn new(file: DeadLetterFile) -> Self {
        Self { file, outbox: Mutex::default() }
    }

    /// Whether there was room for it, and whether nobody is writing.
    fn push(&self, letter: Letter) -> Option<bool> {
        let mut outbox = self.lock();
        if outbox.letters.len() >= MAX_WAITING {
            return None;
        }
        outbox.letters.push_back(letter);
        Some(!std::mem::replace(&mut outbox.is_writing, true))
    }

    fn next(&self) -> Option<Letter> {
        let mut outbox = self.lock();
        let next = outbox.letters.pop_front();
        outbox.is_writing = next.is_some();
        next
    }

    /// A panic in there is a defect of ours, and no reason for rows to wait for ever.
    fn write(&self, letter: &Letter, narrowing: Option<&Arc<Narrowing>>) -> Result<(), String> {
        let written = catch_unwind(AssertUnwindSafe(|| {
            let now = SystemClock::new().unix_nanos();
            let append = |batch: &Batch| self.file.append(batch, &letter.fault, now).map_err(|error| error.to_string());
            match narrowing {
                None => append(&letter.entry.batch.lend()),
                Some(narrowing) => {
                    let shown = letter.entry.batch.show(narrowing);
                    let batch = shown.batch().ok_or("the exporter is to see nothing of it")?;
                    append(&batch)
                }
            }
        }));
        written.unwrap_or_else(|_| Err("the writer panicked".to_owned()))
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// Sends rows that are in flight to the dead letters, where they get their place in the ledger. False if there is no
    /// such file: then they are still the caller's.
    pub(super) fn bury(self: &Arc<Self>, entry: &QueueEntry, fault: &Fault) -> bool {
        let Some(dead_letters) = &self.dead_letters else { return false };
        let letter = Letter { entry: entry.clone(), fault: fault.clone() };
        match dead_letters.push(letter) {
            None => {
                let letter = Letter { entry: entry.clone(), fault: fault.clone() };
                self.finish_burial(&letter, Err(format!("{MAX_WAITING} others wait for the disk")));
            }
            Some(true) => self.start_writing(),
            Some(false) => {}
        }
        true
    }

    #[expect(clippy::disallowed_methods, reason = "one call per exporter at a time, over a bounded queue")]
    fn start_writing(self: &Arc<Self>) {
        let lane = self.clone();
        tokio::task::spawn_blocking(move || {
            while let Some((dead_letters, letter)) = lane.dead_letters.as_ref().and_then(|all| Some((all, all.next()?)))
            {
                let written = dead_letters.write(&letter, lane.settings.narrowing.as_ref());
                lane.finish_burial(&letter, written);
            }
            lane.settled.notify_waiters();
        });
    }

    fn finish_burial(&self, letter: &Letter, written: Result<(), String>) {
        let rows = letter.entry.rows();
        let settled = match &written {
            Ok(()) => Settled { dead_lettered: rows, ..Settled::default() },
            Err(_) => Settled { dropped: Some((rows, DropReason::DeadLetterFailed)), ..Settled::default() },
        };
        self.lock().queue.finish(settled);
        let fault = &letter.fault;
        match written {
            Ok(()) => self.log.complain(format_args!("{rows} rows went to the dead letters: {fault}")),
            Err(error) => {
                self.log.complain(format_args!("dropped {rows} rows (dead_letter_failed): {error}; {fault}"));
            }
        }
        self.settled.notify_waiters();
    }

    /// Whether rows are on their way to the disk.
    pub(super) fn is_burying(&self) -> bool {
        self.dead_letters.as_ref().is_some_and(|dead_letters| dead_letters.lock().is_writing)
    }

    /// Gives up what waits for the disk, because the process stops. What is being written is left to the disk.
    pub(super) fn abandon_letters(&self) {
        let Some(dead_letters) = &self.dead_letters else { return };
        let letters = std::mem::take(&mut dead_letters.lock().letters);
        for letter in letters {
            self.abandon(&letter.entry);
        }
    }
}
