//! A checksum that has to look at every bit, and what it is made of.
//!
//! One chain of xor, multiplication and rotation, eight bytes a step: cheap, so that crossing shows beside it, and a
//! chain, so that no compiler can do several steps at once.

use spangate_sdk::{Batch, columns::Owner};

/// Odd, with its bits well spread: 2^64 divided by the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// OTLP's number of the type string.
const STRING: u8 = 1;

/// Those that a batch of spans can have.
const OWNERS: [Owner; 5] = [Owner::Span, Owner::SpanEvent, Owner::SpanLink, Owner::Scope, Owner::Resource];

/// The chain so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(pub u64);

impl Checksum {
    /// One step.
    #[inline]
    pub fn add(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(FACTOR).rotate_left(29);
    }

    /// Eight bytes a step; the last step may look at some bytes again.
    #[inline]
    pub fn add_bytes(&mut self, bytes: &[u8]) {
        let (chunks, rest) = bytes.as_chunks();
        for chunk in chunks {
            self.add(u64::from_le_bytes(*chunk));
        }
        if rest.is_empty() {
            return;
        }
        self.add(match (bytes.last_chunk(), bytes.first_chunk(), bytes.last_chunk()) {
            (Some(last), _, _) => u64::from_le_bytes(*last),
            (None, Some(first), Some(last)) => {
                u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32
            }
            _ => rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        });
    }

    /// Two words a step.
    #[inline]
    fn add_words(&mut self, words: &[u32]) {
        let (pairs, rest) = words.as_chunks();
        for [low, high] in pairs {
            self.add(u64::from(*low) | u64::from(*high) << 32);
        }
        rest.iter().for_each(|word| self.add(u64::from(*word)));
    }

    /// The texts that references refer to.
    fn add_texts(&mut self, text: &[u8], references: &[u32]) {
        references.as_chunks().0.iter().for_each(|reference| self.add_text(text, *reference));
    }

    #[inline]
    fn add_text(&mut self, text: &[u8], [offset, length]: [u32; 2]) {
        let start = offset as usize;
        self.add_bytes(text.get(start..start.saturating_add(length as usize)).unwrap_or_default());
    }

    /// Types and values: texts for strings, words for everything else.
    fn add_values(&mut self, text: &[u8], types: &[u8], values: &[u32]) {
        self.add_bytes(types);
        for (kind, value) in types.iter().zip(values.as_chunks().0) {
            match *kind {
                STRING => self.add_text(text, *value),
                _ => self.add_words(value),
            }
        }
    }
}

/// Start times, end times and status codes.
pub fn three_columns(batch: &Batch) -> u64 {
    let spans = batch.span_columns();
    let mut sum = Checksum::default();
    sum.add_words(spans.start_times());
    sum.add_words(spans.end_times());
    sum.add_bytes(spans.status_codes());
    sum.0
}

/// Every field of spans, their events and links, scopes, resources, and all their attributes.
pub fn every_field(batch: &Batch) -> u64 {
    let text = batch.text().as_bytes();
    let mut sum = Checksum::default();
    add_spans(&mut sum, batch, text);
    add_span_details(&mut sum, batch, text);
    add_origins(&mut sum, batch, text);
    for owner in OWNERS {
        let rows = batch.attribute_columns(owner);
        sum.add_words(rows.ends());
        sum.add_texts(text, rows.keys());
        sum.add_values(text, rows.types(), rows.values());
    }
    let nested = batch.shared_columns();
    sum.add_texts(text, nested.nested_keys());
    sum.add_values(text, nested.nested_types(), nested.nested_values());
    sum.add_bytes(nested.bytes());
    sum.0
}

fn add_spans(sum: &mut Checksum, batch: &Batch, text: &[u8]) {
    let spans = batch.span_columns();
    for bytes in [spans.trace_ids(), spans.span_ids(), spans.parent_span_ids(), spans.kinds(), spans.status_codes()] {
        sum.add_bytes(bytes);
    }
    for references in [spans.trace_states(), spans.names(), spans.status_messages()] {
        sum.add_texts(text, references);
    }
    for words in [
        spans.flags(),
        spans.start_times(),
        spans.end_times(),
        spans.dropped_attributes(),
        spans.dropped_events(),
        spans.dropped_links(),
        spans.scopes(),
        spans.event_ends(),
        spans.link_ends(),
    ] {
        sum.add_words(words);
    }
}

fn add_span_details(sum: &mut Checksum, batch: &Batch, text: &[u8]) {
    let spans = batch.span_columns();
    sum.add_words(spans.event_times());
    sum.add_texts(text, spans.event_names());
    sum.add_words(spans.event_dropped_attributes());
    sum.add_bytes(spans.link_trace_ids());
    sum.add_bytes(spans.link_span_ids());
    sum.add_texts(text, spans.link_trace_states());
    sum.add_words(spans.link_flags());
    sum.add_words(spans.link_dropped_attributes());
}

fn add_origins(sum: &mut Checksum, batch: &Batch, text: &[u8]) {
    let shared = batch.shared_columns();
    for references in
        [shared.scope_names(), shared.scope_versions(), shared.scope_schema_urls(), shared.resource_schema_urls()]
    {
        sum.add_texts(text, references);
    }
    for words in [shared.scope_dropped_attributes(), shared.scope_resources(), shared.resource_dropped_attributes()] {
        sum.add_words(words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spangate_sdk::testing::{BatchBuilder, Span, Value};

    fn checksum(name: &str, end: u64, value: Value) -> [u64; 2] {
        let mut span = Span::new(name, 1);
        span.end_time = end;
        span.attributes = vec![("key".into(), value)];
        let batch = BatchBuilder::new().resource(&[]).span(span).build();
        [every_field(&batch), three_columns(&batch)]
    }

    #[test]
    fn a_changed_field_changes_the_checksum_of_those_who_read_it() {
        let [every, three] = checksum("a span", 9, Value::Int(1));
        assert_eq!(checksum("a span", 9, Value::Int(1)), [every, three]);
        let [every_later, three_later] = checksum("a span", 10, Value::Int(1));
        assert!(every_later != every && three_later != three);
        for [other, same] in [checksum("a spam", 9, Value::Int(1)), checksum("a span", 9, Value::Int(2))] {
            assert!(other != every && same == three);
        }
        let [text, _] = checksum("a span", 9, Value::String("long enough for two steps".into()));
        let [last, _] = checksum("a span", 9, Value::String("long enough for two stepz".into()));
        assert!(text != every && text != last);
    }

    #[test]
    fn every_byte_counts_whatever_the_length() {
        for length in 1..40 {
            let bytes = vec![7; length];
            let mut whole = Checksum::default();
            whole.add_bytes(&bytes);
            for at in 0..length {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                let mut other = Checksum::default();
                other.add_bytes(&changed);
                assert_ne!(whole, other, "byte {at} of {length}");
            }
        }
    }
}
