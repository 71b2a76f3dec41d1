//! Flags of a trace.

/// W3C trace flags. Only `SAMPLED` has a meaning here; test it by mask, never by equality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TraceFlags(pub u8);

impl TraceFlags {
    /// Nothing set.
    pub const NONE: Self = Self(0);

    /// The trace is recorded and exported.
    pub const SAMPLED: Self = Self(1);

    /// Whether the trace is recorded and exported.
    pub fn is_sampled(self) -> bool {
        self.0 & Self::SAMPLED.0 != 0
    }
}
