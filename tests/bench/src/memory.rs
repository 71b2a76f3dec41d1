//! Resident memory of this process.

use std::fs;

use anyhow::Context;

/// In bytes, by proc_pid_status(5).
///
/// # Errors
/// Where there is no such file.
pub(crate) fn resident_bytes() -> anyhow::Result<u64> {
    field("VmRSS:")
}

/// The most there has been, in bytes.
///
/// # Errors
/// Where there is no such file.
pub(crate) fn peak_resident_bytes() -> anyhow::Result<u64> {
    field("VmHWM:")
}

fn field(name: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_is_resident_and_remembered() {
        const BYTES: u64 = 64 << 20;
        let touched = std::hint::black_box(vec![1_u8; BYTES as usize]);
        // Whatever else there is in this process comes on top.
        assert!(resident_bytes().unwrap() >= BYTES);
        drop(touched);
        assert!(peak_resident_bytes().unwrap() >= BYTES);
    }
}
