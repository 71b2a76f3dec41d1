//! Runs foreign native code so that its panic is an answer and not the end of a worker, and workers so that a panic is not
//! the end of a lane.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use spangate_core::exporter::{ExportError, ExportFuture, Fault, FaultKind};

/// A future that answers with a fault if the one inside panics. It is not polled again afterwards.
pub(super) struct Caught<'a, T>(ExportFuture<'a, Result<T, ExportError>>);

/// Calls `start`, which may panic itself, and catches the panics of what it returns.
pub(super) async fn catch<'a, T>(
    start: impl FnOnce() -> ExportFuture<'a, Result<T, ExportError>>,
) -> Result<T, ExportError> {
    match catch_unwind(AssertUnwindSafe(start)) {
        Ok(future) => Caught(future).await,
        Err(panic) => Err(fault(panic.as_ref())),
    }
}

impl<T> Future for Caught<'_, T> {
    type Output = Result<T, ExportError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The future is dropped right after a panic: no state that the panic left half-way is looked at again.
        catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context)))
            .unwrap_or_else(|panic| Poll::Ready(Err(fault(panic.as_ref()))))
    }
}

/// Runs a task of our own to its end. False if it panics, which is a defect: whoever runs it may begin it anew.
pub(super) async fn ends_well(task: impl Future<Output = ()>) -> bool {
    let mut task = std::pin::pin!(task);
    let whole = poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(context))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(())) => Poll::Ready(true),
        Err(_) => Poll::Ready(false),
    });
    whole.await
}

fn fault(panic: &(dyn Any + Send)) -> ExportError {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let mut detail: String = message.unwrap_or("panicked").escape_debug().take(MAX_DETAIL_CHARS).collect();
    detail.insert_str(0, "the exporter panicked: ");
    ExportError::Fault(Fault { kind: FaultKind::Trapped, detail })
}

const MAX_DETAIL_CHARS: usize = 512;
