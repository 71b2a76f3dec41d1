//! Decompression in memory, cut at a limit while it goes on.

mod gzip;
mod inflated;
mod zstd;

pub(super) use gzip::gzip;
pub(super) use zstd::zstd;
