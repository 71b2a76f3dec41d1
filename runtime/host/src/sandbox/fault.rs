//! Why a guest was stopped: decided by the type of the error and by our own counters, never by its text.
//!
//! What wasmtime does not type (hostcall fuel, the limit on handles, a failed lift) is what a guest answered against the
//! contract, and therefore `bad_reply`.

use spangate_core::exporter::FaultKind;
use wasmtime::Trap;
use wasmtime_wasi::I32Exit;

use super::guest::StaleBatch;
use crate::bindings::PayloadLimit;

/// How a call ended that did not return.
#[derive(Debug)]
pub(super) enum Ending {
    /// The wall clock ran out.
    Deadline,
    /// wasmtime, a host function or the guest ended it.
    Error(wasmtime::Error),
}

/// Which wall was hit; `is_memory_denied` says whether growth was denied during the call.
pub(super) fn kind_of(ending: &Ending, is_memory_denied: bool) -> FaultKind {
    let error = match ending {
        Ending::Deadline => return FaultKind::DeadlineExceeded,
        Ending::Error(error) => error,
    };
    if error.is::<StaleBatch>() {
        return FaultKind::StaleBatch;
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => FaultKind::OutOfFuel,
        // A guest without memory gives up by `unreachable` or `exit`, or hands out a pointer to nowhere.
        Some(Trap::UnreachableCodeReached) if is_memory_denied => FaultKind::OutOfMemory,
        Some(_) => FaultKind::Trapped,
        None if is_memory_denied => FaultKind::OutOfMemory,
        None if error.is::<I32Exit>() => FaultKind::Trapped,
        None if error.is::<PayloadLimit>() => FaultKind::BadReply,
        None if error.is::<std::io::Error>() => FaultKind::HostError,
        None => FaultKind::BadReply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(error: impl Into<wasmtime::Error>, is_memory_denied: bool) -> FaultKind {
        kind_of(&Ending::Error(error.into()), is_memory_denied)
    }

    #[test]
    fn every_ending_has_a_name() {
        assert_eq!(kind_of(&Ending::Deadline, false), FaultKind::DeadlineExceeded);
        assert_eq!(kind_of(&Ending::Deadline, true), FaultKind::DeadlineExceeded);
        assert_eq!(kind(Trap::OutOfFuel, true), FaultKind::OutOfFuel);
        assert_eq!(kind(Trap::UnreachableCodeReached, false), FaultKind::Trapped);
        assert_eq!(kind(Trap::UnreachableCodeReached, true), FaultKind::OutOfMemory);
        assert_eq!(kind(Trap::StackOverflow, true), FaultKind::Trapped);
        assert_eq!(kind(StaleBatch, true), FaultKind::StaleBatch);
        assert_eq!(kind(PayloadLimit, false), FaultKind::BadReply);
        assert_eq!(kind(wasmtime::format_err!("lift"), false), FaultKind::BadReply);
        assert_eq!(kind(wasmtime::format_err!("realloc"), true), FaultKind::OutOfMemory);
        assert_eq!(kind(wasmtime::format_err!(I32Exit(1)), false), FaultKind::Trapped);
        assert_eq!(kind(wasmtime::format_err!(I32Exit(1)), true), FaultKind::OutOfMemory);
    }

    #[test]
    fn context_around_an_error_changes_nothing() {
        let error = wasmtime::Error::from(Trap::OutOfFuel).context("in a backtrace");
        assert_eq!(kind_of(&Ending::Error(error), false), FaultKind::OutOfFuel);
    }
}
