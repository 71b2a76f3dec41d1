//! A flush in the hands of a front end.

use std::{sync::Arc, time::Duration};

use spangate_core::flush::{Flush, FlushError};

use super::watch::{DEADLINE, Paused, Stuck, Watch};
use crate::{Runtime, Subscription};

#[test]
fn a_flusher_delivers_and_does_not_keep_the_runtime_alive() {
    let watch = Arc::new(Watch::default());
    let start = || Runtime::builder().exporter("watch", watch.clone(), Subscription::spans()).start();
    let runtime = start().expect("nothing is wrong");
    let flusher = runtime.flusher();
    runtime.tracer("shop").span("one").start().end();
    assert_eq!(flusher.flush(DEADLINE), Ok(()));
    assert_eq!(watch.names(), ["one"]);
    runtime.shutdown(DEADLINE);
    assert_eq!(flusher.flush(DEADLINE), Err(FlushError::Stopped));
    let runtime = start().expect("nothing is wrong");
    let flusher = runtime.flusher().clone();
    drop(runtime);
    assert_eq!(flusher.flush(DEADLINE), Err(FlushError::Stopped));
}

#[test]
fn a_flusher_tells_what_takes_too_long_from_what_will_not_come() {
    let with = |exporter: Arc<dyn spangate_core::exporter::Exporter>| {
        let runtime = Runtime::builder().exporter("it", exporter, Subscription::spans()).start().expect("a runtime");
        runtime.tracer("shop").span("one").start().end();
        runtime
    };
    let stuck = with(Arc::new(Stuck));
    assert_eq!(stuck.flusher().flush(Duration::from_millis(50)), Err(FlushError::TimedOut));
    let paused = with(Arc::new(Paused));
    let told = paused.flusher().flush(DEADLINE);
    assert!(matches!(&told, Err(FlushError::Undelivered(why)) if why.contains("it: 0 of 1 delivered")), "{told:?}");
}

#[test]
fn one_of_the_runtime_s_own_threads_does_not_wait_for_itself() {
    let watch = Arc::new(Watch::default());
    let runtime = Runtime::builder().exporter("watch", watch, Subscription::spans()).start().expect("a runtime");
    let flusher = runtime.flusher();
    let told = runtime.io.wait(DEADLINE, async move { flusher.flush(DEADLINE) }).expect("it came back");
    assert!(matches!(told, Err(FlushError::Undelivered(_))), "{told:?}");
}
