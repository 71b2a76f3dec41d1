//! Who has attributes.

/// Whose attributes a table holds. The order is that of `owner` in `wit/v0.1/batch.wit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Owner {
    Span,
    SpanEvent,
    SpanLink,
    Scope,
    Resource,
    Event,
}

impl Owner {
    /// How many kinds of owner there are.
    pub const COUNT: usize = 6;
}
