//! Threads, clones, panics, depth, numbers.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Barrier,
    thread,
};

use spangate_tracing::{SpanExt, core::suppression::suppress_this_thread};
use tracing::{Dispatch, Level, info, info_span, span};

use tracing_subscriber::layer::SubscriberExt;

use crate::stage::{named, stage};

#[test]
fn a_span_that_is_closed_on_another_thread_ends_there() {
    let stage = stage();
    let dispatch = Dispatch::new(stage.subscriber());
    let span = tracing::dispatcher::with_default(&dispatch, || info_span!("moved"));
    stage.clock.advance(std::time::Duration::from_nanos(3));
    thread::spawn(move || span.in_scope(|| drop(info_span!("without a subscriber of its own"))))
        .join()
        .expect("thread");
    let spans = stage.memory.finished_spans();
    assert_eq!((spans.len(), named(&spans, "moved").duration().as_nanos()), (1, 3));
}

#[test]
fn a_span_that_is_cloned_ends_with_its_last_clone() {
    let stage = stage();
    stage.run(|| {
        let span = info_span!("cloned");
        let clone = span.clone();
        drop(span);
        assert_eq!(stage.memory.finished_spans(), []);
        clone.record("undeclared", 1);
        let child = info_span!(parent: &clone, "child");
        drop(clone);
        assert_eq!(stage.memory.finished_spans(), [], "a child keeps its parent open");
        drop(child);
        assert_eq!(stage.memory.tree(), "cloned\n  child\n");
    });
}

fn open_below(depth: u32) {
    if depth > 0 {
        span!(Level::INFO, "level", depth).in_scope(|| open_below(depth - 1));
    }
}

#[test]
fn spans_nest_deeply() {
    let stage = stage();
    let spans = stage.run(|| open_below(500));
    assert_eq!(spans.len(), 500);
    assert!(spans.windows(2).all(|pair| pair[0].is_child_of(&pair[1])));
}

#[test]
fn a_panic_inside_of_a_span_ends_it_and_it_is_exported() {
    let stage = stage();
    let dispatch = Dispatch::new(stage.subscriber());
    let caught = catch_unwind(AssertUnwindSafe(|| {
        tracing::dispatcher::with_default(&dispatch, || {
            let _outer = info_span!("outer").entered();
            info_span!("inner").in_scope(|| -> () { std::panic::resume_unwind(Box::new("on purpose")) });
        });
    }));
    assert!(caught.is_err());
    assert_eq!(stage.memory.tree(), "outer\n  inner\n");
    tracing::dispatcher::with_default(&dispatch, || drop(info_span!("after")));
    assert_eq!((stage.memory.finished_spans().len(), stage.tracer.live_spans()), (3, 0));
}

#[test]
fn whatever_comes_after_the_end_is_ignored() {
    let stage = stage();
    let dispatch = Dispatch::new(stage.subscriber());
    tracing::dispatcher::with_default(&dispatch, || {
        let span = info_span!("closed", field = tracing::field::Empty);
        let (id, metadata) = (span.id().expect("enabled"), span.metadata().expect("enabled"));
        let field = metadata.fields().field("field").expect("declared");
        drop(span);
        let values = [(&field, Some(&1i64 as &dyn tracing::field::Value))];
        dispatch.record(&id, &tracing::span::Record::new(&metadata.fields().value_set(&values)));
        dispatch.record_follows_from(&id, &id);
        info!(parent: &id, "late");
    });
    let spans = stage.memory.finished_spans();
    let closed = named(&spans, "closed");
    assert_eq!((closed.attribute("field"), closed.events.len(), closed.links.len()), (None, 0, 0));
    assert_eq!(stage.tracer.late_calls(), 0);
}

#[test]
fn ten_thousand_spans_are_open_at_once_and_all_of_them_end() {
    const EACH: usize = 2_500;
    let stage = stage();
    let dispatch = Dispatch::new(stage.subscriber());
    let barrier = Barrier::new(4);
    thread::scope(|scope| {
        for worker in 0..4 {
            let (dispatch, barrier) = (&dispatch, &barrier);
            scope.spawn(move || {
                tracing::dispatcher::with_default(dispatch, || {
                    let open = |number| info_span!(parent: None, "open", worker, number);
                    let spans: Vec<_> = (0..EACH).map(open).collect();
                    spans.iter().for_each(|span| span.in_scope(|| info!("inside")));
                    barrier.wait();
                    drop(spans);
                });
            });
        }
    });
    let spans = stage.memory.finished_spans();
    assert_eq!((spans.len(), stage.tracer.live_spans()), (4 * EACH, 0));
    assert!(spans.iter().all(|span| span.events.len() == 1));
    let ids: std::collections::HashSet<_> = spans.iter().map(|span| span.context.trace_id).collect();
    assert_eq!(ids.len(), 4 * EACH);
}

#[test]
fn threads_that_use_one_span_at_once_agree_about_its_trace() {
    let stage = stage();
    let dispatch = Dispatch::new(stage.subscriber());
    for _ in 0..50 {
        let shared = tracing::dispatcher::with_default(&dispatch, || info_span!("shared"));
        let barrier = Barrier::new(4);
        let contexts: Vec<_> = thread::scope(|scope| {
            let look = || {
                barrier.wait();
                tracing::dispatcher::with_default(&dispatch, || {
                    drop(info_span!(parent: &shared, "child"));
                    shared.set_attribute("a", 1i64);
                    shared.context()
                })
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(look)).collect();
            threads.into_iter().map(|thread| thread.join().expect("thread")).collect()
        });
        assert!(contexts.windows(2).all(|pair| pair[0] == pair[1]));
        drop(shared);
        let spans = stage.memory.finished_spans();
        let shared = named(&spans, "shared");
        assert_eq!(spans.iter().filter(|span| span.is_child_of(shared)).count(), 4);
        stage.memory.reset();
    }
}

#[test]
fn nothing_is_recorded_of_the_threads_that_deliver() {
    let stage = stage();
    let layer = stage.layer();
    let counts = layer.counts();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    thread::scope(|scope| {
        scope.spawn(|| {
            suppress_this_thread();
            tracing::dispatcher::with_default(&dispatch, || {
                let _sending = info_span!("sending").entered();
                drop(info_span!("connecting"));
                info!("connected");
            });
        });
    });
    assert_eq!((stage.memory.finished_spans(), counts.events_outside_spans()), (Vec::new(), 0));
}
