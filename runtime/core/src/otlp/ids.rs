//! Whether ids are valid, `opentelemetry/proto/trace/v1/trace.proto`: 16 or 8 bytes, not all zero.

use std::fmt;

/// Why an id is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidId {
    field: &'static str,
    found: usize,
    allowed: usize,
    is_optional: bool,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, found, allowed, is_optional } = self;
        if found == allowed {
            return write!(f, "{field} is all zero");
        }
        let or_none = if *is_optional { " or none" } else { "" };
        write!(f, "{field} has {found} bytes, it must have {allowed}{or_none}")
    }
}

/// An id that must be there.
#[inline]
pub(super) fn check(field: &'static str, id: &[u8], allowed: usize) -> Result<(), InvalidId> {
    if id.len() == allowed && id.iter().any(|byte| *byte != 0) {
        return Ok(());
    }
    Err(InvalidId { field, found: id.len(), allowed, is_optional: false })
}

/// An id that may be missing: empty or all zero.
#[inline]
pub(super) fn check_optional(field: &'static str, id: &[u8], allowed: usize) -> Result<(), InvalidId> {
    if id.is_empty() || id.len() == allowed {
        return Ok(());
    }
    Err(InvalidId { field, found: id.len(), allowed, is_optional: true })
}
