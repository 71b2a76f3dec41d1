//! How a call is run, and what becomes of one that does not return.

use std::{future::Future, time::Duration};

use spangate_core::exporter::{ExportError, Fault, FaultKind};

use super::{body::Body, quarantine::Purpose, standing::Admitted};

/// What a caller is told to wait when there is no better answer.
const SOON: Duration = Duration::from_secs(1);

/// Why a call came to no answer.
pub(super) enum Stop {
    /// The guest was stopped during the call.
    Fault(Fault),
    /// A fresh instance could not be made: the batch was not tried.
    NotStarted(Fault),
    /// The sandbox is shut down.
    Gone,
}

impl Stop {
    /// Of something that is not a call of the exporter.
    pub(super) fn into_error(self) -> ExportError {
        match self {
            Self::Fault(fault) | Self::NotStarted(fault) => ExportError::Fault(fault),
            Self::Gone => shut_down(),
        }
    }
}

impl Body {
    /// Runs a call on a guest thread. A panic is the host's defect, and does not leave the call. What its own meters do not
    /// end is given up: a fault like any other, or nobody would ever learn of it.
    pub(super) async fn run<T, F>(&self, call: F) -> Result<T, Stop>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Stop>> + Send + 'static,
    {
        let task = self.parts.guests.spawn(call).ok_or(Stop::Gone)?;
        let longest = self.longest_call();
        let Ok(joined) = tokio::time::timeout(longest, task.join()).await else {
            return Err(Stop::Fault(Fault {
                kind: FaultKind::DeadlineExceeded,
                detail: format!("given up after {longest:?}, waiting for CPU time included"),
            }));
        };
        match joined {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(Stop::Fault(Fault {
                kind: FaultKind::HostError,
                detail: "the host panicked while it served the exporter; please report this".to_owned(),
            })),
            Err(_) => Err(Stop::Gone),
        }
    }
}

/// Hands the verdict to the quarantine.
pub(super) fn settle<T>(call: Admitted<'_>, purpose: Purpose, result: Result<T, Stop>) -> Result<T, ExportError> {
    match result {
        Ok(answer) => {
            call.succeed();
            Ok(answer)
        }
        Err(Stop::Fault(fault)) => {
            call.fault(purpose, &fault);
            Err(ExportError::Fault(fault))
        }
        Err(Stop::NotStarted(fault)) => {
            call.fault(purpose, &fault);
            Err(ExportError::Unavailable { delay: SOON, reason: format!("cannot be started again: {fault}") })
        }
        Err(Stop::Gone) => Err(shut_down()),
    }
}

pub(super) fn shut_down() -> ExportError {
    ExportError::Unavailable { delay: SOON, reason: "the sandbox is shut down".to_owned() }
}
