//! An OTLP request that was scanned: its bytes and an index, immutable and cheap to clone.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;

use super::decode;
use super::fields::log_record;
use super::index::{ByteRange, Index, NO_TRACE_ID};
use super::wire::{Message, Reader};
use crate::{columns::Columns, signal::Signal};

/// An OTLP request as bytes, ExportTraceServiceRequest or ExportLogsServiceRequest. The bytes hold exactly the indexed
/// rows: taking rows out copies theirs, so a small selection does not keep a large request in memory.
#[derive(Clone, Debug)]
pub struct Request {
    signal: Signal,
    bytes: Bytes,
    index: Arc<Index>,
}

impl Request {
    pub(super) fn new(signal: Signal, bytes: Bytes, index: Index) -> Self {
        Self { signal, bytes, index: Arc::new(index) }
    }

    pub(super) fn index(&self) -> &Index {
        &self.index
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the rows are.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Number of rows; zero if no row of the received request was valid.
    pub fn rows(&self) -> u32 {
        self.index.rows.len() as u32
    }

    /// The request's bytes.
    pub fn otlp(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Bytes that the request keeps in memory: its own and those of the index.
    pub fn size(&self) -> usize {
        self.bytes.len() + self.index.size()
    }

    /// 16 bytes, or none if the row has no trace id or does not exist.
    pub fn trace_id(&self, row: u32) -> &[u8] {
        let start = self.index.rows.get(row as usize).map_or(NO_TRACE_ID, |row| row.trace_id) as usize;
        self.bytes.get(start..start.saturating_add(16)).unwrap_or_default()
    }

    /// The name of an event, read where it lies; empty if the row does not exist or is no event.
    pub fn event_name(&self, row: u32) -> &str {
        let body = self.index.rows.get(row as usize).filter(|_| self.signal == Signal::Events).map(|row| row.body);
        let name = body.and_then(|body| last_field(&self.bytes, body, log_record::EVENT_NAME));
        name.and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
    }

    /// The rows of a range, as far as they exist.
    pub fn slice(&self, rows: Range<u32>) -> Self {
        let rows: Vec<u32> = (rows.start..rows.end.min(self.rows())).collect();
        self.select(&rows)
    }

    /// The rows whose trace id is kept. Rows without a trace id are asked about with an empty one.
    pub fn sample(&self, mut is_kept: impl FnMut(&[u8]) -> bool) -> Self {
        let rows: Vec<u32> = (0..self.rows()).filter(|row| is_kept(self.trace_id(*row))).collect();
        self.select(&rows)
    }

    /// The most bytes around a row: the fields of its scope, its resource and the request that are not rows. Every part of
    /// the request that has the row has them too.
    pub fn most_surroundings(&self) -> usize {
        self.index.surroundings().max().unwrap_or(0)
    }

    /// The rows as columns.
    pub fn decode(&self) -> Columns {
        decode::decode(self.signal, &self.bytes, &self.index)
    }
}

/// The value of a field that may occur once, of which protobuf takes the last.
fn last_field(bytes: &[u8], message: ByteRange, field: u32) -> Option<&[u8]> {
    let mut r = Reader::new(bytes, message.start as usize, message.end as usize, Message::LogRecord);
    let mut found = None;
    // The message was scanned: nothing in it can be malformed.
    while let Ok(Some(tag)) = r.tag() {
        if tag == field {
            found = r.bytes().ok();
        } else if r.skip(tag, 0).is_err() {
            break;
        }
    }
    found
}
