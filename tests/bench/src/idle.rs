//! What exporters cost that have nothing to do, and a program that has nothing to do: memory of the process, once their
//! instances have been dropped.

use std::{env, fs, path::Path, process, thread, time::Duration};

use anyhow::Context;
use spangate::Runtime;
use spangate_tests::{Spangate, free_port};

use crate::case::{Case, Figure, Group};

const EXPORTERS: usize = 1_000;
/// When instances go that have nothing to do, and long after that.
const IDLE: (&str, Duration) = ("100ms", Duration::from_millis(1_500));

/// All groups.
///
/// # Errors
/// If the system gives no folder.
pub(crate) fn groups() -> anyhow::Result<Vec<Group>> {
    let mut groups = vec![Group { title: "1,000 exporters that have nothing to do", cases: vec![exporters()?] }];
    if env::current_exe()?.with_file_name("spangate").exists() {
        groups.push(Group { title: "`spangate run`, a receiver and an exporter, nothing to do", cases: vec![agent()] });
    } else {
        eprintln!("`spangate run` is left out; for it: cargo build --release -p spangate-cli");
    }
    Ok(groups)
}

/// A thousand more of them than with one, in this process.
fn exporters() -> anyhow::Result<Case> {
    let cache = tempfile::tempdir()?;
    let figures = [
        Figure::new("resident memory, more than with one", "MiB").target("<= 64 MiB"),
        Figure::new("CPU of all while idle", "% of a core"),
    ];
    Ok(Case::many(figures, move |_| {
        let cache = cache.path().join("spangate").display().to_string();
        let _one = start(&cache, 1)?;
        thread::sleep(IDLE.1);
        let before = resident(process::id(), "VmRSS:")?;
        let _all = start(&cache, EXPORTERS)?;
        thread::sleep(IDLE.1);
        let (after, used) = (resident(process::id(), "VmRSS:")?, spangate_tests::cpu_of_threads("spangate-"));
        thread::sleep(IDLE.1);
        let idle = spangate_tests::cpu_of_threads("spangate-").saturating_sub(used);
        Ok(vec![after - before, idle.as_secs_f64() / IDLE.1.as_secs_f64() * 100.0])
    }))
}

/// The program beside this one, started twice with a cache of its own, which the first start fills.
fn agent() -> Case {
    let figures = ["from the cache", "having compiled"].map(|start| {
        let resident = Figure::new(format!("{start}, resident memory"), "MiB").target("<= 25 MiB");
        [resident, Figure::new("  of it, allocated", "MiB")]
    });
    Case::many(figures.into_iter().flatten(), move |_| {
        let cache = tempfile::tempdir()?;
        let compiled = memory_of_agent(cache.path())?;
        let from_cache = memory_of_agent(cache.path())?;
        Ok([from_cache, compiled].concat())
    })
}

fn memory_of_agent(cache: &Path) -> anyhow::Result<Vec<f64>> {
    let (port, admin, cache) = (free_port(), free_port(), cache.join("spangate"));
    let toml = format!(
        "[sandbox]\ncache_dir = {cache:?}\nidle_timeout = {:?}\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n\
         [receivers.otlp_http]\nlisten = \"127.0.0.1:{port}\"\n\
         [exporters.out]\ncomponent = \"builtin:otlp\"\n\
         [exporters.out.grants.http]\nallow = [\"http://127.0.0.1:9\"]\n\
         [exporters.out.settings]\nendpoint = \"http://127.0.0.1:9\"\n",
        IDLE.0
    );
    let spangate = Spangate::run(&toml, admin)?;
    thread::sleep(IDLE.1);
    let id = spangate.server.id();
    Ok(vec![resident(id, "VmRSS:")?, resident(id, "RssAnon:")?])
}

fn start(cache: &str, exporters: usize) -> anyhow::Result<Runtime> {
    let mut toml = format!("[sandbox]\ncache_dir = {cache:?}\nidle_timeout = {:?}\n", IDLE.0);
    for number in 0..exporters {
        toml += &format!("[exporters.idle{number}]\ncomponent = \"builtin:console\"\ngrants.terminal = true\n");
    }
    Ok(Runtime::from_toml(toml).builtins(spangate_builtin::component).start()?)
}

/// A line of proc_pid_status(5), in MiB.
fn resident(process: u32, name: &str) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}
