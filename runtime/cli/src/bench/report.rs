//! What was measured, and the lines of TOML that follow from it.

use std::time::Duration;

use spangate_core::signal::Signal;

use super::measure::Measured;
use crate::{
    paint::Paint,
    table::{size, thousands},
    trial::name_of,
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
    pub(super) may_send: bool,
}

/// What three kinds of batches took.
#[derive(Debug)]
pub(super) struct Seen {
    /// Full ones of an ordinary day.
    pub(super) whole: Measured,
    /// Full ones of spans that are all slow and failed.
    pub(super) bad: Measured,
    /// Of one row.
    pub(super) single: Measured,
}

/// The report for a person; its last lines go into a configuration.
pub(super) fn render(subject: &Subject<'_>, seen: &Seen, paint: Paint) -> String {
    let Seen { whole, bad, single } = seen;
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
    if subject.signal != Signal::Events {
        line(
            "if all are slow and failed",
            format!("{} fuel per {rows}", thousands(each(bad.fuel, bad.rows).round() as u64)),
        );
    }
    line("memory", format!("{} at most", size(whole.memory.max(bad.memory))));
    let sent = match whole.requests {
        0 => "none".to_owned(),
        requests => format!(
            "{:.1} per batch, {:.0} bytes per {rows}",
            each(requests, whole.calls),
            each(whole.bytes_out, whole.rows)
        ),
    };
    line("requests", sent);
    if subject.may_send && whole.requests + bad.requests == 0 {
        text += &format!(
            "\n  {}\n",
            paint.yellow("It sent nothing: what makes it send may cost more than the budget below.")
        );
    }
    text + "\n" + &budget(subject, seen, paint)
}

/// Its limits, with room for more than was measured.
fn budget(subject: &Subject<'_>, Seen { whole, bad, .. }: &Seen, paint: Paint) -> String {
    let fuel = round_up(whole.most_fuel.max(bad.most_fuel).saturating_mul(ROOM).max(1_000_000));
    let memory = whole.memory.max(bad.memory).saturating_mul(ROOM).max(LEAST_MEMORY).div_ceil(1 << 20);
    let cpu = |seen: &Measured| nanoseconds(seen.cpu) as f64 / seen.rows.max(1) as f64;
    let cpu_ns = cpu(whole).max(cpu(bad));
    // Two digits after the point are what a person reads; less than a hundredth of a core is no budget.
    let share = (subject.rate as f64 * cpu_ns * ROOM as f64 / 1e9 * 100.0).ceil() / 100.0;
    let comment = format!(
        "# {ROOM} times what was measured, at {} {} per second",
        thousands(subject.rate),
        if subject.signal == Signal::Events { "events" } else { "spans" }
    );
    format!(
        "{}\n[exporters.{}.limits]\nfuel_per_batch = {}\nmemory = \"{memory}MiB\"\ncpu_share = {share:.2}\n",
        paint.dim(&comment),
        key_of(subject.component),
        thousands(fuel).replace(',', "_"),
    )
}

/// What an exporter of this component may be called in a configuration.
fn key_of(component: &str) -> &str {
    let name = name_of(component);
    let is_plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_plain { name } else { "NAME" }
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
        let subject =
            Subject { component: "x.wasm", signal: Signal::Spans, batch_size: 512, rate: 1000, may_send: true };
        let cpu = Duration::from_nanos(1526 * 512);
        let whole = Measured { most_fuel: 1_000, memory: 2_200_000, cpu, rows: 512, ..Measured::default() };
        let bad = Measured { most_fuel: 11_234_567, ..Measured::default() };
        let text = budget(&subject, &Seen { whole, bad, single: Measured::default() }, Paint::off());
        assert!(text.contains("\n[exporters.x.limits]\n"), "{text}");
        assert!(text.contains("fuel_per_batch = 45_000_000\n"), "{text}");
        assert!(text.contains("memory = \"9MiB\"\n"), "{text}");
        assert!(text.contains("cpu_share = 0.01\n"), "{text}");
        assert!(text.starts_with("# 4 times what was measured, at 1,000 spans per second\n"), "{text}");
    }

    #[test]
    fn a_budget_is_of_an_exporter_that_may_be_called_so() {
        let names = ["builtin:zipkin", "target/slow_spans.wasm", "a b.wasm", ""].map(key_of);
        assert_eq!(names, ["zipkin", "slow_spans", "NAME", "NAME"]);
    }

    #[test]
    fn numbers_are_rounded_up_to_two_digits() {
        for (number, rounded) in [(1, 1), (99, 99), (101, 110), (1_000_001, 1_100_000), (4_500_000, 4_500_000)] {
            assert_eq!(round_up(number), rounded);
        }
    }
}
