//! Cutting what is too large into pieces that are not.

use std::{ops::Range, sync::Arc};

use crate::{batch::Batch, otlp};

/// Rows that can be cut.
pub(crate) trait Rows: Sized {
    fn rows(&self) -> u32;
    fn bytes(&self) -> usize;
    fn cut(&self, rows: Range<u32>) -> Self;
}

impl Rows for otlp::Request {
    fn rows(&self) -> u32 {
        self.rows()
    }

    fn bytes(&self) -> usize {
        self.size()
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

    fn cut(&self, rows: Range<u32>) -> Self {
        Self::new(self.slice(rows))
    }
}

/// Pieces in order, each within both limits; a single row may be larger than `max_bytes`.
pub(crate) fn split<T: Rows>(whole: T, max_rows: u32, max_bytes: usize) -> Vec<T> {
    let mut pieces = Vec::new();
    split_into(&mut pieces, whole, max_rows.max(1), max_bytes);
    pieces
}

fn split_into<T: Rows>(pieces: &mut Vec<T>, whole: T, max_rows: u32, max_bytes: usize) {
    let (rows, bytes) = (whole.rows(), whole.bytes());
    if rows <= 1 || (rows <= max_rows && bytes <= max_bytes) {
        pieces.push(whole);
        return;
    }
    let step = if bytes <= max_bytes {
        max_rows
    } else {
        // As if all rows were of one size. Where they are not, a piece is cut again, so it has to be smaller.
        let by_bytes = u128::from(rows) * max_bytes as u128 / bytes as u128;
        u32::try_from(by_bytes).unwrap_or(u32::MAX).clamp(1, max_rows.min(rows - 1))
    };
    let mut start = 0;
    while start < rows {
        let end = start.saturating_add(step).min(rows);
        split_into(pieces, whole.cut(start..end), max_rows, max_bytes);
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Rows of these sizes.
    #[derive(Clone, Debug, PartialEq)]
    struct Sizes(Vec<usize>);

    impl Rows for Sizes {
        fn rows(&self) -> u32 {
            self.0.len() as u32
        }
        fn bytes(&self) -> usize {
            self.0.iter().sum()
        }
        fn cut(&self, rows: Range<u32>) -> Self {
            Self(self.0[rows.start as usize..rows.end as usize].to_vec())
        }
    }

    #[test]
    fn rows_alone_are_cut_into_full_pieces_and_a_rest() {
        let lens: Vec<_> = split(Sizes(vec![1; 1_100]), 512, 10_000).iter().map(Rows::rows).collect();
        assert_eq!(lens, [512, 512, 76]);
    }

    proptest! {
        #[test]
        fn pieces_are_in_order_complete_and_within_the_limits(
            sizes in prop::collection::vec(0usize..100, 1..200), max_rows in 0u32..50, max_bytes in 0usize..500
        ) {
            let pieces = split(Sizes(sizes.clone()), max_rows, max_bytes);
            for piece in &pieces {
                prop_assert!(piece.rows() <= max_rows.max(1));
                prop_assert!(piece.bytes() <= max_bytes || piece.rows() == 1);
            }
            prop_assert_eq!(pieces.into_iter().flat_map(|piece| piece.0).collect::<Vec<_>>(), sizes);
        }
    }
}
