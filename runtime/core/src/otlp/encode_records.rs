//! Spans as they were recorded to bytes, without columns between them: the same bytes as with columns.

use bytes::Bytes;

use super::{
    back_writer::BackWriter,
    encode::Encoder,
    fields::{any_value, key_value, scope_rows, span, status},
};
use crate::{
    columns::{Groups, kind, words},
    intake::{Constants, Record, Records},
    span::{Row, Slot, Text},
};

/// The spans as ExportTraceServiceRequest.
pub(crate) fn encode_records(records: &Records) -> Bytes {
    let surroundings = records.surroundings();
    let scopes: Vec<u32> = records.iter().map(|record| record.origin() as u32).collect();
    let groups = Groups::new(&surroundings, &scopes);
    let capacity =
        super::encode::estimate(&surroundings) + records.iter().map(|record| estimate(&record)).sum::<usize>();
    let text = surroundings.text.as_bytes();
    let mut encoder = Encoder { columns: &surroundings, text, out: BackWriter::with_capacity(capacity) };
    let mut texts = Texts::new(records.bytes());
    encoder.groups(&groups, |encoder, row| {
        if let Some((record, texts_at)) = records.get(row) {
            encode(&mut encoder.out, &record, texts_at, &mut texts);
        }
    });
    encoder.out.finish()
}

/// About what a span takes, as [`super::encode::encode`] reckons.
fn estimate(record: &Record<'_>) -> usize {
    76 + 12 * record.attributes().len() + record.text_size()
}

/// Where texts are.
struct Texts<'a> {
    /// Those of spans.
    own: &'a [u8],
    /// Constants, each where it was put when it came first: short texts behind others are copied without a call.
    arena: String,
    constants: Constants,
}

impl<'a> Texts<'a> {
    fn new(own: &'a [u8]) -> Self {
        // So that there is something in front of the first ones.
        Self { own, arena: " ".repeat(32), constants: Constants::default() }
    }

    /// A field with a text. The span's own are counted from `base`.
    #[inline]
    fn write(&mut self, out: &mut BackWriter, tag: u32, text: Text, base: usize) {
        match text {
            Text::Constant(text) => {
                let reference = words(self.constants.push_constant(&mut self.arena, text));
                out.part(tag, self.arena.as_bytes(), reference);
            }
            Text::Own { start, len } => out.part_at(tag, self.own, base + start as usize, len as usize),
        }
    }
}

fn encode(out: &mut BackWriter, record: &Record<'_>, texts_at: usize, texts: &mut Texts<'_>) {
    let [own_name, trace_state, message] = record.text_lengths().map(|length| length as usize);
    let (state_at, message_at) = (texts_at + own_name, texts_at + own_name + trace_state);
    let start = out.written();
    out.some_fixed32(span::FLAGS, record.flags());
    let written = out.written();
    out.some_varint(status::CODE, record.status_code().into());
    if message > 0 {
        out.part_at(status::MESSAGE, texts.own, message_at, message);
    }
    if out.written() > written {
        out.close(span::STATUS, written);
    }
    out.some_varint(span::DROPPED_ATTRIBUTES, record.dropped_attributes().into());
    for row in record.attributes().iter().rev() {
        attribute(out, row, message_at + message, texts);
    }
    out.some_fixed64(span::END_TIME, record.end_time());
    out.some_fixed64(span::START_TIME, record.start_time());
    out.some_varint(span::KIND, record.kind().into());
    if !record.name().is_empty() {
        texts.write(out, span::NAME, record.name(), texts_at);
    }
    out.some_id::<8>(span::PARENT_SPAN_ID, record.parent_span_id());
    if trace_state > 0 {
        out.part_at(span::TRACE_STATE, texts.own, state_at, trace_state);
    }
    out.some_id::<8>(span::SPAN_ID, record.span_id());
    out.some_id::<16>(span::TRACE_ID, record.trace_id());
    out.close(scope_rows::ROWS, start);
}

#[inline]
fn attribute(out: &mut BackWriter, row: &Row, texts_at: usize, texts: &mut Texts<'_>) {
    let written = out.written();
    match row.number() {
        Some((kind::BOOL, word)) => out.varint(any_value::BOOL, word),
        Some((kind::INT, word)) => out.varint(any_value::INT, word),
        Some((kind::DOUBLE, word)) => out.fixed64(any_value::DOUBLE, word),
        Some(_) => {}
        None => {
            if let Slot::Text(text) = row.value() {
                texts.write(out, any_value::STRING, text, texts_at);
            }
        }
    }
    out.close(key_value::VALUE, written);
    if !row.key().is_empty() {
        texts.write(out, key_value::KEY, row.key(), texts_at);
    }
    out.close(span::ATTRIBUTES, written);
}
