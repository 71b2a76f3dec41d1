//! How much memory this process has, as the kernel sees it.

use std::fs;

const MEBIBYTE: u64 = 1 << 20;

/// Resident now.
pub(crate) fn resident() -> u64 {
    field("VmRSS:")
}

/// The most that was resident since [`forget_peak`].
pub(crate) fn peak() -> u64 {
    field("VmHWM:")
}

/// Starts a new peak. Where the kernel does not let it, the old one stays.
pub(crate) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Bytes, in whole and tenth mebibytes.
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MEBIBYTE as f64
}

fn field(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
    kibibytes * 1024
}
