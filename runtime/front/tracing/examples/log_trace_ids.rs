//! The ids of trace and span in every line of `tracing_subscriber::fmt`, so that a log line leads to its trace.
//!
//! `cargo run -p spangate-tracing --example log_trace_ids` writes log lines, and the same trace by the exporter `console`.

use std::{error::Error, fmt, time::Duration};

use spangate_tracing::ids_of;
use tracing::{Event, Subscriber, info, info_span, level_filters::LevelFilter, warn};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Writer},
    },
    prelude::*,
    registry::LookupSpan,
};

/// Any format of log lines, with the ids in front.
struct WithTraceIds<F>(F);

impl<S, N, F> FormatEvent<S, N> for WithTraceIds<F>
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let span = ctx.event_scope().and_then(|mut scope| scope.next());
        if let Some((trace_id, span_id)) = span.and_then(|span| ids_of(&span)) {
            write!(writer, "trace_id={trace_id} span_id={span_id} ")?;
        }
        self.0.format_event(ctx, writer, event)
    }
}

const CONFIG: &str = "
    [resource]
    \"service.name\" = \"shop\"
    [exporters.console]
    component = \"builtin:console\"
    grants.terminal = true
";

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = spangate::Runtime::from_toml(CONFIG).start()?.shutdown_on_drop(Duration::from_secs(5));
    let format = WithTraceIds(Format::default().without_time().with_ansi(false));
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(tracing_subscriber::fmt::layer().event_format(format))
        .with(spangate_tracing::layer(runtime.tracer("shop")))
        .init();

    info!("outside of any span: no ids");
    info_span!("checkout", order = 7).in_scope(|| {
        info!("paying");
        info_span!("pay").in_scope(|| warn!("card is slow"));
    });
    Ok(())
}
