//! Rows of one signal that were taken in together.

use super::{
    flat::FlatSpans,
    open_chunk::{FullChunk, OpenChunk},
    records::Records,
};
use crate::{batcher::Piece, columns::ColumnsBuilder, signal::Signal};

/// Rows of one signal, with their scopes and resources.
#[derive(Debug)]
pub struct Chunk {
    /// What the rows are.
    pub signal: Signal,
    /// The rows, but for those that are kept as they were recorded.
    pub columns: ColumnsBuilder,
    /// The rows as they were recorded, if that was asked for: see [`super::Intake::keep_records`].
    pub records: Option<Records>,
    /// How many.
    pub rows: u32,
    /// Bytes they take, or were estimated to take before they were split.
    pub bytes: usize,
}

impl Chunk {
    /// The rows, for a batcher.
    pub fn into_piece(self) -> Piece {
        match self.records {
            Some(records) => Piece::Records(records),
            None => Piece::Recorded(self.columns),
        }
    }

    /// Spans as they were recorded.
    pub(super) fn of_records(records: Records) -> Self {
        let (rows, bytes) = (records.len() as u32, records.size());
        Self { signal: Signal::Spans, columns: ColumnsBuilder::default(), records: Some(records), rows, bytes }
    }

    /// What was taken over from elsewhere.
    pub(super) fn of_spans(open: OpenChunk) -> Self {
        let rows = open.rows();
        let columns = open.into_columns();
        Self { signal: Signal::Spans, bytes: columns.size(), columns, records: None, rows }
    }

    /// The rows of a full chunk, and memory for the spans of another.
    pub(super) fn of_full(full: FullChunk) -> (Self, Option<FlatSpans>) {
        let (signal, rows, bytes) = (full.signal, full.rows, full.bytes);
        let (columns, spare) = full.split();
        (Self { signal, columns, records: None, rows, bytes }, spare)
    }
}
