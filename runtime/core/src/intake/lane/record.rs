//! A span in words.
//!
//! Constraints: written by the application's thread, so that it is a few stores and one copy of all attributes; read by
//! the collector, one field of many spans after the other.
//!
//! Design: a head, the name as a row, the attributes as they were kept, and all texts of the span's own behind one
//! another.
#![expect(unsafe_code, reason = "attributes and texts are copied as words")]

use std::{borrow::Cow, slice};

use crate::{
    intake::rows::flags,
    span::{MAX_KEY_BYTES, Row, Slot, SpanData, Text},
};

/// Words before the rows.
const HEAD: usize = 9;
/// Number of attributes, and bytes of texts. Here and below: the number that is named first is the lower half.
const COUNTS: usize = 0;
const TRACE_ID: usize = 1;
const SPAN_ID: usize = 3;
const PARENT_SPAN_ID: usize = 4;
const START_TIME: usize = 5;
/// Dropped attributes, and OTLP's flags.
const DROPPED_AND_FLAGS: usize = 6;
/// From the lowest byte: kind, status code, number of the origin.
const KINDS: usize = 7;
/// Bytes of the trace state, and of the status message.
const TEXTS: usize = 8;

/// Stands in the place of a span where a block has no more of them.
pub(super) const END: u64 = u64::MAX;

/// How a span will be written.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    /// Words of all of it.
    pub(super) words: usize,
    text_bytes: usize,
}

/// How a span would be written. None if it cannot be: it has details, or values that are nested or were replaced.
#[inline]
pub(super) fn measure(span: &SpanData) -> Option<Measure> {
    if !span.attributes.is_plain() || span.events.is_used() || span.links.is_used() {
        return None;
    }
    let (rows, own_text) = span.attributes.kept();
    let own_name = if let Cow::Owned(name) = &span.name { name.len() } else { 0 };
    let text_bytes =
        own_name + span.context.trace_state.as_str().len() + span.status.description().len() + own_text.len();
    let words = HEAD + (rows.len() + 1) * Row::WORDS + text_bytes.div_ceil(8);
    // Numbers of bytes have 31 bits, so that no first word is like that of the end.
    (text_bytes <= i32::MAX as usize && span.name.len() <= MAX_KEY_BYTES).then_some(Measure { words, text_bytes })
}

/// Writes a span into as many words as it was measured to take.
#[inline]
pub(super) fn write(span: &SpanData, origin: usize, measure: Measure, words: &mut [u64]) {
    let (rows, own_text) = span.attributes.kept();
    let name = match &span.name {
        Cow::Borrowed(name) => Text::Constant(name),
        // It is the first of the texts.
        Cow::Owned(name) => Text::Own { start: 0, len: name.len() as u32 },
    };
    let (trace_state, message) = (span.context.trace_state.as_str(), span.status.description());
    let [trace_first, trace_second] = halves(span.context.trace_id.0);
    let flags = flags(span.context.trace_flags.0, span.parent_is_remote);
    let head: [u64; HEAD] = [
        pair(rows.len() as u32, measure.text_bytes as u32),
        trace_first,
        trace_second,
        u64::from_ne_bytes(span.context.span_id.0),
        u64::from_ne_bytes(span.parent_span_id.0),
        span.start_time,
        pair(span.attributes.dropped(), flags),
        u64::from(span.kind as u8) | u64::from(span.status.code()) << 8 | (origin as u64) << 16,
        pair(trace_state.len() as u32, message.len() as u32),
    ];
    let name_row = [Row::new(name, Slot::Int(span.end_time.cast_signed()))];
    let (name_row, rows) = (Row::words(&name_row), Row::words(rows));
    let Some((first, rest)) = words.split_first_chunk_mut::<HEAD>() else { return };
    let Some((name_place, rest)) = rest.split_at_mut_checked(name_row.len()) else { return };
    let Some((attributes, texts)) = rest.split_at_mut_checked(rows.len()) else { return };
    *first = head;
    name_place.copy_from_slice(name_row);
    attributes.copy_from_slice(rows);
    if measure.text_bytes > 0 {
        let own_name = if let Cow::Owned(name) = &span.name { name } else { "" };
        write_texts([own_name, trace_state, message, own_text], texts);
    }
}

fn write_texts(texts: [&str; 4], words: &mut [u64]) {
    // SAFETY: all of it is initialised, and bytes are aligned everywhere.
    let mut rest = unsafe { slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), size_of_val(words)) };
    for text in texts {
        let Some((place, behind)) = rest.split_at_mut_checked(text.len()) else { return };
        place.copy_from_slice(text.as_bytes());
        rest = behind;
    }
}

/// A span that was written.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    head: &'a [u64; HEAD],
    rows: &'a [Row],
    texts: &'a str,
}

/// The number of the origin of the span that begins with the first of these words.
#[inline]
pub(super) fn origin_of(words: &[u64]) -> usize {
    words.get(KINDS).map_or(0, |kinds| (kinds >> 16) as usize)
}

/// Gives the span that begins with the first of these words another origin.
#[inline]
pub(super) fn set_origin(words: &mut [u64], origin: usize) {
    if let Some(kinds) = words.get_mut(KINDS) {
        *kinds = *kinds & 0xffff | (origin as u64) << 16;
    }
}

/// How many words the span takes that begins with this one.
#[inline]
pub(super) fn words_of(first: u64) -> usize {
    let [rows, text_bytes] = split(first);
    HEAD + (rows as usize + 1) * Row::WORDS + (text_bytes as usize).div_ceil(8)
}

/// How many attributes the span has that begins with this one.
#[inline]
pub(super) fn attributes_of(first: u64) -> usize {
    split(first)[0] as usize
}

impl<'a> Record<'a> {
    /// A span, and what lies behind it. None if there is none.
    ///
    /// # Safety
    /// The words were written by [`write()`], one span behind the other, and then an [`END`] or nothing.
    #[inline]
    pub(crate) unsafe fn read(words: &'a [u64]) -> Option<(Self, &'a [u64])> {
        let (head, rest) = words.split_first_chunk::<HEAD>()?;
        let [rows, text_bytes] = split(head[COUNTS]);
        let (rows, rest) = rest.split_at_checked((rows as usize + 1) * Row::WORDS)?;
        let (texts, rest) = rest.split_at_checked((text_bytes as usize).div_ceil(8))?;
        // SAFETY: these are the words of rows. The bytes are those of texts, written whole and one behind the other; as
        // many are there, and bytes are aligned everywhere.
        let (rows, texts) = unsafe {
            let bytes = slice::from_raw_parts(texts.as_ptr().cast::<u8>(), text_bytes as usize);
            (Row::from_words(rows), std::str::from_utf8_unchecked(bytes))
        };
        Some((Self { head, rows, texts }, rest))
    }

    #[inline]
    pub(crate) fn trace_id(&self) -> [u8; 16] {
        let [first, second] = [TRACE_ID, TRACE_ID + 1].map(|word| u128::from(self.head[word]));
        (first | second << 64).to_le_bytes()
    }

    #[inline]
    pub(crate) fn span_id(&self) -> [u8; 8] {
        self.head[SPAN_ID].to_ne_bytes()
    }

    #[inline]
    pub(crate) fn parent_span_id(&self) -> [u8; 8] {
        self.head[PARENT_SPAN_ID].to_ne_bytes()
    }

    #[inline]
    pub(crate) fn start_time(&self) -> u64 {
        self.head[START_TIME]
    }

    #[inline]
    pub(crate) fn end_time(&self) -> u64 {
        match self.rows.first().map(Row::value) {
            Some(Slot::Int(end_time)) => end_time.cast_unsigned(),
            _ => 0,
        }
    }

    /// A text of its own begins where its texts do.
    #[inline]
    pub(crate) fn name(&self) -> Text {
        self.rows.first().map_or(Text::Constant(""), Row::key)
    }

    #[inline]
    pub(crate) fn dropped_attributes(&self) -> u32 {
        split(self.head[DROPPED_AND_FLAGS])[0]
    }

    #[inline]
    pub(crate) fn flags(&self) -> u32 {
        split(self.head[DROPPED_AND_FLAGS])[1]
    }

    #[inline]
    pub(crate) fn kind(&self) -> u8 {
        self.head[KINDS] as u8
    }

    #[inline]
    pub(crate) fn status_code(&self) -> u8 {
        (self.head[KINDS] >> 8) as u8
    }

    /// The origin's number in its block.
    #[inline]
    pub(crate) fn origin(&self) -> usize {
        (self.head[KINDS] >> 16) as usize
    }

    /// Its attributes. Their own texts are counted from the end of the other texts.
    #[inline]
    pub(crate) fn attributes(&self) -> &'a [Row] {
        self.rows.get(1..).unwrap_or_default()
    }

    /// Words before the texts of its own.
    #[inline]
    pub(crate) fn words_before_texts(&self) -> usize {
        HEAD + self.rows.len() * Row::WORDS
    }

    /// Bytes that its texts take, those of attributes included, constants or not.
    #[inline]
    pub(crate) fn text_size(&self) -> usize {
        self.texts.len() + self.constant_size()
    }

    /// Bytes of its constants, which are not among its words.
    #[inline]
    pub(crate) fn constant_size(&self) -> usize {
        self.rows.iter().map(Row::constant_bytes).sum()
    }

    /// All texts of its own: name, trace state, status message, and those of attributes.
    #[inline]
    pub(crate) fn texts(&self) -> &'a str {
        self.texts
    }

    /// Bytes of an own name, of the trace state and of the status message.
    #[inline]
    pub(crate) fn text_lengths(&self) -> [u32; 3] {
        let own_name = match self.name() {
            Text::Own { len, .. } => len,
            Text::Constant(_) => 0,
        };
        let [trace_state, message] = split(self.head[TEXTS]);
        [own_name, trace_state, message]
    }
}

#[inline]
fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

#[inline]
fn split(word: u64) -> [u32; 2] {
    [word as u32, (word >> 32) as u32]
}

#[inline]
fn halves(id: [u8; 16]) -> [u64; 2] {
    let both = u128::from_le_bytes(id);
    [both as u64, (both >> 64) as u64]
}
