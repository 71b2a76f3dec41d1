//! Cutting what is too large into pieces that are not.
//!
//! Constraints: a piece is made when it is asked for, so that whoever cuts can keep or drop each before the next is made;
//! whatever the limits, the pieces of one whole have at most [`MAX_REPEATED_BYTES`] more than the whole.
//!
//! The second takes care of itself where rows are large. Where they are small, each piece repeats what is around them (a
//! resource, a scope), and small limits would make hundreds of times the whole of it.

use std::{ops::Range, sync::Arc};

use crate::{
    batch::{Batch, Origin},
    otlp,
};

/// What all pieces of one whole may repeat of it, bytes. It suffices for a request of as many rows as a receiver takes,
/// with as much around them as a scan lets pass, cut to the batches of the default. Beyond it pieces become longer than
/// they should: a limit on rows that is so small holds only where little is repeated.
pub(crate) const MAX_REPEATED_BYTES: usize = 32 << 20;

/// Rows that can be cut.
pub(crate) trait Rows: Sized {
    fn rows(&self) -> u32;
    fn bytes(&self) -> usize;
    /// The most bytes around a row: a piece that has the row has them too.
    fn most_surroundings(&self) -> usize;
    /// The most bytes that a row adds to a piece whose last row is `last`, or that has none.
    fn added_bytes(&self, row: u32, last: Option<u32>) -> usize;
    fn cut(&self, rows: Range<u32>) -> Self;
    /// The same, in a form that can be cut again and again.
    fn into_divisible(self) -> Self {
        self
    }
}

impl Rows for otlp::Request {
    fn rows(&self) -> u32 {
        self.rows()
    }

    fn bytes(&self) -> usize {
        self.size()
    }

    fn most_surroundings(&self) -> usize {
        self.most_surroundings()
    }

    fn added_bytes(&self, row: u32, last: Option<u32>) -> usize {
        self.added_size(row, last)
    }

    fn cut(&self, rows: Range<u32>) -> Self {
        self.slice(rows)
    }
}

impl Rows for Batch {
    fn rows(&self) -> u32 {
        self.len()
    }

    fn bytes(&self) -> usize {
        self.size()
    }

    fn most_surroundings(&self) -> usize {
        match self.origin() {
            Origin::Recorded(columns) => columns.most_surroundings(),
            Origin::Received(request) => request.most_surroundings(),
        }
    }

    fn added_bytes(&self, row: u32, last: Option<u32>) -> usize {
        match self.origin() {
            Origin::Recorded(columns) => columns.added_size(self.signal(), row, last),
            Origin::Received(request) => request.added_size(row, last),
        }
    }

    fn cut(&self, rows: Range<u32>) -> Self {
        self.slice(rows)
    }
}

impl Rows for Arc<Batch> {
    fn rows(&self) -> u32 {
        self.len()
    }

    fn bytes(&self) -> usize {
        self.size()
    }

    fn most_surroundings(&self) -> usize {
        Rows::most_surroundings(&**self)
    }

    fn added_bytes(&self, row: u32, last: Option<u32>) -> usize {
        Rows::added_bytes(&**self, row, last)
    }

    fn cut(&self, rows: Range<u32>) -> Self {
        if rows == (0..self.len()) { self.clone() } else { Self::new(self.slice(rows)) }
    }

    fn into_divisible(self) -> Self {
        match self.as_columns() {
            Some(batch) => Self::new(batch),
            None => self,
        }
    }
}

/// The pieces of a whole in order, each made when it is asked for.
///
/// A piece is within both limits, but that a single row may have more bytes, and that there are no more pieces than may
/// repeat what is around their rows.
pub(crate) struct Pieces<T> {
    whole: T,
    /// The first row that is in no piece yet.
    next: u32,
    limits: Option<Limits>,
}

/// None of a whole that is one piece.
#[derive(Clone, Copy)]
struct Limits {
    min_rows: u32,
    max_rows: u32,
    max_bytes: usize,
}

impl<T: Rows> Pieces<T> {
    pub(crate) fn new(whole: T, max_rows: u32, max_bytes: usize) -> Self {
        let is_whole = whole.rows() <= max_rows.max(1) && whole.bytes() <= max_bytes;
        let whole = if is_whole { whole } else { whole.into_divisible() };
        let limits = (!is_whole).then(|| {
            let pieces = MAX_REPEATED_BYTES / whole.most_surroundings().max(1);
            let min_rows = whole.rows().div_ceil(u32::try_from(pieces).unwrap_or(u32::MAX).max(1));
            Limits { min_rows, max_rows: max_rows.max(min_rows).max(1), max_bytes }
        });
        Self { whole, next: 0, limits }
    }

    /// The latest piece and what is in none yet, as one.
    pub(crate) fn rest_with(&self, latest: &T) -> T {
        self.whole.cut(self.next.saturating_sub(latest.rows())..self.whole.rows())
    }

    /// Where the next piece ends.
    fn end(&self) -> u32 {
        let Some(Limits { min_rows, max_rows, max_bytes }) = self.limits else { return self.whole.rows() };
        let start = self.next;
        let (mut end, mut bytes) = (start, 0usize);
        while end < self.whole.rows().min(start.saturating_add(max_rows)) {
            let last = (end > start).then(|| end - 1);
            bytes = bytes.saturating_add(self.whole.added_bytes(end, last));
            if bytes > max_bytes && last.is_some() && end - start >= min_rows {
                break;
            }
            end += 1;
        }
        end
    }
}

impl<T: Rows> Iterator for Pieces<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        if self.next >= self.whole.rows() {
            return None;
        }
        let rows = self.next..self.end();
        self.next = rows.end;
        Some(self.whole.cut(rows))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;

    /// Rows of these sizes, and what is around each of them.
    #[derive(Clone, Debug, PartialEq)]
    struct Sizes {
        rows: Vec<usize>,
        around: usize,
        cuts: Cell<u32>,
    }

    impl Sizes {
        fn new(rows: Vec<usize>, around: usize) -> Self {
            Self { rows, around, cuts: Cell::new(0) }
        }
    }

    impl Rows for Sizes {
        fn rows(&self) -> u32 {
            self.rows.len() as u32
        }
        fn bytes(&self) -> usize {
            self.around + self.rows.iter().sum::<usize>()
        }
        fn most_surroundings(&self) -> usize {
            self.around
        }
        fn added_bytes(&self, row: u32, last: Option<u32>) -> usize {
            self.rows[row as usize] + if last.is_none() { self.around } else { 0 }
        }
        fn cut(&self, rows: Range<u32>) -> Self {
            self.cuts.set(self.cuts.get() + 1);
            Self::new(self.rows[rows.start as usize..rows.end as usize].to_vec(), self.around)
        }
    }

    #[test]
    fn rows_alone_are_cut_into_full_pieces_and_a_rest() {
        let lens: Vec<_> = Pieces::new(Sizes::new(vec![1; 1_100], 0), 512, 10_000).map(|piece| piece.rows()).collect();
        assert_eq!(lens, [512, 512, 76]);
    }

    #[test]
    fn a_piece_is_made_when_it_is_asked_for_and_the_rest_is_what_is_left() {
        let mut pieces = Pieces::new(Sizes::new((0..10).collect(), 0), 4, 100);
        assert_eq!(pieces.next().map(|piece| piece.rows), Some(vec![0, 1, 2, 3]));
        assert_eq!(pieces.whole.cuts.get(), 1);
        let second = pieces.next().expect("a second piece");
        assert_eq!(pieces.rest_with(&second).rows, [4, 5, 6, 7, 8, 9]);
        assert_eq!(pieces.by_ref().count(), 1);
    }

    #[test]
    fn small_limits_do_not_multiply_what_is_around_the_rows() {
        for (max_rows, max_bytes) in [(1, usize::MAX), (u32::MAX, 1), (1, 1)] {
            let whole = Sizes::new(vec![30; 65_536], 256 << 10);
            let bytes = whole.bytes();
            let pieces: Vec<_> = Pieces::new(whole, max_rows, max_bytes).collect();
            let sum: usize = pieces.iter().map(Rows::bytes).sum();
            assert!(sum <= bytes + MAX_REPEATED_BYTES, "{sum}");
            assert_eq!(pieces.len(), 128);
        }
        // Where little is repeated they hold.
        assert_eq!(Pieces::new(Sizes::new(vec![30; 512], 16 << 10), 1, 1).count(), 512);
    }

    proptest! {
        #[test]
        fn pieces_are_in_order_complete_and_within_the_limits(
            sizes in prop::collection::vec(0usize..100, 1..200), around in 0usize..100,
            max_rows in 0u32..50, max_bytes in 0usize..500,
        ) {
            let pieces: Vec<_> = Pieces::new(Sizes::new(sizes.clone(), around), max_rows, max_bytes).collect();
            for piece in &pieces {
                prop_assert!(piece.rows() > 0 && piece.rows() <= max_rows.max(1));
                prop_assert!(piece.bytes() <= max_bytes || piece.rows() == 1);
            }
            prop_assert_eq!(pieces.into_iter().flat_map(|piece| piece.rows).collect::<Vec<_>>(), sizes);
        }

        #[test]
        fn pieces_have_little_more_than_the_whole_whatever_the_limits(
            sizes in prop::collection::vec(0usize..1_000, 1..300), around in 0usize..40 << 20,
            max_rows in 0u32..300, max_bytes in 0usize..1 << 20,
        ) {
            let whole = Sizes::new(sizes, around);
            let bytes = whole.bytes();
            let sum: usize = Pieces::new(whole, max_rows, max_bytes).map(|piece| piece.bytes()).sum();
            prop_assert!(sum <= bytes + MAX_REPEATED_BYTES, "{} for {}", sum, bytes);
        }
    }
}
