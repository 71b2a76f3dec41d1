//! How many rows columns have or will have: what a scan counts, so that memory is bounded before it is taken and taken
//! only once.

use super::{
    AttributeTable, Columns, ColumnsBuilder, EventRows, NestedRows, Owner, ResourceRows, ScopeRows, SpanEventRows,
    SpanLinkRows, SpanRows,
};

/// Rows per table and bytes per arena. Every count is below 2^32 because what is counted came in below 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the tables")]
pub struct Counts {
    pub text: u32,
    pub bytes: u32,
    pub spans: u32,
    pub span_events: u32,
    pub span_links: u32,
    pub events: u32,
    pub scopes: u32,
    pub resources: u32,
    pub attributes: [u32; Owner::COUNT],
    pub nested: u32,
}

/// What a row takes whose owner has attributes: its share of the prefix sums comes on top.
const fn owner_size(row_size: usize) -> u64 {
    (row_size + size_of::<u32>()) as u64
}

impl Counts {
    /// What columns with these counts take: equal to [`ColumnsBuilder::size`] of columns that have them.
    pub fn size(&self) -> u64 {
        let attributes: u64 = self.attributes.iter().map(|count| u64::from(*count)).sum();
        u64::from(self.text)
            + u64::from(self.bytes)
            + u64::from(self.spans) * owner_size(SpanRows::ROW_SIZE)
            + u64::from(self.span_events) * owner_size(SpanEventRows::ROW_SIZE)
            + u64::from(self.span_links) * owner_size(SpanLinkRows::ROW_SIZE)
            + u64::from(self.events) * owner_size(EventRows::ROW_SIZE)
            + u64::from(self.scopes) * owner_size(ScopeRows::ROW_SIZE)
            + u64::from(self.resources) * owner_size(ResourceRows::ROW_SIZE)
            + (attributes + u64::from(self.nested)) * NestedRows::ROW_SIZE as u64
    }

    /// Each count combined with the other's, saturating.
    fn map(mut self, mut each: impl FnMut(u32, u32) -> u32, other: &Self) -> Self {
        let pairs = [
            (&mut self.text, other.text),
            (&mut self.bytes, other.bytes),
            (&mut self.spans, other.spans),
            (&mut self.span_events, other.span_events),
            (&mut self.span_links, other.span_links),
            (&mut self.events, other.events),
            (&mut self.scopes, other.scopes),
            (&mut self.resources, other.resources),
            (&mut self.nested, other.nested),
        ];
        for (count, other) in pairs.into_iter().chain(self.attributes.iter_mut().zip(other.attributes)) {
            *count = each(*count, other);
        }
        self
    }

    /// The sum, saturating.
    pub fn plus(self, other: &Self) -> Self {
        self.map(u32::saturating_add, other)
    }

    /// A guess for a part of the rows: each count times `part / whole`, rounded up.
    pub fn scaled(self, part: u32, whole: u32) -> Self {
        let whole = u64::from(whole.max(1));
        let part = u64::from(part).min(whole);
        self.map(|count, _| (u64::from(count) * part).div_ceil(whole) as u32, &Self::default())
    }
}

impl ColumnsBuilder {
    /// Empty columns with room for these counts.
    pub fn with_capacity(counts: &Counts) -> Self {
        let mut columns = Self::default();
        columns.reserve(counts);
        columns
    }

    /// Makes room for as many more rows and bytes.
    pub fn reserve(&mut self, counts: &Counts) {
        self.text.reserve(counts.text as usize);
        self.bytes.reserve(counts.bytes as usize);
        self.spans.reserve(counts.spans as usize);
        self.span_events.reserve(counts.span_events as usize);
        self.span_links.reserve(counts.span_links as usize);
        self.events.reserve(counts.events as usize);
        self.scopes.reserve(counts.scopes as usize);
        self.resources.reserve(counts.resources as usize);
        self.nested.reserve(counts.nested as usize);
        let owners =
            [counts.spans, counts.span_events, counts.span_links, counts.scopes, counts.resources, counts.events];
        for ((table, count), owners) in self.attributes.iter_mut().zip(counts.attributes).zip(owners) {
            table.end.reserve(owners as usize);
            table.key.reserve(2 * count as usize);
            table.kind.reserve(count as usize);
            table.value.reserve(2 * count as usize);
        }
    }
}

impl Columns {
    /// Bytes in use by rows and arenas.
    pub fn size(&self) -> usize {
        self.text.len()
            + self.bytes.len()
            + self.spans.size()
            + self.span_events.size()
            + self.span_links.size()
            + self.events.size()
            + self.scopes.size()
            + self.resources.size()
            + self.attributes.iter().map(AttributeTable::size).sum::<usize>()
            + self.nested.size()
    }

    /// The columns as columns that grow, copied.
    pub fn thaw(&self) -> ColumnsBuilder {
        ColumnsBuilder {
            text: self.text.to_string(),
            bytes: self.bytes.to_vec(),
            spans: self.spans.thaw(),
            span_events: self.span_events.thaw(),
            span_links: self.span_links.thaw(),
            events: self.events.thaw(),
            scopes: self.scopes.thaw(),
            resources: self.resources.thaw(),
            attributes: self.attributes.each_ref().map(AttributeTable::thaw),
            nested: self.nested.thaw(),
        }
    }

    /// Number of spans.
    pub fn span_count(&self) -> usize {
        self.spans.scope.len()
    }

    /// Number of rows of the events signal.
    pub fn event_count(&self) -> usize {
        self.events.scope.len()
    }
}
