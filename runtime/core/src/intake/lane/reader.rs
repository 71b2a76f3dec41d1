//! The collector's side of a lane.
#![expect(unsafe_code, reason = "what was published is read without a lock")]

use std::{
    mem::replace,
    ops::Range,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use super::{
    block::Block,
    record::{END, Record, attributes_of, origin_of, set_origin, words_of},
};
use crate::{
    intake::{chunk::Chunk, open_chunk::OpenChunk, records::Records, shard::Shared, split::GROUP},
    scope::Origin,
};

/// How far the collector has read.
#[derive(Default)]
pub(super) struct Reader {
    block: Option<Arc<Block>>,
    at: usize,
    /// Spans before that place. It moves with the place, so that a reader that was interrupted goes on from where it is.
    pub(super) read: u64,
}

/// Spans that lie behind one another.
struct Part {
    block: Arc<Block>,
    words: Range<usize>,
    /// Whether there will be no more in this block.
    is_last: bool,
}

impl Reader {
    /// Stands at the first span of this block.
    pub(super) fn begin(&mut self, first: Arc<Block>) {
        (self.block, self.at) = (Some(first), 0);
    }

    /// Reads up to so many spans, and no more than a chunk.
    ///
    /// # Safety
    /// So many spans, and at least one, are published from where this reader stands.
    pub(super) unsafe fn read(&mut self, spans: u64, shared: &Shared) -> Chunk {
        // SAFETY: as for this function.
        let (parts, rows, attributes) = unsafe { self.find(spans, shared) };
        let chunk = match shared.keeps_records.load(Relaxed) {
            false => Self::split(&parts, rows, attributes),
            true => Chunk::of_records(Self::copy(&parts, rows, attributes)),
        };
        shared.rows.give_back(rows);
        for part in parts.into_iter().filter(|part| part.is_last) {
            shared.bytes.give_back(shared.blocks.bytes());
            shared.blocks.put_back(part.block);
        }
        chunk
    }

    /// Where the spans lie, and how many they and their attributes are.
    unsafe fn find(&mut self, spans: u64, shared: &Shared) -> (Vec<Part>, usize, usize) {
        let (mut parts, mut rows, mut attributes, mut bytes) = (Vec::new(), 0, 0, 0);
        let max_rows = usize::try_from(spans).unwrap_or(usize::MAX).min(shared.options.chunk_rows as usize).max(1);
        let Some(mut block) = self.block.take() else { return (parts, 0, 0) };
        let mut start = self.at;
        while rows == 0 || rows < max_rows && bytes < shared.options.chunk_bytes {
            // SAFETY: there are more spans. The next one begins here, or the block ends.
            let next = unsafe { block.published(self.at..self.at + 1) };
            match next {
                [first] if *first != END => {
                    let words = words_of(*first);
                    attributes += attributes_of(*first);
                    (self.at, rows, bytes) = (self.at + words, rows + 1, bytes + words * size_of::<u64>());
                }
                _ => {
                    // It is linked before anything in it is published.
                    let Some(next) = block.next.get().cloned() else { break };
                    let words = start..self.at;
                    parts.push(Part { block: replace(&mut block, next), words, is_last: true });
                    (start, self.at) = (0, 0);
                }
            }
        }
        parts.push(Part { block: block.clone(), words: start..self.at, is_last: false });
        self.block = Some(block);
        self.read += rows as u64;
        (parts, rows, attributes)
    }

    /// The spans as they are, in one piece.
    fn copy(parts: &[Part], rows: usize, attributes: usize) -> Records {
        let mut words = Vec::with_capacity(parts.iter().map(|part| part.words.len()).sum());
        let (mut starts, mut origins) = (Vec::with_capacity(rows), Vec::new());
        for part in parts {
            let mut at = words.len();
            // SAFETY: these are the words of spans that were published.
            words.extend_from_slice(unsafe { part.block.published(part.words.clone()) });
            while let Some(span) = words.get_mut(at..).filter(|span| !span.is_empty()) {
                // Numbers of origins are those of a block.
                let number = part.block.origin(origin_of(span)).map(|origin| number_among(&mut origins, origin));
                set_origin(span, number.unwrap_or_default());
                if number.is_some() {
                    starts.push(at as u32);
                }
                at += words_of(span[0]);
            }
        }
        // SAFETY: only spans are written to blocks, one behind the other, and these are copies of whole ones.
        unsafe { Records::new(words, starts, origins, attributes) }
    }

    fn split(parts: &[Part], rows: usize, attributes: usize) -> Chunk {
        let mut chunk = OpenChunk::default();
        chunk.reserve(rows, attributes);
        let mut group = Vec::with_capacity(GROUP);
        for Part { block, words, .. } in parts {
            // SAFETY: these are the words of spans that were published.
            let mut rest = unsafe { block.published(words.clone()) };
            // SAFETY: only spans are written there, one behind the other.
            while let Some((record, behind)) = unsafe { Record::read(rest) } {
                rest = behind;
                if let Some(origin) = block.origin(record.origin()) {
                    group.push(chunk.place(record, origin));
                }
                if group.len() == GROUP {
                    chunk.push_group(&group);
                    group.clear();
                }
            }
        }
        chunk.push_group(&group);
        Chunk::of_spans(chunk)
    }
}

/// The number of an origin, which gets one if it has none.
fn number_among(origins: &mut Vec<Arc<Origin>>, origin: &Arc<Origin>) -> usize {
    let known = origins.iter().position(|known| Arc::ptr_eq(known, origin));
    known.unwrap_or_else(|| {
        origins.push(origin.clone());
        origins.len() - 1
    })
}
