//! An exporter that answers as it was told and remembers what it was handed.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use spangate_core::{
    batch::{Batch, BatchId},
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter, Fault, FaultKind, Partial},
};

/// One answer.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Accept,
    Partial {
        rejected: u32,
        rejected_rows: Vec<u32>,
        retry_rows: Vec<u32>,
    },
    RetryAfter(Option<Duration>),
    Reject,
    Fault(FaultKind),
    Unavailable(Duration),
    Unauthorized,
    Panic,
    /// Not when it is waited for, but when it is called.
    PanicAtOnce,
    /// Never answers.
    Hang,
    /// Answers after this long.
    AcceptAfter(Duration),
}

/// What was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Handed {
    pub(super) id: BatchId,
    pub(super) attempt: u32,
    pub(super) names: Vec<String>,
}

/// Faults on every batch that has one of these rows, and takes the others.
pub(super) struct Picky {
    poison: Vec<String>,
    /// Every row that it took.
    pub(super) delivered: Mutex<Vec<String>>,
    /// Rows of each call, and whether it faulted.
    pub(super) calls: Mutex<Vec<(usize, bool)>>,
}

impl Picky {
    pub(super) fn new(poison: &[&str]) -> Arc<Self> {
        let poison = poison.iter().map(|name| (*name).to_owned()).collect();
        Arc::new(Self { poison, delivered: Mutex::default(), calls: Mutex::default() })
    }
}

impl Exporter for Picky {
    fn export(&self, batch: Arc<Batch>, _: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let names = super::stage::names(&batch);
        let is_poisoned = names.iter().any(|name| self.poison.contains(name));
        Box::pin(async move {
            // Calls overlap where they may.
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.calls.lock().unwrap().push((names.len(), is_poisoned));
            if is_poisoned {
                let detail = "cannot take it, says hunter2hunter2".to_owned();
                return Err(ExportError::Fault(Fault { kind: FaultKind::Trapped, detail }));
            }
            self.delivered.lock().unwrap().extend(names);
            Ok(ExportOutcome::Accepted)
        })
    }
}

/// Plays its script, then does `finally` for ever.
pub(super) struct ScriptedExporter {
    script: Mutex<VecDeque<Act>>,
    finally: Mutex<Act>,
    handed: Mutex<Vec<Handed>>,
    pub(super) flushes: AtomicU64,
    pub(super) shutdowns: AtomicU64,
}

impl ScriptedExporter {
    pub(super) fn new(script: impl IntoIterator<Item = Act>, finally: Act) -> Arc<Self> {
        Arc::new(Self {
            script: Mutex::new(script.into_iter().collect()),
            finally: Mutex::new(finally),
            handed: Mutex::default(),
            flushes: AtomicU64::new(0),
            shutdowns: AtomicU64::new(0),
        })
    }

    /// Changes what it does when the script is over.
    pub(super) fn change_to(&self, act: Act) {
        *self.finally.lock().unwrap() = act;
    }

    pub(super) fn handed(&self) -> Vec<Handed> {
        self.handed.lock().unwrap().clone()
    }

    /// Names of all rows that were handed over, in order, repeated ones included.
    pub(super) fn names(&self) -> Vec<String> {
        self.handed().into_iter().flat_map(|handed| handed.names).collect()
    }
}

impl Exporter for ScriptedExporter {
    fn export(&self, batch: Arc<Batch>, attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let handed = Handed { id: batch.id(), attempt, names: super::stage::names(&batch) };
        self.handed.lock().unwrap().push(handed);
        let act = self.script.lock().unwrap().pop_front();
        let act = act.unwrap_or_else(|| self.finally.lock().unwrap().clone());
        assert!(!matches!(act, Act::PanicAtOnce), "as told");
        Box::pin(async move {
            let reason = String::from("as told");
            match act {
                Act::Accept => Ok(ExportOutcome::Accepted),
                Act::Partial { rejected, rejected_rows, retry_rows } => {
                    Ok(ExportOutcome::Partial(Partial { rejected, rejected_rows, retry_rows, delay: None, reason }))
                }
                Act::RetryAfter(delay) => Ok(ExportOutcome::RetryAfter { delay, reason }),
                Act::Reject => Ok(ExportOutcome::Rejected { reason }),
                Act::Fault(kind) => Err(ExportError::Fault(Fault { kind, detail: reason })),
                Act::Unavailable(delay) => Err(ExportError::Unavailable { delay, reason }),
                Act::Unauthorized => Err(ExportError::Unauthorized { reason, partial: None }),
                Act::Panic | Act::PanicAtOnce => panic!("as told"),
                Act::Hang => std::future::pending().await,
                Act::AcceptAfter(delay) => {
                    tokio::time::sleep(delay).await;
                    Ok(ExportOutcome::Accepted)
                }
            }
        })
    }

    fn flush(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        self.flushes.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }

    fn shutdown(&self) -> ExportFuture<'_, Result<(), ExportError>> {
        self.shutdowns.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }
}
