//! What exporters cost that have nothing to do: memory of the process, once their instances have been dropped.

use std::{fs, thread, time::Duration};

use anyhow::Context;
use spangate::Runtime;

use crate::case::{Case, Figure, Group};

const EXPORTERS: usize = 1_000;
/// When instances go that have nothing to do, and long after that.
const IDLE: (&str, Duration) = ("100ms", Duration::from_millis(1_500));

/// All groups.
///
/// # Errors
/// If the system gives no folder.
pub(crate) fn groups() -> anyhow::Result<Vec<Group>> {
    let cache = tempfile::tempdir()?;
    let figures = [
        Figure::new("resident memory, more than with one", "MiB").target("<= 64 MiB"),
        Figure::new("CPU of all while idle", "% of a core"),
    ];
    let case = Case::many(figures, move |_| {
        let cache = cache.path().join("spangate").display().to_string();
        let _one = start(&cache, 1)?;
        thread::sleep(IDLE.1);
        let before = resident()?;
        let _all = start(&cache, EXPORTERS)?;
        thread::sleep(IDLE.1);
        let (after, used) = (resident()?, spangate_tests::cpu_of_threads("spangate-"));
        thread::sleep(IDLE.1);
        let idle = spangate_tests::cpu_of_threads("spangate-").saturating_sub(used);
        Ok(vec![after - before, idle.as_secs_f64() / IDLE.1.as_secs_f64() * 100.0])
    });
    Ok(vec![Group { title: "1,000 exporters that have nothing to do", cases: vec![case] }])
}

fn start(cache: &str, exporters: usize) -> anyhow::Result<Runtime> {
    let mut toml = format!("[sandbox]\ncache_dir = {cache:?}\nidle_timeout = {:?}\n", IDLE.0);
    for number in 0..exporters {
        toml += &format!("[exporters.idle{number}]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n");
    }
    Ok(Runtime::from_toml(toml).builtins(spangate_builtin::component).start()?)
}

/// In MiB, by proc_pid_status(5).
fn resident() -> anyhow::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}
