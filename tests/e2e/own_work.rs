//! A service records everything that happens in its process, without a filter: delivering it must not be among it, or
//! every delivery would be the cause of the next.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::Arc,
    time::Duration,
};

use spangate::{
    Runtime, Subscription,
    core::{
        batch::Batch,
        exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
        in_memory::InMemoryExporter,
    },
};
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

/// Tells what it does by `tracing`, as libraries do.
struct Talkative(InMemoryExporter);

impl Exporter for Talkative {
    fn export(&self, batch: Arc<Batch>, attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        let _span = tracing::info_span!("exporting").entered();
        tracing::info!("sending");
        self.0.export(batch, attempt)
    }
}

#[test]
fn delivering_and_receiving_make_no_spans_of_their_own() {
    let memory = InMemoryExporter::new();
    let runtime = Runtime::from_toml("[receivers.otlp_grpc]\nlisten = \"127.0.0.1:0\"\n")
        .exporter("talkative", Arc::new(Talkative(memory.clone())), Subscription::spans())
        .start()
        .unwrap_or_else(|error| panic!("{error}"));
    tracing_subscriber::registry().with(spangate_tracing::layer(runtime.tracer("shop"))).init();
    // The library that speaks HTTP/2 records a span for each connection, and more for each frame.
    let mut stream = TcpStream::connect(runtime.local_addr("otlp_grpc").expect("it listens")).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .and_then(|()| stream.write_all(&empty_settings))
        .expect("sent");
    stream.read_exact(&mut [0; 9]).expect("the receiver's settings");
    drop(stream);
    for _ in 0..3 {
        let span = tracing::trace_span!("round").entered();
        tracing::trace!("everything is recorded");
        drop(span);
        assert!(runtime.flush(Duration::from_secs(20)).is_complete);
    }
    runtime.shutdown(Duration::from_secs(20));
    let names: Vec<_> = memory.finished_spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["round"; 3]);
    assert!(memory.finished_spans().iter().all(|span| span.events.len() == 1));
    assert_eq!(runtime.status().intake.recorded, 3);
}
