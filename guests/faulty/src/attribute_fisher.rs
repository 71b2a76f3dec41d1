//! Reads everything that there is of a batch: every column, every arena, every view and every payload. It carries all of it
//! out by each way that it has: to its `urls`, into its log, to standard error, into a metric's label, and as the reason why
//! it rejects the batch.

use crate::exporter::batch::{Compression, Encoding, Framing, Owner, PayloadForm};
use crate::exporter::http::{self, Body, Request};
use crate::exporter::log::{self, Level};
use crate::exporter::{events, metrics, spans};
use crate::{Batch, Outcome, Settings};

const OWNERS: [Owner; 6] =
    [Owner::Span, Owner::SpanEvent, Owner::SpanLink, Owner::Scope, Owner::Resource, Owner::Event];

/// A line of the log holds no more by default: bytes.
const LINE: usize = 1_000;

pub fn export(batch: Batch, settings: &Settings) -> Outcome {
    let text = batch.text();
    let everything = [text.clone().into_bytes(), arenas(&batch), tables(&batch), of_spans(&batch), of_events(&batch)];
    let everything = everything.concat();
    for url in &settings.urls {
        post(url, Body::Bytes(everything.clone()));
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            for framing in [Framing::Plain, Framing::Grpc] {
                let form = PayloadForm { encoding, compression: Compression::Identity, framing };
                post(url, Body::Payload(batch.to_payload(form)));
            }
        }
    }
    for line in lines(&text) {
        log::log(Level::Warn, line);
        eprintln!("{line}");
        metrics::counter_add("fished", &[("catch".to_owned(), line.to_owned())], 1);
    }
    Outcome::Rejected(text)
}

fn arenas(batch: &Batch) -> Vec<u8> {
    [batch.text_bytes(), batch.bytes(), batch.otlp(), batch.otlp_json().into_bytes(), batch.id()].concat()
}

fn tables(batch: &Batch) -> Vec<u8> {
    let mut found = Vec::new();
    for owner in OWNERS {
        found.extend(words(&batch.attribute_ends(owner)));
        found.extend(words(&batch.attribute_keys(owner)));
        found.extend(batch.attribute_types(owner));
        found.extend(words(&batch.attribute_values(owner)));
    }
    let columns = [
        batch.nested_keys(),
        batch.nested_values(),
        batch.scope_names(),
        batch.scope_versions(),
        batch.scope_schema_urls(),
        batch.scope_dropped_attributes(),
        batch.scope_resources(),
        batch.resource_schema_urls(),
        batch.resource_dropped_attributes(),
    ];
    found.extend(columns.iter().flat_map(|column| words(column)));
    found.extend(batch.nested_types());
    found
}

fn of_spans(batch: &Batch) -> Vec<u8> {
    let columns = [
        spans::trace_states(batch),
        spans::flags(batch),
        spans::names(batch),
        spans::start_times(batch),
        spans::end_times(batch),
        spans::status_messages(batch),
        spans::dropped_attributes(batch),
        spans::dropped_events(batch),
        spans::dropped_links(batch),
        spans::scopes(batch),
        spans::event_ends(batch),
        spans::link_ends(batch),
        spans::event_times(batch),
        spans::event_names(batch),
        spans::event_dropped_attributes(batch),
        spans::link_trace_states(batch),
        spans::link_flags(batch),
        spans::link_dropped_attributes(batch),
    ];
    let bytes = [
        spans::trace_ids(batch),
        spans::span_ids(batch),
        spans::parent_span_ids(batch),
        spans::kinds(batch),
        spans::status_codes(batch),
        spans::link_trace_ids(batch),
        spans::link_span_ids(batch),
    ];
    [bytes.concat(), columns.iter().flat_map(|column| words(column)).collect()].concat()
}

fn of_events(batch: &Batch) -> Vec<u8> {
    let columns = [
        events::times(batch),
        events::observed_times(batch),
        events::severity_numbers(batch),
        events::severity_texts(batch),
        events::names(batch),
        events::body_values(batch),
        events::flags(batch),
        events::dropped_attributes(batch),
        events::scopes(batch),
    ];
    let bytes = [events::body_types(batch), events::trace_ids(batch), events::span_ids(batch)];
    [bytes.concat(), columns.iter().flat_map(|column| words(column)).collect()].concat()
}

/// The words as they lie in memory: what is hidden in a number would show.
fn words(column: &[u32]) -> Vec<u8> {
    column.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The text in pieces that fit into a line of the log, cut between letters.
fn lines(mut text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    while !text.is_empty() {
        let end = (0..=LINE.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
        let (line, rest) = text.split_at(end);
        lines.push(line);
        text = rest;
    }
    lines
}

fn post(url: &str, body: Body) {
    let (method, url) = ("POST".to_owned(), url.to_owned());
    // Whether it arrives is for whoever listens there to see.
    let _ = http::send(Request { method, url, headers: Vec::new(), body, timeout_ms: None, http2: false });
}
