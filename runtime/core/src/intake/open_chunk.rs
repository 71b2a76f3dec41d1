//! A chunk while it is written, and until its spans are split.

use std::sync::Arc;

use super::{
    constants::Constants,
    flat::FlatSpans,
    lane::Record,
    rows::RowWriter,
    split::{Placed, reserve, split, split_records},
};
use crate::{columns::ColumnsBuilder, event::EventData, scope::Origin, signal::Signal, span::SpanData};

/// A chunk that is being written.
#[derive(Default)]
pub(super) struct OpenChunk {
    flat: FlatSpans,
    columns: ColumnsBuilder,
    constants: Constants,
    /// Row `i` of the scope table is of origin `i`; with its row in the resource table.
    origins: Vec<(Arc<Origin>, u32)>,
    rows: u32,
    bytes: usize,
}

impl OpenChunk {
    pub(super) fn rows(&self) -> u32 {
        self.rows
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that a row of this size takes here.
    #[inline]
    pub(super) fn cost(&self, row_bytes: usize, origin: &Arc<Origin>) -> usize {
        if self.find(origin).is_some() { row_bytes } else { row_bytes + origin.size() }
    }

    #[inline]
    pub(super) fn push_span(&mut self, span: &SpanData, origin: &Arc<Origin>, cost: usize) {
        let scope = self.scope_row(origin);
        let mut writer = RowWriter { columns: &mut self.columns, constants: &mut self.constants };
        self.flat.push(span, scope, &mut writer);
        self.count(cost);
    }

    pub(super) fn push_event(&mut self, event: &EventData, origin: &Arc<Origin>, cost: usize) {
        let scope = self.scope_row(origin);
        self.writer().push_event(event, scope);
        self.count(cost);
    }

    /// A span that was written elsewhere, with its own texts in the arena and its scope.
    #[inline]
    pub(super) fn place<'a>(&mut self, record: Record<'a>, origin: &Arc<Origin>) -> Placed<'a> {
        let scope = self.scope_row(origin);
        self.rows += 1;
        Placed::new(record, scope, &mut self.columns.text)
    }

    /// Makes room for so many spans that were written elsewhere, and their attributes.
    pub(super) fn reserve(&mut self, spans: usize, attributes: usize) {
        reserve(spans, attributes, &mut self.columns);
    }

    /// Takes over spans that were placed.
    #[inline]
    pub(super) fn push_group(&mut self, group: &[Placed<'_>]) {
        split_records(group, &mut self.columns, &mut self.constants);
    }

    /// What was taken over.
    pub(super) fn into_columns(self) -> ColumnsBuilder {
        self.columns
    }

    /// The rows written; further ones begin a new chunk, for which as much memory is reserved as this one took.
    pub(super) fn finish(&mut self, signal: Signal, spare: Option<FlatSpans>) -> FullChunk {
        self.origins.clear();
        let (columns, origins) = (self.columns.same_capacity(), std::mem::take(&mut self.origins));
        let fresh =
            Self { columns, origins, flat: spare.unwrap_or_else(|| self.flat.same_capacity()), ..Self::default() };
        let Self { flat, columns, constants, rows, bytes, .. } = std::mem::replace(self, fresh);
        FullChunk { signal, columns, constants, flat, rows, bytes }
    }

    fn count(&mut self, cost: usize) {
        self.rows += 1;
        self.bytes += cost;
    }

    fn writer(&mut self) -> RowWriter<'_> {
        RowWriter { columns: &mut self.columns, constants: &mut self.constants }
    }

    /// The scope's row, written if it is not there; likewise the resource's.
    #[inline]
    pub(super) fn scope_row(&mut self, origin: &Arc<Origin>) -> u32 {
        if let Some(row) = self.find(origin) {
            return row;
        }
        let same = |(known, _): &&(Arc<Origin>, u32)| Arc::ptr_eq(&known.resource, &origin.resource);
        let resource = match self.origins.iter().find(same) {
            Some((_, row)) => *row,
            None => {
                let row = self.columns.resources.dropped_attributes.len() as u32;
                self.writer().push_resource(origin);
                row
            }
        };
        let row = self.origins.len() as u32;
        self.writer().push_scope(origin, resource);
        self.origins.push((origin.clone(), resource));
        row
    }

    #[inline]
    fn find(&self, origin: &Arc<Origin>) -> Option<u32> {
        self.origins.iter().position(|(known, _)| Arc::ptr_eq(known, origin)).map(|row| row as u32)
    }
}

/// A chunk whose spans are not split into columns yet.
pub(super) struct FullChunk {
    pub(super) signal: Signal,
    columns: ColumnsBuilder,
    constants: Constants,
    flat: FlatSpans,
    pub(super) rows: u32,
    pub(super) bytes: usize,
}

impl FullChunk {
    /// Its columns, and memory for the spans of another.
    pub(super) fn split(mut self) -> (ColumnsBuilder, Option<FlatSpans>) {
        split(&self.flat, &mut self.columns, &mut self.constants);
        (self.columns, self.flat.cleared())
    }
}
