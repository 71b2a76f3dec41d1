//! Spans of other libraries: what they cost with spangate behind them, and with what is usually there.

use std::{hint::black_box, rc::Rc, sync::Arc, time::Duration};

use spangate_core::{
    batcher::{BatchLimits, Batcher, Piece},
    intake::Intake,
    sampler::{AlwaysOff, AlwaysOn, Sampler},
    signal::Signal,
    tracer::Tracer,
};
use spangate_tracing::{SpangateLayer, layer};
use tracing::Dispatch;
use tracing_subscriber::{layer::SubscriberExt, registry};

use crate::{
    case::{Case, Figure, Group},
    cpu::{process_cpu, thread_cpu_of},
    fastrace_spans,
    opentelemetry_sdk::Rival,
    recording::{BURST, UNIT, per_span, record},
    samples::recorder,
};

/// All groups.
pub(crate) fn groups() -> Vec<Group> {
    vec![tracing_spans(), sdk_caller(), sdk_whole(), fastrace_sampled(), fastrace_not_sampled(), fastrace_whole()]
}

/// Empties a subject, and returns how many spans came out if they can be counted.
type Empty = Box<dyn FnMut() -> anyhow::Result<Option<u32>>>;

/// Something that records a burst, and how it is emptied.
struct Subject {
    record: Box<dyn Fn()>,
    empty: Empty,
    /// Before a burst.
    prepare: Box<dyn Fn()>,
}

impl Subject {
    fn new(record: impl Fn() + 'static, empty: impl FnMut() -> anyhow::Result<Option<u32>> + 'static) -> Self {
        Self { record: Box::new(record), empty: Box::new(empty), prepare: Box::new(|| ()) }
    }

    /// Spangate's own tracer.
    fn tracer(sampler: impl Sampler + 'static, are_recorded: bool) -> Self {
        let (intake, tracer) = recorder(sampler);
        Self::new(
            move || (0..BURST).for_each(|_| record(&tracer)),
            if are_recorded { counted(intake) } else { uncounted() },
        )
    }

    /// Spans of `tracing`.
    fn tracing(dispatch: Dispatch, empty: Empty) -> Self {
        let burst = move || tracing::dispatcher::with_default(&dispatch, || (0..BURST).for_each(|_| record_tracing()));
        Self::new(burst, empty)
    }

    /// Spans of the SDK.
    fn sdk(rival: Rival, mut empty: Empty) -> Self {
        let rival = Rc::new(rival);
        let recording = rival.clone();
        Self::new(
            move || (0..BURST).for_each(|_| recording.record()),
            move || {
                rival.flush()?;
                empty()
            },
        )
    }

    /// Spans of fastrace, reported to spangate or to nobody.
    fn fastrace(is_sampled: bool, to: Option<(Arc<Intake>, Tracer)>) -> Self {
        let (intake, tracer) = to.unzip();
        let mut empty = intake.map_or_else(uncounted, counted);
        let subject = Self::new(
            move || (0..BURST).for_each(|_| fastrace_spans::record(is_sampled)),
            move || {
                fastrace::flush();
                empty()
            },
        );
        let prepare = move || match &tracer {
            Some(tracer) => fastrace_spans::report_to(spangate_fastrace::reporter(tracer.clone())),
            None => fastrace_spans::report_to(fastrace_spans::Discard),
        };
        Self { prepare: Box::new(prepare), ..subject }
    }

    /// What recording costs the thread that does it.
    fn caller(mut self, figure: Figure) -> Case {
        Case::one(figure, move |times| {
            (self.prepare)();
            let mut cpu = Duration::ZERO;
            for _ in 0..times {
                cpu += thread_cpu_of(&self.record);
                self.empty()?;
            }
            Ok(per_span(cpu, times))
        })
    }

    /// What it costs all threads until it is out.
    fn whole(mut self, figure: Figure) -> Case {
        Case::one(figure, move |times| {
            (self.prepare)();
            let start = process_cpu();
            for _ in 0..times {
                (self.record)();
                self.empty()?;
            }
            Ok(per_span(process_cpu().saturating_sub(start), times))
        })
    }

    fn empty(&mut self) -> anyhow::Result<()> {
        let rows = (self.empty)()?;
        anyhow::ensure!(rows.is_none_or(|rows| rows == BURST), "{rows:?} of {BURST} spans came out");
        Ok(())
    }
}

fn uncounted() -> Empty {
    Box::new(|| Ok(None))
}

/// Cuts batches of all that was taken in, discards them, and counts.
fn counted(intake: Arc<Intake>) -> Empty {
    let mut batcher = Batcher::new(Signal::Spans, BatchLimits::default(), [1; 8]);
    Box::new(move || {
        let mut rows = 0;
        for chunk in intake.take_all() {
            batcher.push(Piece::Recorded(chunk.columns), Duration::ZERO, |batch| rows += black_box(batch).len());
        }
        batcher.flush(|batch| rows += black_box(batch).len());
        Ok(Some(rows))
    })
}

/// A span with ten fields, entered once.
#[inline]
fn record_tracing() {
    tracing::info_span!(
        "POST /api/v1/orders",
        http.request.method = "POST",
        url.path = "/api/v1/orders/42",
        server.address = "orders.shop.example",
        user_agent.original = "shop-app/5.2 (mobile)",
        http.response.status_code = black_box(200_i64),
        server.port = black_box(8443_i64),
        order.items = black_box(7_i64),
        order.total = black_box(129.95),
        cache.hit_ratio = black_box(0.875),
        order.is_gift = black_box(false),
    )
    .in_scope(|| ());
}

fn tracing_spans() -> Group {
    let ours = |name: &str, target, change: fn(SpangateLayer) -> SpangateLayer| {
        let (intake, tracer) = recorder(AlwaysOn);
        let dispatch = Dispatch::new(registry().with(change(layer(tracer))));
        Subject::tracing(dispatch, counted(intake)).caller(Figure::new(name, UNIT).target(target))
    };
    let theirs = |figure: Figure, is_lean: bool| {
        let rival = Rival::sampled();
        let layer = tracing_opentelemetry::layer().with_tracer(rival.tracer());
        let layer = match is_lean {
            true => layer.with_location(false).with_threads(false).with_tracked_inactivity(false),
            false => layer,
        };
        let flush = Box::new(move || rival.flush().map(|()| None));
        Subject::tracing(Dispatch::new(registry().with(layer)), flush).caller(figure)
    };
    let cases = vec![
        Subject::tracing(Dispatch::new(registry()), uncounted()).caller(Figure::new("registry, no layer", UNIT)),
        ours("spangate-tracing", "<= 0.25x", |layer| layer),
        ours("with location, threads, inactivity", "", |layer| {
            layer.with_location(true).with_threads(true).with_tracked_inactivity(true)
        }),
        theirs(Figure::new("tracing-opentelemetry without these", UNIT), true),
        theirs(Figure::new("tracing-opentelemetry, sdk batch", UNIT).base(), false),
    ];
    Group { title: "`tracing`, span with 10 fields, sampled: CPU of the recording thread", cases }
}

/// The SDK with our processor, and with its own.
fn sdk_subjects() -> [Subject; 2] {
    let (intake, tracer) = recorder(AlwaysOn);
    let ours = Rival::with_processor(spangate_opentelemetry::processor(tracer, ()));
    [Subject::sdk(ours, counted(intake)), Subject::sdk(Rival::sampled(), uncounted())]
}

fn sdk_caller() -> Group {
    let [ours, theirs] = sdk_subjects();
    let cases = vec![
        ours.caller(Figure::new("sdk, spangate's processor", UNIT)),
        theirs.caller(Figure::new("sdk, its batch processor", UNIT).base()),
    ];
    Group { title: "opentelemetry_sdk, 10 attributes: CPU of the recording thread", cases }
}

fn sdk_whole() -> Group {
    let [ours, theirs] = sdk_subjects();
    let cases = vec![
        ours.whole(Figure::new("sdk, spangate's processor, discarding", UNIT)),
        theirs.whole(Figure::new("sdk, its batch processor, discarding", UNIT).base()),
    ];
    Group { title: "opentelemetry_sdk, 10 attributes: CPU of the whole process until a batch is there", cases }
}

fn fastrace_sampled() -> Group {
    let cases = vec![
        Subject::tracer(AlwaysOn, true).caller(Figure::new("spangate", UNIT).target("<= 0.5x")),
        Subject::fastrace(true, Some(recorder(AlwaysOn))).caller(Figure::new("fastrace, spangate's reporter", UNIT)),
        Subject::fastrace(true, None).caller(Figure::new("fastrace, null reporter", UNIT).base()),
    ];
    Group { title: "beside fastrace, 10 attributes, sampled: CPU of the recording thread", cases }
}

fn fastrace_not_sampled() -> Group {
    let cases = vec![
        Subject::tracer(AlwaysOff, false).caller(Figure::new("spangate", UNIT).target("<= 0.3x")),
        Subject::fastrace(false, None).caller(Figure::new("fastrace, null reporter", UNIT).base()),
    ];
    Group { title: "beside fastrace, 10 attributes, root not sampled: CPU of the recording thread", cases }
}

fn fastrace_whole() -> Group {
    let cases = vec![
        Subject::tracer(AlwaysOn, true).whole(Figure::new("spangate, batches discarded", UNIT)),
        Subject::fastrace(true, Some(recorder(AlwaysOn))).whole(Figure::new("fastrace, spangate's reporter", UNIT)),
        Subject::fastrace(true, None).whole(Figure::new("fastrace, null reporter", UNIT).base()),
    ];
    Group { title: "beside fastrace, 10 attributes: CPU of the whole process until spans are reported", cases }
}
