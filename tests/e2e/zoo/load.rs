//! What is offered to every scene, and what of it arrives.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    trace::v1::{ResourceSpans, ScopeSpans, Span},
};
use prost::Message;
use spangate::{Runtime, Signal, core::otlp};
use spangate_tests::wait_until;

use super::{
    scene::Scene,
    wire::{self, Backend},
};

/// Rows in one request.
const ROWS: u64 = 25;
/// How long after the last request a row may arrive and still count as delivered in time: the batcher's delay and an
/// export, several times over.
const GRACE: Duration = Duration::from_millis(60);
/// Rows on their way at most while saturation is measured.
const OUTSTANDING: u64 = 4_096;
const STAMP: u64 = 0x7a5a_5a5a_5a5a_5a5a;

/// Requests of 25 spans that say when they were made.
pub(crate) struct Load {
    body: Vec<u8>,
    stamp: usize,
}

/// What became of what was offered in one stretch of time.
#[derive(Clone)]
pub(crate) struct Yield {
    pub(crate) offered: u64,
    /// Of these, by the end of it.
    pub(crate) delivered: u64,
    seconds: f64,
    /// From the first row's making to the backend, batch by batch, sorted.
    latencies: Vec<Duration>,
}

impl Load {
    pub(crate) fn new() -> Self {
        let span = |number: u64| Span {
            trace_id: vec![7; 16],
            span_id: (number + 1).to_be_bytes().to_vec(),
            name: "GET /cart".to_owned(),
            start_time_unix_nano: STAMP,
            end_time_unix_nano: STAMP,
            ..Span::default()
        };
        let scope_spans = vec![ScopeSpans { spans: (0..ROWS).map(span).collect(), ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        let stamp = body.windows(8).position(|bytes| bytes == STAMP.to_le_bytes()).expect("a time");
        Self { body, stamp }
    }

    /// A request made now.
    pub(crate) fn request(&self) -> otlp::Request {
        let mut body = self.body.clone();
        body[self.stamp..self.stamp + 8].copy_from_slice(&nanoseconds_now().to_le_bytes());
        let scanned = otlp::scan(Signal::Spans, Bytes::from(body), &otlp::ScanLimits::default());
        scanned.expect("a sound request").request
    }

    /// Offers `rate` rows a second for as long as `window`.
    pub(crate) fn offer(&self, scene: &Scene, rate: f64, window: Duration) -> Yield {
        let before = self.settle(scene);
        scene.sink.forget();
        let (start, mut offered) = (Instant::now(), 0);
        while start.elapsed() < window {
            let due = (start.elapsed().as_secs_f64() * rate) as u64;
            while offered + ROWS <= due {
                offered += self.send(scene);
            }
            thread::sleep(Duration::from_millis(2));
        }
        thread::sleep(GRACE);
        let delivered = delivered(&scene.runtime) - before;
        Yield { offered, delivered, seconds: window.as_secs_f64(), latencies: scene.sink.forget() }
    }

    /// Rows a second that the healthy exporter delivers if it always has work.
    pub(crate) fn saturate(&self, scene: &Scene, time: Duration) -> f64 {
        let before = self.settle(scene);
        let (start, mut offered) = (Instant::now(), 0);
        while start.elapsed() < time {
            if offered - (delivered(&scene.runtime) - before) > OUTSTANDING {
                thread::sleep(Duration::from_micros(500));
                continue;
            }
            for _ in 0..20 {
                offered += self.send(scene);
            }
        }
        (delivered(&scene.runtime) - before) as f64 / start.elapsed().as_secs_f64()
    }

    /// Waits until the healthy exporter has delivered whatever it was offered: so many rows.
    pub(crate) fn settle(&self, scene: &Scene) -> u64 {
        let offered = scene.sink.offered.load(SeqCst);
        wait_until("the healthy exporter", || (delivered(&scene.runtime) == offered).then_some(offered))
    }

    /// Offers one request: so many rows.
    pub(crate) fn send(&self, scene: &Scene) -> u64 {
        let consumer = scene.runtime.consumer();
        consumer.consume(Signal::Spans, self.request(), Arc::new([])).expect("there is room");
        scene.sink.offered.fetch_add(ROWS, SeqCst);
        ROWS
    }
}

impl Yield {
    /// Several stretches as one.
    pub(crate) fn sum(all: &[Self]) -> Self {
        let mut latencies: Vec<Duration> = all.iter().flat_map(|one| &one.latencies).copied().collect();
        latencies.sort_unstable();
        let (offered, delivered) = (all.iter().map(|one| one.offered).sum(), all.iter().map(|one| one.delivered).sum());
        Self { offered, delivered, seconds: all.iter().map(|one| one.seconds).sum(), latencies }
    }

    /// Rows offered per second.
    pub(crate) fn rate(&self) -> f64 {
        self.offered as f64 / self.seconds
    }

    /// Delivered of offered.
    pub(crate) fn share(&self) -> f64 {
        self.delivered as f64 / self.offered.max(1) as f64
    }

    /// The latency that one batch in a hundred exceeds, in milliseconds.
    pub(crate) fn p99(&self) -> f64 {
        let at = self.latencies.len().saturating_sub(1) * 99 / 100;
        self.latencies.get(at).map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e3)
    }
}

impl std::fmt::Debug for Yield {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} rows, p99 {:.1} ms", self.delivered, self.offered, self.p99())
    }
}

/// Rows that the healthy exporter delivered.
fn delivered(runtime: &Runtime) -> u64 {
    let status = runtime.status();
    let healthy = status.exporters.iter().find(|exporter| exporter.name == "healthy");
    healthy.expect("the healthy exporter").ledger.delivered
}

/// The healthy exporter's backend.
pub(crate) struct Sink {
    pub(crate) backend: Backend,
    /// Rows that the scene was offered.
    offered: AtomicU64,
    latencies: Arc<Mutex<Vec<Duration>>>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let latencies = Arc::new(Mutex::new(Vec::new()));
        let (shared, ok) = (Arc::clone(&latencies), wire::ok());
        let backend = Backend::start(
            0,
            Arc::new(move |message, output| {
                if let Some(latency) = age(&message.body) {
                    shared.lock().unwrap_or_else(PoisonError::into_inner).push(latency);
                }
                ok(message, output)
            }),
        );
        Self { backend, offered: AtomicU64::new(0), latencies }
    }

    /// Latencies since the last time, sorted.
    fn forget(&self) -> Vec<Duration> {
        let mut latencies = std::mem::take(&mut *self.latencies.lock().unwrap_or_else(PoisonError::into_inner));
        latencies.sort_unstable();
        latencies
    }
}

/// How long ago the first span of a batch began: fields 7 and 8 of `Span` are two times of eight bytes each.
fn age(body: &[u8]) -> Option<Duration> {
    let now = nanoseconds_now();
    body.windows(10).find_map(|bytes| {
        let (&[tag, .., next], Some(time)) = (bytes, bytes.get(1..9)) else { return None };
        let age = now.checked_sub(u64::from_le_bytes(time.try_into().ok()?))?;
        (tag == 0x39 && next == 0x41 && age < 60_000_000_000).then(|| Duration::from_nanos(age))
    })
}

fn nanoseconds_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}
