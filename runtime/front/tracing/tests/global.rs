//! A subscriber for the whole process: `tracing` guards subscribers of a thread against calling themselves, and these not.

use std::{fmt, sync::Arc, sync::mpsc, thread, time::Duration};

use spangate_tracing::{
    SpanExt,
    core::{clock::ManualClock, in_memory::InMemoryExporter, tracer::Tracer},
    layer,
};
use tracing::{Span, field, info, info_span};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

/// Uses `tracing` while it is formatted.
struct Talkative;

impl fmt::Debug for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        info!("inside of a field");
        Span::current().set_attribute("current", true);
        let inside = info_span!("inside").entered();
        inside.context();
        f.write_str("said")
    }
}

#[test]
fn a_field_that_uses_tracing_while_it_is_formatted_does_not_hang() {
    let memory = InMemoryExporter::new();
    let tracer = Tracer::builder(Arc::new(ManualClock::default()), Arc::new(memory.clone())).build();
    tracing_subscriber::registry().with(layer(tracer)).init();
    let (sender, done) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let span = info_span!("outer", field = ?Talkative, late = field::Empty).entered();
        span.record("late", field::debug(Talkative));
        info!(field = ?Talkative, "outer event");
        drop(span);
        sender.send(()).expect("somebody waits");
    });
    done.recv_timeout(Duration::from_secs(60)).expect("it came to its end");

    let spans = memory.finished_spans();
    let outer = spans.iter().find(|span| span.name == "outer").expect("it ended");
    assert_eq!((outer.attribute("field"), outer.attribute("late")), (Some(&"said".into()), Some(&"said".into())));
    assert_eq!(outer.attribute("current"), Some(&true.into()));
    let events: Vec<_> = outer.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(events, ["inside of a field", "inside of a field", "outer event"]);
    assert_eq!(spans.iter().filter(|span| span.name == "inside").count(), 3);
}
