//! A checksum that has to look at every bit, and what it is made of.
//!
//! One chain of xor, multiplication and rotation, eight bytes a step: cheap, so that crossing shows beside it, and a
//! chain, so that no compiler can do several steps at once.

use spangate_sdk::{Batch, columns::Owner};

/// Odd, with its bits well spread: 2^64 divided by the golden ratio.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
/// OTLP's number of the type string.
const STRING: u8 = 1;
/// OTLP's number of the status error.
const ERROR: u8 = 2;

/// Those that a batch of spans can have.
const OWNERS: [Owner; 5] = [Owner::Span, Owner::SpanEvent, Owner::SpanLink, Owner::Scope, Owner::Resource];

/// The chain so far. It is handed on by value and each column has a function of its own: compiled WebAssembly keeps it in a
/// register then, where a step through memory takes twice as long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum(pub u64);

impl Checksum {
    /// One step.
    #[inline]
    #[must_use]
    pub fn step(self, word: u64) -> Self {
        Self((self.0 ^ word).wrapping_mul(FACTOR).rotate_left(29))
    }

    /// Eight bytes a step; the last step may look at some bytes again.
    #[inline]
    #[must_use]
    pub fn add_bytes(self, bytes: &[u8]) -> Self {
        let (mut sum, mut rest) = (self, bytes);
        while let Some((word, behind)) = rest.split_first_chunk().filter(|(_, behind)| !behind.is_empty()) {
            sum = sum.step(u64::from_le_bytes(*word));
            rest = behind;
        }
        if rest.is_empty() { sum } else { sum.step(last_word(bytes)) }
    }

    /// Eight bytes a step.
    #[inline(never)]
    fn add_byte_column(self, bytes: &[u8]) -> Self {
        self.add_bytes(bytes)
    }

    /// Two words a step.
    #[inline(never)]
    fn add_words(self, words: &[u32]) -> Self {
        let (pairs, rest) = words.as_chunks();
        let sum = pairs.iter().fold(self, |sum, [low, high]| sum.step(wide(*low, *high)));
        rest.iter().fold(sum, |sum, word| sum.step(u64::from(*word)))
    }

    /// The texts that references refer to.
    #[inline(never)]
    fn add_texts(self, text: &[u8], references: &[u32]) -> Self {
        references.as_chunks().0.iter().fold(self, |sum, reference| sum.add_text(text, *reference))
    }

    #[inline]
    fn add_text(self, text: &[u8], [offset, length]: [u32; 2]) -> Self {
        // An end that wraps around is before the start, and no range.
        let (start, end) = (offset as usize, offset.wrapping_add(length) as usize);
        self.add_bytes(text.get(start..end).unwrap_or_default())
    }

    /// Types and values: texts for strings, words for everything else.
    #[inline(never)]
    fn add_values(self, text: &[u8], types: &[u8], values: &[u32]) -> Self {
        let values = values.as_chunks().0;
        types.iter().zip(values).fold(self.add_bytes(types), |sum, (kind, [low, high])| match *kind {
            STRING => sum.add_text(text, [*low, *high]),
            _ => sum.step(wide(*low, *high)),
        })
    }
}

#[inline]
fn wide(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// The last eight bytes, or as many as there are.
#[inline]
fn last_word(bytes: &[u8]) -> u64 {
    match (bytes.last_chunk(), bytes.first_chunk(), bytes.last_chunk()) {
        (Some(last), _, _) => u64::from_le_bytes(*last),
        (None, Some(first), Some(last)) => wide(u32::from_le_bytes(*first), u32::from_le_bytes(*last)),
        _ => bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Start times, end times and status codes, as who counts requests reads them: how long all spans took together, in
/// nanoseconds, and in the upper half how many of them failed.
pub fn three_columns(batch: &Batch) -> u64 {
    let spans = batch.span_columns();
    let (starts, ends) = (spans.start_times().as_chunks::<2>().0, spans.end_times().as_chunks::<2>().0);
    starts.iter().zip(ends).zip(spans.status_codes()).fold(0, |sum: u64, ((start, end), status)| {
        let took = wide(end[0], end[1]).wrapping_sub(wide(start[0], start[1]));
        sum.wrapping_add(took).wrapping_add(u64::from(*status == ERROR) << 32)
    })
}

/// Every field of spans, their events and links, scopes, resources, and all their attributes.
pub fn every_field(batch: &Batch) -> u64 {
    let text = batch.text().as_bytes();
    let mut sum = add_spans(Checksum::default(), batch, text);
    sum = add_span_details(sum, batch, text);
    sum = add_origins(sum, batch, text);
    for owner in OWNERS {
        let rows = batch.attribute_columns(owner);
        sum = sum.add_words(rows.ends()).add_texts(text, rows.keys()).add_values(text, rows.types(), rows.values());
    }
    let nested = batch.shared_columns();
    sum.add_texts(text, nested.nested_keys())
        .add_values(text, nested.nested_types(), nested.nested_values())
        .add_byte_column(nested.bytes())
        .0
}

fn add_spans(sum: Checksum, batch: &Batch, text: &[u8]) -> Checksum {
    let spans = batch.span_columns();
    let bytes = [spans.trace_ids(), spans.span_ids(), spans.parent_span_ids(), spans.kinds(), spans.status_codes()];
    let references = [spans.trace_states(), spans.names(), spans.status_messages()];
    let words = [
        spans.flags(),
        spans.start_times(),
        spans.end_times(),
        spans.dropped_attributes(),
        spans.dropped_events(),
        spans.dropped_links(),
        spans.scopes(),
        spans.event_ends(),
        spans.link_ends(),
    ];
    let sum = bytes.into_iter().fold(sum, Checksum::add_byte_column);
    let sum = references.into_iter().fold(sum, |sum, references| sum.add_texts(text, references));
    words.into_iter().fold(sum, Checksum::add_words)
}

fn add_span_details(sum: Checksum, batch: &Batch, text: &[u8]) -> Checksum {
    let spans = batch.span_columns();
    sum.add_words(spans.event_times())
        .add_texts(text, spans.event_names())
        .add_words(spans.event_dropped_attributes())
        .add_byte_column(spans.link_trace_ids())
        .add_byte_column(spans.link_span_ids())
        .add_texts(text, spans.link_trace_states())
        .add_words(spans.link_flags())
        .add_words(spans.link_dropped_attributes())
}

fn add_origins(sum: Checksum, batch: &Batch, text: &[u8]) -> Checksum {
    let shared = batch.shared_columns();
    let references =
        [shared.scope_names(), shared.scope_versions(), shared.scope_schema_urls(), shared.resource_schema_urls()];
    let words = [shared.scope_dropped_attributes(), shared.scope_resources(), shared.resource_dropped_attributes()];
    let sum = references.into_iter().fold(sum, |sum, references| sum.add_texts(text, references));
    words.into_iter().fold(sum, Checksum::add_words)
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
            let whole = Checksum::default().add_bytes(&bytes);
            for at in 0..length {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                assert_ne!(whole, Checksum::default().add_bytes(&changed), "byte {at} of {length}");
            }
        }
    }
}
