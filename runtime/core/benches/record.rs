//! What recording costs the thread that records: `cargo bench -p spangate-core --bench record`.
//!
//! Every row is the median of many bursts, in nanoseconds per operation of one thread. Bursts are as long as a chunk, and
//! what they made is collected between them, outside of the measured time, as a collector on another core would do.
//! A word behind `--` leaves only the rows whose name has it; two builds are compared by running them in turns.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use spangate_core::{
    attribute::KeyValue,
    batch::{Batch, BatchId},
    clock::{Clock, Reading},
    intake::{Chunk, Intake, IntakeOptions},
    processor::SpanProcessor,
    queue::{ExporterQueue, QueueLimits},
    sampler::{AlwaysOff, AlwaysOn, TraceIdRatio},
    tally::Settled,
    tracer::{Span, Tracer},
};

const BURST: u32 = 512;
const BURSTS: usize = 2_000;

/// The system's clocks, read once per edge.
struct SystemClock {
    started: Instant,
    started_unix_nanos: u64,
}

impl SystemClock {
    fn new() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Self { started: Instant::now(), started_unix_nanos: unix.as_nanos() as u64 }
    }
}

impl Clock for SystemClock {
    fn unix_nanos(&self) -> u64 {
        self.read().unix_nanos
    }
    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
    fn read(&self) -> Reading {
        let monotonic_nanos = self.monotonic_nanos();
        Reading { unix_nanos: self.started_unix_nanos + monotonic_nanos, monotonic_nanos }
    }
}

/// A clock that costs nothing, "free": what is left is recording.
struct FrozenClock;

impl Clock for FrozenClock {
    fn unix_nanos(&self) -> u64 {
        1
    }
    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

fn ten_mixed() -> [KeyValue; 10] {
    [
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("http.response.status_code", black_box(200i64)),
        KeyValue::new("url.path", "/api/v1/orders"),
        KeyValue::new("server.address", "orders.example"),
        KeyValue::new("server.port", black_box(8080i64)),
        KeyValue::new("network.protocol.version", "1.1"),
        KeyValue::new("http.request.resend_count", black_box(0i64)),
        KeyValue::new("request.cached", black_box(true)),
        KeyValue::new("request.weight", black_box(0.25f64)),
        KeyValue::new("user.tier", "gold"),
    ]
}

/// The same, each with a call of its own.
fn set_ten_mixed(span: &mut Span) {
    span.set_attribute("http.request.method", "GET");
    span.set_attribute("http.response.status_code", black_box(200i64));
    span.set_attribute("url.path", "/api/v1/orders");
    span.set_attribute("server.address", "orders.example");
    span.set_attribute("server.port", black_box(8080i64));
    span.set_attribute("network.protocol.version", "1.1");
    span.set_attribute("http.request.resend_count", black_box(0i64));
    span.set_attribute("request.cached", black_box(true));
    span.set_attribute("request.weight", black_box(0.25f64));
    span.set_attribute("user.tier", "gold");
}

/// Runs bursts and prints the median and the middle four fifths.
fn measure(name: &str, mut burst: impl FnMut() -> Duration) {
    if std::env::args().skip(1).any(|word| !word.starts_with("--") && !name.contains(&word)) {
        return;
    }
    for _ in 0..BURSTS / 10 {
        burst();
    }
    let mut nanos: Vec<f64> = (0..BURSTS).map(|_| burst().as_nanos() as f64 / f64::from(BURST)).collect();
    nanos.sort_by(f64::total_cmp);
    let at = |share: f64| nanos[(nanos.len() as f64 * share) as usize];
    println!("| {name:<58} | {:>7.1} | {:>7.1} .. {:>7.1} |", at(0.5), at(0.1), at(0.9));
}

fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn recorder(clock: impl Clock + 'static, ratio: f64) -> (Arc<Intake>, Tracer) {
    let intake = Arc::new(Intake::new(IntakeOptions::default(), || {}));
    let processor: Arc<dyn SpanProcessor> = intake.clone();
    let builder = Tracer::builder(Arc::new(clock), processor);
    let builder = match ratio {
        0.0 => builder.sampler(AlwaysOff),
        1.0 => builder.sampler(AlwaysOn),
        ratio => builder.sampler(TraceIdRatio::new(ratio)),
    };
    (intake, builder.build())
}

fn measure_spans(name: &str, clock: impl Clock + 'static, ratio: f64, record: impl Fn(&Tracer)) {
    let (intake, tracer) = recorder(clock, ratio);
    measure(name, || {
        let elapsed = timed(|| (0..BURST).for_each(|_| record(&tracer)));
        drop(black_box(intake.take_all()));
        elapsed
    });
}

/// What the collector does is measured too.
fn measure_collected(name: &str, clock: impl Clock + 'static, record: impl Fn(&Tracer)) {
    let (intake, tracer) = recorder(clock, 1.0);
    measure(name, || {
        timed(|| {
            (0..BURST).for_each(|_| record(&tracer));
            drop(black_box(intake.take_all()));
        })
    });
}

fn chunk() -> Chunk {
    let (intake, tracer) = recorder(FrozenClock, 1.0);
    for _ in 0..BURST {
        tracer.span("GET /orders").start().set_attributes(ten_mixed());
    }
    intake.take_all().remove(0)
}

fn record_mixed(tracer: &Tracer) {
    tracer.span("GET /orders").start().set_attributes(ten_mixed());
}

fn measure_sampled() {
    measure_spans("sampled root span, no attributes", SystemClock::new(), 1.0, |tracer| drop(tracer.span("a").start()));
    measure_spans("sampled root span, 10 mixed attributes", SystemClock::new(), 1.0, record_mixed);
    measure_spans("the same, one by one", SystemClock::new(), 1.0, |tracer| {
        set_ten_mixed(&mut tracer.span("GET /orders").start());
    });
    measure_spans("free clock, one by one", FrozenClock, 1.0, |tracer| {
        set_ten_mixed(&mut tracer.span("GET /orders").start());
    });
    measure_spans("free clock, no attributes", FrozenClock, 1.0, |tracer| {
        drop(tracer.span("a").start());
    });
    measure_spans("free clock, 10 mixed attributes", FrozenClock, 1.0, record_mixed);
    measure_spans("sampled root span, 10 attributes, 5 owned texts", SystemClock::new(), 1.0, |tracer| {
        let mut span = tracer.span("GET /orders").start();
        for (at, mut attribute) in ten_mixed().into_iter().enumerate() {
            if at % 2 == 0 {
                attribute.value = String::from("0123456789abcdef").into();
            }
            span.set_attributes([attribute]);
        }
    });
    // Names that only a counter tells apart.
    let keys: Vec<&'static str> =
        (0..64).map(|n| &*Box::leak(format!("attribute.{n:02}.name").into_boxed_str())).collect();
    measure_spans("free clock, 64 attributes with keys of one length", FrozenClock, 1.0, move |tracer| {
        let mut span = tracer.span("GET /orders").start();
        keys.iter().for_each(|key| span.set_attribute(*key, black_box(1_i64)));
    });
    measure_collected("sampled root span, 10 attributes, collected and discarded", SystemClock::new(), record_mixed);
    measure_collected("free clock, one by one, collected and discarded", FrozenClock, |tracer| {
        set_ten_mixed(&mut tracer.span("GET /orders").start());
    });
}

fn measure_unsampled() {
    measure_spans("root span not sampled (always off)", SystemClock::new(), 0.0, |tracer| {
        drop(tracer.span("a").start())
    });
    measure_spans("root span not sampled (ratio 1e-9), 10 attributes", SystemClock::new(), 1e-9, record_mixed);
    let (intake, tracer) = recorder(SystemClock::new(), 0.0);
    let root = tracer.span("root").start();
    measure("child of a span that is not sampled, 10 attributes", || {
        timed(|| (0..BURST).for_each(|_| tracer.span("a").child_of(&root).start().set_attributes(ten_mixed())))
    });
    assert!(intake.take_all().is_empty());
}

fn measure_queue() {
    let columns = chunk().columns;
    println!("a chunk of {BURST} such spans: {} bytes per span", columns.size() / BURST as usize);
    let metadata: spangate_core::batch::Metadata = Arc::from([]);
    let signal = spangate_core::signal::Signal::Spans;
    let batch = Arc::new(Batch::recorded(BatchId([0; 16]), signal, columns.freeze(), metadata));
    let mut queue = ExporterQueue::new(QueueLimits::default(), Arc::default());
    measure("queue: push, pop and settle one batch of 512 spans", || {
        timed(|| {
            for _ in 0..BURST {
                drop(black_box(queue.push(batch.clone(), Duration::ZERO)));
                if let Some(entry) = queue.pop_ready(Duration::ZERO) {
                    queue.finish(Settled { delivered: entry.rows(), ..Settled::default() });
                }
            }
        })
    });
}

fn main() {
    println!("| one thread, ns per operation | median | p10 .. p90 |");
    println!("|---|---|---|");
    measure_sampled();
    measure_unsampled();
    measure("clock: one look at the system's monotonic clock", || {
        let clock = SystemClock::new();
        timed(|| (0..BURST).for_each(|_| _ = black_box(clock.monotonic())))
    });
    measure_queue();
}
