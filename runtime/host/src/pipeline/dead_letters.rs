//! A short queue before the dead-letter file of one exporter.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use spangate_core::{batch::Batch, clock::Clock, exporter::Fault, narrow::Narrowing, queue::QueueEntry};

use super::dead_letter_file::DeadLetterFile;
use crate::clock::SystemClock;

/// Letters that wait for the disk. One more is not written.
pub(super) const MAX_WAITING: usize = 64;

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
pub(super) struct Letter {
    pub(super) entry: QueueEntry,
    pub(super) fault: Fault,
}

impl DeadLetters {
    pub(super) fn new(file: DeadLetterFile) -> Self {
        Self { file, outbox: Mutex::default() }
    }

    /// Whether there was room for it, and whether nobody is writing.
    pub(super) fn push(&self, letter: Letter) -> Option<bool> {
        let mut outbox = self.lock();
        if outbox.letters.len() >= MAX_WAITING {
            return None;
        }
        outbox.letters.push_back(letter);
        Some(!std::mem::replace(&mut outbox.is_writing, true))
    }

    pub(super) fn next(&self) -> Option<Letter> {
        let mut outbox = self.lock();
        let next = outbox.letters.pop_front();
        outbox.is_writing = next.is_some();
        next
    }

    /// A panic in there is a defect of ours, and no reason for rows to wait for ever.
    pub(super) fn write(&self, letter: &Letter, narrowing: Option<&Arc<Narrowing>>) -> Result<(), String> {
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

    /// Whether one is being written.
    pub(super) fn is_writing(&self) -> bool {
        self.lock().is_writing
    }

    /// Those that nobody writes yet.
    pub(super) fn take_waiting(&self) -> VecDeque<Letter> {
        std::mem::take(&mut self.lock().letters)
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
