//! Reading columns row by row. Whatever a reference or a prefix sum says, nothing here panics: what does not exist reads
//! as empty.

use std::ops::Range;

use super::{AttributeTable, Columns, Owner};

/// One attribute or nested value, its texts still references.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttributeRow {
    /// Text reference, empty in arrays.
    pub key: [u32; 2],
    /// One of [`super::kind`].
    pub kind: u8,
    /// What the type makes of it.
    pub value: [u32; 2],
}

/// The rows that an owner has in a table, by the prefix sums of the table's owners.
#[inline]
pub fn owned(ends: &[u32], owner: usize) -> Range<usize> {
    let Some(end) = ends.get(owner) else { return 0..0 };
    let start = if owner == 0 { 0 } else { ends[owner - 1] };
    start as usize..*end as usize
}

impl Columns {
    /// The text of a reference.
    #[inline]
    pub fn text_at(&self, reference: [u32; 2]) -> &str {
        let start = reference[0] as usize;
        self.text.get(start..start + reference[1] as usize).unwrap_or_default()
    }

    /// The bytes of a reference into the byte arena.
    #[inline]
    pub fn bytes_at(&self, reference: [u32; 2]) -> &[u8] {
        let start = reference[0] as usize;
        self.bytes.get(start..start + reference[1] as usize).unwrap_or_default()
    }

    /// The attributes of one kind of owner.
    #[inline]
    pub fn attributes_of(&self, owner: Owner) -> &AttributeTable {
        &self.attributes[owner as usize]
    }

    /// A row of the nested table.
    #[inline]
    pub fn nested_row(&self, row: usize) -> AttributeRow {
        AttributeRow {
            key: super::pair(&self.nested.key, row),
            kind: self.nested.kind.get(row).copied().unwrap_or_default(),
            value: super::pair(&self.nested.value, row),
        }
    }

    /// The nested rows of an array or a key-value list.
    #[inline]
    pub fn elements(&self, value: [u32; 2]) -> Range<usize> {
        let rows = self.nested.kind.len();
        let start = (value[0] as usize).min(rows);
        start..(start + value[1] as usize).min(rows)
    }
}

impl AttributeTable {
    /// A row of the table.
    #[inline]
    pub fn row(&self, row: usize) -> AttributeRow {
        AttributeRow {
            key: super::pair(&self.key, row),
            kind: self.kind.get(row).copied().unwrap_or_default(),
            value: super::pair(&self.value, row),
        }
    }
}

/// The `N` bytes of a row's id, zero if the row does not exist.
#[inline]
pub fn id_at<const N: usize>(column: &[u8], row: usize) -> [u8; N] {
    column.get(row * N..).and_then(|rest| rest.first_chunk::<N>()).copied().unwrap_or([0; N])
}
