//! Spans in the words in which they were recorded.
//!
//! Constraints: made by the collector in one copy; whatever reads rows gets columns, made when it asks.
//!
//! Design: who sends a batch as OTLP needs no columns. Their text, keys and values would be written and read once more
//! on the way, by threads whose caches are cold.

use std::sync::Arc;

use super::{lane::Record, open_chunk::OpenChunk, split::GROUP};
use crate::{
    columns::{Columns, ColumnsBuilder},
    scope::Origin,
};

/// Spans of a chunk in the words in which they were recorded, one behind the other.
#[derive(Default)]
pub struct Records {
    words: Vec<u64>,
    /// The word with which each span begins.
    starts: Vec<u32>,
    /// What the spans' numbers of origins mean.
    origins: Vec<Arc<Origin>>,
    attributes: usize,
    /// Bytes of constants, which whoever reads the spans gets with each of them.
    constant_bytes: usize,
}

impl Records {
    /// # Safety
    /// At each of `starts` there is a span in `words` as [`Record`] reads it, with the number of one of `origins`.
    #[expect(unsafe_code, reason = "words that are no spans are not to be read as such")]
    pub(super) unsafe fn new(words: Vec<u64>, starts: Vec<u32>, origins: Vec<Arc<Origin>>, attributes: usize) -> Self {
        let records = Self { words, starts, origins, attributes, constant_bytes: 0 };
        let constant_bytes = records.iter().map(|record| record.constant_size()).sum();
        Self { constant_bytes, ..records }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Bytes they take, with constants, whose memory is not theirs, so that limits of a request hold.
    pub(crate) fn size(&self) -> usize {
        let origins: usize = self.origins.iter().map(|origin| origin.size()).sum();
        size_of_val(&*self.words) + size_of_val(&*self.starts) + origins + self.constant_bytes
    }

    /// Each span, with the place of its own texts in [`Self::bytes`].
    #[inline]
    pub(crate) fn get(&self, row: usize) -> Option<(Record<'_>, usize)> {
        let start = *self.starts.get(row)? as usize;
        let words = self.words.get(start..)?;
        // SAFETY: here a span begins, see `new`.
        #[expect(unsafe_code, reason = "see `new`")]
        let (record, _) = unsafe { Record::read(words) }?;
        Some((record, (start + record.words_before_texts()) * size_of::<u64>()))
    }

    /// Each span, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Record<'_>> {
        (0..self.len()).filter_map(|row| self.get(row)).map(|(record, _)| record)
    }

    /// All words, as bytes.
    #[expect(unsafe_code, reason = "words as bytes")]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: every byte of a number is initialised, and bytes are aligned everywhere.
        unsafe { std::slice::from_raw_parts(self.words.as_ptr().cast(), size_of_val(&*self.words)) }
    }

    /// The origins alone, as resource and scope tables: the number of an origin is the row of its scope.
    pub(crate) fn surroundings(&self) -> Columns {
        self.begin().into_columns().freeze()
    }

    /// As columns.
    pub(crate) fn columns(&self) -> Columns {
        self.split().freeze()
    }

    /// As columns to which more can be added.
    pub(crate) fn into_columns(self) -> ColumnsBuilder {
        self.split()
    }

    fn split(&self) -> ColumnsBuilder {
        let mut chunk = self.begin();
        chunk.reserve(self.len(), self.attributes);
        let mut group = Vec::with_capacity(GROUP);
        for record in self.iter() {
            if let Some(origin) = self.origins.get(record.origin()) {
                group.push(chunk.place(record, origin));
            }
            if group.len() == GROUP {
                chunk.push_group(&group);
                group.clear();
            }
        }
        chunk.push_group(&group);
        chunk.into_columns()
    }

    fn begin(&self) -> OpenChunk {
        let mut chunk = OpenChunk::default();
        for origin in &self.origins {
            chunk.scope_row(origin);
        }
        chunk
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("len", &self.len()).field("origins", &self.origins).finish_non_exhaustive()
    }
}
