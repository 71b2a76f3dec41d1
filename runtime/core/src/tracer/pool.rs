//! Boxes for open spans, used again by the same thread.

use std::{cell::RefCell, sync::Arc};

use super::{builder::Recorder, open_span::OpenSpan};
use crate::span::SpanData;

/// Boxes a thread keeps.
const MAX_KEPT: usize = 32;

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes are what is kept")]
    static POOL: RefCell<Vec<Box<OpenSpan>>> = const { RefCell::new(Vec::new()) };
}

/// An empty box that belongs to this recorder.
#[inline]
pub(super) fn take(recorder: &Arc<Recorder>) -> Box<OpenSpan> {
    let kept = POOL.try_with(|pool| pool.borrow_mut().pop()).ok().flatten();
    match kept {
        Some(mut span) => {
            if !Arc::ptr_eq(&span.recorder, recorder) {
                span.recorder = recorder.clone();
            }
            span.is_ended = false;
            span
        }
        None => {
            Box::new(OpenSpan { data: SpanData::default(), recorder: recorder.clone(), started: 0, is_ended: false })
        }
    }
}

/// Empties a box and keeps it for the next span of this thread.
#[inline]
pub(super) fn put_back(mut span: Box<OpenSpan>) {
    span.data.reset();
    // Dropped outside of the borrow, if there are enough: the last reference to a tracer may run its processor's drop.
    let mut surplus = Some(span);
    let _ = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        if pool.len() < MAX_KEPT {
            pool.extend(surplus.take());
        }
    });
}

/// Ends the span now, unless it has ended, and keeps the box for another.
pub(super) fn finish(mut open: Box<OpenSpan>) {
    if !open.is_ended {
        open.end_at(open.now());
    }
    put_back(open);
}
