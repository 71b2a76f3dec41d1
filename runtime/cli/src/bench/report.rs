//! What was measured, and the lines of TOML that follow from it.

use std::time::Duration;

use spangate_core::signal::Signal;

use super::measure::Measured;
use crate::{
    paint::Paint,
    table::{size, thousands},
};

/// How many times what was measured a budget allows.
const ROOM: u64 = 4;
/// The smallest memory worth naming: what allocators and runtimes of languages begin with.
const LEAST_MEMORY: u64 = 4 << 20;

/// What was measured.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) component: &'a str,
    pub(super) signal: Signal,
    pub(super) batch_size: u32,
    /// Rows per second that the budget is for.
    pub(super) rate: u64,
}

/// The report for a person; its last lines go into a configuration.
pub(super) fn render(subject: &Subject<'_>, whole: &Measured, single: &Measured, paint: Paint) -> String {
    let rows = if subject.signal == Signal::Events { "event" } else { "span" };
    let each = |total: u64, count: u64| total as f64 / count.max(1) as f64;
    let cpu_ns = each(nanoseconds(whole.cpu), whole.rows);
    let mut text = format!(
        "{}\n{}\n\n",
        paint.bold(subject.component),
        paint.dim(&format!(
            "{} batches of {} {rows}s with ten attributes; requests were answered with 200 at once",
            thousands(whole.calls),
            thousands(u64::from(subject.batch_size))
        ))
    );
    let mut line = |label: &str, value: String| text += &format!("  {}  {value}\n", paint.dim(&format!("{label:<28}")));
    line(&format!("{rows}s per second and core"), thousands((1e9 / cpu_ns.max(0.001)) as u64));
    line(&format!("CPU per {rows}"), time(cpu_ns));
    line(&format!("fuel per {rows}"), thousands(each(whole.fuel, whole.rows).round() as u64));
    let call = format!(
        "{}, {} fuel",
        time(each(nanoseconds(single.cpu), single.calls)),
        thousands(each(single.fuel, single.calls).round() as u64)
    );
    line(&format!("a batch of one {rows}"), call);
    line("memory", format!("{} at most", size(whole.memory.max(single.memory))));
    let sent = match whole.requests {
        0 => "none".to_owned(),
        requests => format!(
            "{:.1} per batch, {:.0} bytes per {rows}",
            each(requests, whole.calls),
            each(whole.bytes_out, whole.rows)
        ),
    };
    line("requests", sent);
    text + "\n" + &budget(subject, whole, cpu_ns, paint)
}

/// `[exporters.NAME.limits]` with room for more than was measured.
fn budget(subject: &Subject<'_>, whole: &Measured, cpu_ns: f64, paint: Paint) -> String {
    let fuel = round_up(whole.most_fuel.saturating_mul(ROOM).max(1_000_000));
    let memory = whole.memory.saturating_mul(ROOM).max(LEAST_MEMORY).div_ceil(1 << 20);
    // Two digits after the point are what a person reads; less than a hundredth of a core is no budget.
    let share = (subject.rate as f64 * cpu_ns * ROOM as f64 / 1e9 * 100.0).ceil() / 100.0;
    let comment = format!(
        "# {ROOM} times what was measured, at {} {} per second",
        thousands(subject.rate),
        if subject.signal == Signal::Events { "events" } else { "spans" }
    );
    format!(
        "{}\n[exporters.NAME.limits]\nfuel_per_batch = {}\nmemory = \"{memory}MiB\"\ncpu_share = {share:.2}\n",
        paint.dim(&comment),
        thousands(fuel).replace(',', "_"),
    )
}

/// Two digits, the others zero.
fn round_up(number: u64) -> u64 {
    let factor = 10_u64.pow(number.max(1).ilog10().saturating_sub(1));
    number.div_ceil(factor).saturating_mul(factor)
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.2} µs", ns / 1e3),
        ns => format!("{:.2} ms", ns / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_leaves_room_and_can_be_read_as_toml() {
        let subject = Subject { component: "x.wasm", signal: Signal::Spans, batch_size: 512, rate: 1000 };
        let whole = Measured { most_fuel: 11_234_567, memory: 2_200_000, ..Measured::default() };
        let text = budget(&subject, &whole, 1526.0, Paint::off());
        assert!(text.contains("fuel_per_batch = 45_000_000\n"), "{text}");
        assert!(text.contains("memory = \"9MiB\"\n"), "{text}");
        assert!(text.contains("cpu_share = 0.01\n"), "{text}");
        assert!(text.starts_with("# 4 times what was measured, at 1,000 spans per second\n"), "{text}");
    }

    #[test]
    fn numbers_are_rounded_up_to_two_digits() {
        for (number, rounded) in [(1, 1), (99, 99), (101, 110), (1_000_001, 1_100_000), (4_500_000, 4_500_000)] {
            assert_eq!(round_up(number), rounded);
        }
    }
}
