//! Rows on their way to the dead-letter file. No worker waits for a disk: what is to be written waits in a short queue of
//! its own, in flight, and one thread at a time writes it.

use std::sync::Arc;

use spangate_core::{
    exporter::Fault,
    queue::QueueEntry,
    tally::{DropReason, Settled},
};

use super::{
    dead_letters::{DeadLetters, Letter, MAX_WAITING},
    lane::Lane,
};

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
        self.dead_letters.as_ref().is_some_and(DeadLetters::is_writing)
    }

    /// Gives up what waits for the disk, because the process stops. What is being written is left to the disk.
    pub(super) fn abandon_letters(&self) {
        let Some(dead_letters) = &self.dead_letters else { return };
        for letter in dead_letters.take_waiting() {
            self.abandon(&letter.entry);
        }
    }
}
