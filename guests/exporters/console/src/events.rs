//! Events, one per line: time of day (UTC), severity, name, service, body, attributes.

use spangate_sdk::{EventView, ValueView};

use crate::draw::{BOLD, DIM, Page, RED, YELLOW};

pub fn push_event(page: &mut Page, event: EventView<'_>) {
    let mut room = page.width;
    let time = if event.time() == 0 { event.observed_time() } else { event.time() };
    page.push(DIM, &time_of_day(time), &mut room);
    let (severity, color) = severity(event.severity_number());
    page.push(color, &format!(" {severity:5} "), &mut room);
    page.push(BOLD, event.name(), &mut room);
    if let Some(service) = event.resource().service_name() {
        page.push(DIM, &format!("  {service}"), &mut room);
    }
    if !matches!(event.body(), ValueView::Empty) {
        page.push("", &format!("  {}", event.body()), &mut room);
    }
    for (key, value) in event.attributes().iter() {
        page.push(DIM, &format!("  {key}={value}"), &mut room);
    }
    page.text.push('\n');
}

/// The ranges of OpenTelemetry's log data model.
fn severity(number: u32) -> (&'static str, &'static str) {
    match number {
        1..=4 => ("TRACE", DIM),
        5..=8 => ("DEBUG", DIM),
        9..=12 => ("INFO", ""),
        13..=16 => ("WARN", YELLOW),
        17..=20 => ("ERROR", RED),
        21..=24 => ("FATAL", RED),
        _ => ("", ""),
    }
}

fn time_of_day(nanos: u64) -> String {
    let millis = nanos / 1_000_000 % 86_400_000;
    let (seconds, minutes) = (millis / 1000, millis / 60_000);
    format!("{:02}:{:02}:{:02}.{:03}", minutes / 60, minutes % 60, seconds % 60, millis % 1000)
}
