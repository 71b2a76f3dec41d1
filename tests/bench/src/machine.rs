//! Where a table was measured, as far as it can be told.

use std::{fs, thread};

/// One line: processor, number of processors, load.
pub(crate) fn describe() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    let count = thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
    let profile = if cfg!(debug_assertions) { "not optimised: figures mean nothing" } else { "optimised" };
    let model = model.unwrap_or_else(|| "unknown processor".to_owned());
    format!("{model}, processors: {count}, load: {load}, {profile}")
}
