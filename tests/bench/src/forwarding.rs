//! OTLP in over HTTP or gRPC, through a sandboxed exporter, and out the same way: CPU of everybody's threads but the
//! sender's and the backend's, beside a native server that decodes and encodes.

use std::{
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use spangate::Runtime;
use spangate_tests::{cpu_of_threads, free_port, guest};
use url::Url;

use crate::{
    case::{Case, Figure, Group},
    cpu::{nanoseconds_each, thousands_in_a_second},
    native_server::{NativeServer, Then},
    samples::recorded,
    sender::{Protocol, Sender},
    sink::Sink,
};

const UNIT: &str = "ns/span";
/// How the names of spangate's threads begin.
const OURS: &str = "spangate-";
/// Spans that are sent each time: whole batches, whatever a request has.
const SPANS: u32 = 16 * 512;

/// Of large and of small requests.
const TITLES: [(Protocol, &str, &str); 2] = [
    (
        Protocol::Http,
        "OTLP over HTTP in, 512 spans a request, and out: CPU",
        "OTLP over HTTP in, 32 spans a request, and out: CPU",
    ),
    (
        Protocol::Grpc,
        "OTLP over gRPC in, 512 spans a request, and out: CPU",
        "OTLP over gRPC in, 32 spans a request, and out: CPU",
    ),
];

/// Where spans go.
#[derive(Clone, Copy)]
enum Out {
    Otlp,
    Zipkin,
    /// To a guest that reads every column and says that it has delivered.
    Reader,
}

/// All groups.
///
/// # Errors
/// If something does not start.
pub(crate) fn groups() -> anyhow::Result<Vec<Group>> {
    // As `spangate run` does.
    spangate::allocator::keep_freed_memory();
    let mut groups = Vec::new();
    for (protocol, large_title, small_title) in TITLES {
        let sink = Rc::new(Sink::speaking(protocol)?);
        let case = |figure: Figure, out, spans| sandboxed(figure, protocol, out, &sink, spans);
        let otlp = |target, spans| case(Figure::new("spangate: otlp, and out", UNIT).target(target), Out::Otlp, spans);
        let mut large = vec![native("decodes, encodes", protocol, Then::Encode, 512)?, otlp("<= 0.25x", 512)?];
        if protocol == Protocol::Http {
            large.push(case(Figure::new("spangate: zipkin, and out", UNIT), Out::Zipkin, 512)?);
        }
        let small = vec![native("decodes, encodes", protocol, Then::Encode, 32)?, otlp("<= 0.6x", 32)?];
        groups.push(Group { title: large_title, cases: large });
        groups.push(Group { title: small_title, cases: small });
    }
    let sink = Rc::new(Sink::start()?);
    let reader = Figure::new("spangate: every column read", UNIT).target("<= 0.45x");
    let read = vec![
        native("decodes", Protocol::Http, Then::Forget, 512)?,
        sandboxed(reader, Protocol::Http, Out::Reader, &sink, 512)?,
    ];
    groups.push(Group { title: "OTLP over HTTP in, 512 spans a request, and forgotten: CPU", cases: read });
    Ok(groups)
}

fn native(does: &str, protocol: Protocol, then: Then, spans: u32) -> anyhow::Result<Case> {
    let server = NativeServer::start(protocol, then)?;
    let mut sender = Sender::speaking(protocol, server.port(), &recorded(spans).otlp())?;
    Ok(Case::many(figures(Figure::new(format!("native: {does}"), UNIT).base()), move |times| {
        sender.refresh()?;
        let before = server.cpu();
        send(&mut sender, times, spans)?;
        Ok(values(server.cpu().saturating_sub(before), times))
    }))
}

fn sandboxed(figure: Figure, protocol: Protocol, out: Out, sink: &Rc<Sink>, spans: u32) -> anyhow::Result<Case> {
    let (port, cache) = (free_port(), tempfile::tempdir()?);
    let receiver = match protocol {
        Protocol::Http => "otlp_http",
        Protocol::Grpc => "otlp_grpc",
    };
    let toml = format!(
        "[sandbox]\ncpu_share = 64.0\ncache_dir = {:?}\n[receivers.{receiver}]\nlisten = \"127.0.0.1:{port}\"\n{}",
        cache.path().join("spangate"),
        out.toml(protocol, &sink.url()?)
    );
    let runtime = Runtime::from_toml(toml).builtins(spangate_builtin::component).start()?;
    let mut sender = Sender::speaking(protocol, port, &recorded(spans).otlp())?;
    let sink = Rc::clone(sink);
    Ok(Case::many(figures(figure), move |times| {
        // The folder and the backend live as long as the runtime.
        let _ = (&cache, &sink);
        sender.refresh()?;
        let (before, delivered) = (cpu_of_threads(OURS), delivered(&runtime)?);
        send(&mut sender, times, spans)?;
        wait_for(&runtime, delivered + sent(times))?;
        Ok(values(cpu_of_threads(OURS).saturating_sub(before), times))
    }))
}

/// What a span costs, and the same the other way round.
fn figures(cost: Figure) -> [Figure; 2] {
    [cost, Figure::new("  in a second of one core", "k spans")]
}

fn values(cpu: Duration, times: u32) -> Vec<f64> {
    let cost = nanoseconds_each(cpu, sent(times));
    vec![cost, thousands_in_a_second(cost)]
}

fn sent(times: u32) -> u64 {
    u64::from(SPANS) * u64::from(times)
}

fn send(sender: &mut Sender, times: u32, spans_per_request: u32) -> anyhow::Result<()> {
    (0..times * (SPANS / spans_per_request)).try_for_each(|_| sender.send())
}

fn delivered(runtime: &Runtime) -> anyhow::Result<u64> {
    let exporters = runtime.status().exporters;
    Ok(exporters.first().context("the exporter is gone")?.ledger.delivered)
}

/// # Errors
/// If a span was lost on the way.
fn wait_for(runtime: &Runtime, spans: u64) -> anyhow::Result<()> {
    const LOOK_EVERY: Duration = Duration::from_millis(1);
    const LONGEST: Duration = Duration::from_secs(60);
    let start = Instant::now();
    while delivered(runtime)? < spans {
        anyhow::ensure!(start.elapsed() < LONGEST, "not delivered: {:?}", runtime.status().exporters);
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

impl Out {
    /// Its exporter. No limit is met but the queue's, which holds all that is sent at once.
    fn toml(self, protocol: Protocol, url: &Url) -> String {
        let (component, settings) = match self {
            Self::Otlp if protocol == Protocol::Grpc => {
                ("builtin:otlp".to_owned(), format!("endpoint = \"{url}\"\nprotocol = \"grpc\""))
            }
            Self::Otlp => ("builtin:otlp".to_owned(), format!("endpoint = \"{url}\"")),
            Self::Zipkin => ("builtin:zipkin".to_owned(), format!("endpoint = \"{url}api/v2/spans\"")),
            Self::Reader => (guest("crossing").display().to_string(), "mode = \"every_field\"".to_owned()),
        };
        format!(
            "[exporters.tested]\ncomponent = \"{component}\"\nlimits.cpu_share = 64.0\n\
             queue = {{ max_queue_size = 1_000_000, max_queue_bytes = \"1GiB\" }}\n\
             [exporters.tested.grants.http]\nallow = [\"{url}\"]\nmax_requests_per_second = 1_000_000\n\
             max_bytes_per_second = \"16GiB\"\n[exporters.tested.settings]\n{settings}\n"
        )
    }
}
