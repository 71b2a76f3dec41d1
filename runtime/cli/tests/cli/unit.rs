//! The systemd unit: what it says about the binary is so, and systemd understands it.

use std::{path::Path, process::Command, time::Duration};

use crate::process::output;

const UNIT: &str = include_str!("../../package/spangate.service");

fn value(key: &str) -> &'static str {
    let mut values = UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.next().unwrap_or_else(|| panic!("the unit does not say {key}"))
}

#[test]
fn the_unit_starts_what_there_is_and_leaves_it_the_time_to_drain() {
    let (program, args) = value("ExecStart").split_once(' ').expect("arguments");
    assert_eq!(program, "/usr/bin/spangate");
    let subcommand = args.split(' ').next().expect("a command");
    assert_eq!(output(&[subcommand, "--help"]).code, Some(0));
    let timeout = Duration::from_secs(value("TimeoutStopSec").parse().expect("seconds"));
    // What is done after the queues are empty takes seconds: exporters' last calls, tasks, the admin endpoint.
    assert!(timeout >= spangate::config::Shutdown::default().deadline + Duration::from_secs(10));
    assert_eq!((value("Type"), value("MemoryDenyWriteExecute")), ("notify", "no"));
}

#[test]
fn systemd_finds_no_fault_with_the_unit_and_little_exposed() {
    let verify = |args: &[&str], unit: &Path| Command::new("systemd-analyze").args(args).arg(unit).output();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spangate.service");
    // The binary is where it was built, not where it will be installed.
    std::fs::write(&path, UNIT.replace("/usr/bin/spangate", env!("CARGO_BIN_EXE_spangate"))).expect("written");
    let Ok(verified) = verify(&["verify"], &path) else {
        eprintln!("note: systemd does not know the unit yet (no systemd-analyze on this machine)");
        return;
    };
    let said = [verified.stdout, verified.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(verified.status.success() && said.is_empty(), "{said}");
    let judged = verify(&["security", "--offline=true", "--threshold=20", "--no-pager"], &path).expect("it ran before");
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stdout));
}
