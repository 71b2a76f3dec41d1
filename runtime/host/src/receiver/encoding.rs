//! How a body may be compressed.

/// A content coding, named alike by HTTP and gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// The encodings that are served, as errors name them.
    pub(super) const SERVED: &str = "gzip, zstd and identity";

    /// The encoding of this name, of any case; identity if there is none.
    pub(super) fn of(name: &str) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        match () {
            () if name.is_empty() || is("identity") => Some(Self::Identity),
            () if is("gzip") => Some(Self::Gzip),
            () if is("zstd") => Some(Self::Zstd),
            () => None,
        }
    }
}
