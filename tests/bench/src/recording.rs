//! What a span costs the application's thread, and all of the process until batches are cut.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use spangate::clock::CounterClock;
use spangate_core::{
    batcher::{BatchLimits, Batcher, Piece},
    clock::Clock,
    intake::Intake,
    sampler::{AlwaysOff, AlwaysOn},
    signal::Signal,
    tracer::Tracer,
};

use crate::{
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, process_cpu, thread_cpu_of},
    opentelemetry_sdk::Rival,
    samples::{recorder, ten_attributes},
};

/// Spans between two collections: two full chunks, half of the rival's queue.
pub(crate) const BURST: u32 = 1_024;
pub(crate) const UNIT: &str = "ns/span";

/// All groups.
pub(crate) fn groups() -> Vec<Group> {
    vec![sampled(), whole(), not_sampled()]
}

fn sampled() -> Group {
    let cases = vec![
        Case::one(Figure::new("two clock reads, for scale", UNIT), |times| {
            Ok(each(times, || {
                black_box((Instant::now(), Instant::now()));
            }))
        }),
        clock_reads(),
        spangate_caller("spangate, no attributes", AlwaysOn, "", |tracer| drop(tracer.span("work").start())),
        spangate_caller("spangate, 10 attributes", AlwaysOn, "<= 0.35x", record),
        spangate_caller("spangate, 10 attributes one by one", AlwaysOn, "<= 0.35x", record_one_by_one),
        rival_caller("opentelemetry_sdk batch, 10 attributes", Rival::sampled()),
    ];
    Group { title: "root span, sampled: CPU of the recording thread", cases }
}

fn not_sampled() -> Group {
    let cases = vec![
        spangate_caller("spangate, no attributes", AlwaysOff, "", |tracer| drop(tracer.span("work").start())),
        spangate_caller("spangate, 10 attributes", AlwaysOff, "<= 0.1x", record),
        spangate_caller("spangate, 10 attributes one by one", AlwaysOff, "<= 0.1x", record_one_by_one),
        rival_caller("opentelemetry_sdk, 10 attributes", Rival::not_sampled()),
    ];
    Group { title: "root span, not sampled: CPU of the recording thread", cases }
}

fn whole() -> Group {
    let ours = |name: &str, record: fn(&Tracer)| {
        let (intake, tracer) = recorder(AlwaysOn);
        let mut batcher = Batcher::new(Signal::Spans, BatchLimits::default(), [1; 8]);
        Case::one(Figure::new(name, UNIT).target("<= 0.5x"), move |times| {
            let start = process_cpu();
            for _ in 0..times {
                (0..BURST).for_each(|_| record(&tracer));
                cut(&intake, &mut batcher)?;
            }
            Ok(per_span(process_cpu().saturating_sub(start), times))
        })
    };
    let rival = Rival::sampled();
    let theirs = Case::one(Figure::new("opentelemetry_sdk batch, discarding", UNIT).base(), move |times| {
        let start = process_cpu();
        for _ in 0..times {
            (0..BURST).for_each(|_| rival.record());
            rival.flush()?;
        }
        Ok(per_span(process_cpu().saturating_sub(start), times))
    });
    Group {
        title: "root span, 10 attributes: CPU of the whole process until a batch is there",
        cases: vec![
            ours("spangate, batches cut and discarded", record),
            ours("spangate, one by one, cut and discarded", record_one_by_one),
            theirs,
        ],
    }
}

/// The readings that one span takes: both clocks at its start, one at its end.
fn clock_reads() -> Case {
    let clock: Arc<dyn Clock> = Arc::new(CounterClock::new());
    Case::one(Figure::new("spangate's clock reads of one span", UNIT), move |times| {
        Ok(each(times, || {
            black_box((clock.read(), clock.monotonic_nanos()));
        }))
    })
}

/// One span with ten attributes.
#[inline]
pub(crate) fn record(tracer: &Tracer) {
    tracer.span("POST /api/v1/orders").start().set_attributes(ten_attributes());
}

/// The same, one by one: nothing is made that a span which is not sampled would throw away.
#[inline]
pub(crate) fn record_one_by_one(tracer: &Tracer) {
    let mut span = tracer.span("POST /api/v1/orders").start();
    span.set_attribute("http.request.method", "POST");
    span.set_attribute("url.path", "/api/v1/orders/42");
    span.set_attribute("server.address", "orders.shop.example");
    span.set_attribute("user_agent.original", "shop-app/5.2 (mobile)");
    span.set_attribute("http.response.status_code", black_box(200_i64));
    span.set_attribute("server.port", black_box(8443_i64));
    span.set_attribute("order.items", black_box(7_i64));
    span.set_attribute("order.total", black_box(129.95));
    span.set_attribute("cache.hit_ratio", black_box(0.875));
    span.set_attribute("order.is_gift", black_box(false));
}

fn spangate_caller(
    name: &str,
    sampler: impl spangate_core::sampler::Sampler + 'static,
    target: &'static str,
    record: impl Fn(&Tracer) + 'static,
) -> Case {
    let (intake, tracer) = recorder(sampler);
    Case::one(Figure::new(name, UNIT).target(target), move |times| {
        let mut cpu = Duration::ZERO;
        for _ in 0..times {
            cpu += thread_cpu_of(|| (0..BURST).for_each(|_| record(&tracer)));
            drop(intake.take_all());
        }
        Ok(per_span(cpu, times))
    })
}

fn rival_caller(name: &str, rival: Rival) -> Case {
    Case::one(Figure::new(name, UNIT).base(), move |times| {
        let mut cpu = Duration::ZERO;
        for _ in 0..times {
            cpu += thread_cpu_of(|| (0..BURST).for_each(|_| rival.record()));
            rival.flush()?;
        }
        Ok(per_span(cpu, times))
    })
}

/// What a collector does with what was recorded.
fn cut(intake: &Intake, batcher: &mut Batcher) -> anyhow::Result<()> {
    let mut rows = 0;
    for chunk in intake.take_ready() {
        batcher.push(Piece::Recorded(chunk.columns), Duration::ZERO, |batch| rows += black_box(batch).len());
    }
    anyhow::ensure!(rows == BURST, "{rows} of {BURST} spans came out in batches");
    Ok(())
}

fn each(times: u32, work: impl Fn()) -> f64 {
    let count = times.saturating_mul(BURST);
    nanoseconds_each(thread_cpu_of(|| (0..count).for_each(|_| work())), count.into())
}

pub(crate) fn per_span(cpu: Duration, bursts: u32) -> f64 {
    nanoseconds_each(cpu, u64::from(bursts) * u64::from(BURST))
}
