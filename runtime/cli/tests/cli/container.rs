//! The container: what its recipe names is there, and the root file system that it lays out is enough to run in.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::Signal;

use crate::{
    process::{Running, output},
    run::{free_port, send_span},
};

const RECIPE: &str = include_str!("../../package/Containerfile");

/// What follows an instruction of the last stage, continuation lines included.
fn instruction(name: &str) -> Vec<&'static str> {
    let (_, last) = RECIPE.rsplit_once("\nFROM ").expect("a stage");
    last.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).collect()
}

/// A JSON list in an instruction.
fn words(instruction: &str) -> Vec<String> {
    let at = instruction.find('[').expect("a list");
    serde_json::from_str(&instruction[at..]).expect("a list in JSON")
}

/// Runs `rootfs.sh` for the binary.
fn lay_out(root: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("package/rootfs.sh");
    let laid_out = Command::new(script).arg(env!("CARGO_BIN_EXE_spangate")).arg(root).output().expect("a shell");
    assert!(laid_out.status.success(), "{}", String::from_utf8_lossy(&laid_out.stderr));
}

#[test]
fn what_the_recipe_names_is_there() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("package");
    let copied: Vec<_> = RECIPE.lines().filter_map(|line| line.strip_prefix("COPY ")).collect();
    assert_eq!(copied.len(), 2);
    for source in copied[0].split(' ').take_while(|word| !word.starts_with('/')).filter(|word| *word != "spangate") {
        assert!(package.join(source).is_file(), "{source}");
    }
    assert_eq!(copied[1], "--from=files /rootfs/ /");
    assert_eq!(words(instruction("ENTRYPOINT")[0]), ["/usr/bin/spangate"]);
    assert_eq!(instruction("STOPSIGNAL"), ["SIGTERM"]);
    let (run, health) = (words(instruction("CMD")[0]), words(instruction("HEALTHCHECK")[0]));
    assert_eq!(health[0], "/usr/bin/spangate");
    assert_eq!(run[1], health[2], "both read the same configuration");
    for command in [&run[0], &health[1]] {
        assert_eq!(output(&[command, "--help"]).code, Some(0), "{command}");
    }
    let ports = instruction("EXPOSE")[0];
    for receiver in [spangate::config::Receiver::otlp_http(), spangate::config::Receiver::otlp_grpc()] {
        assert!(ports.contains(&receiver.listen.port().to_string()), "{ports}");
    }
}

/// The container's file system without a container: read-only but for the cache, a user without rights, no other program.
const INSIDE: &str = r#"
set -e
mount --bind "$1" "$1"
mount -o remount,bind,ro "$1"
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=0700,uid=65532,gid=65532 tmpfs "$1/var/cache"
exec chroot --userspec=65532:65532 "$1" /usr/bin/spangate run /etc/spangate/spangate.toml
"#;

fn may_mount() -> bool {
    let probe = ["--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"];
    let probed = Command::new("unshare").args(probe).stderr(Stdio::null()).status();
    rustix::process::geteuid().is_root() && probed.is_ok_and(|status| status.success())
}

#[test]
fn the_binary_runs_in_the_containers_file_system_alone() {
    if !may_mount() {
        eprintln!("note: the container's file system was not run in (that takes root and the right to mount)");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("root");
    lay_out(&root);
    // Every engine brings one.
    std::fs::write(root.join("etc/hosts"), "127.0.0.1 localhost\n").expect("written");
    let (port, admin) = (free_port(), free_port());
    let config = format!(
        "[receivers.otlp_http]\nlisten = \"127.0.0.1:{port}\"\n[admin]\nlisten = \"127.0.0.1:{admin}\"\n\
         [batch]\nschedule_delay = \"10ms\"\n[exporters.screen]\ncomponent = \"builtin:console\"\n\
         grants.terminal = true\n[exporters.far]\ncomponent = \"builtin:otlp\"\n\
         grants.http.allow = [\"https://localhost:1\"]\nsettings.endpoint = \"https://localhost:1\"\n"
    );
    let path = root.join("etc/spangate/spangate.toml");
    std::fs::write(&path, config).expect("written");
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", INSIDE, "sh"]).arg(&root).stdin(Stdio::null());
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("NO_COLOR", "1");
    for variable in instruction("ENV") {
        let (name, value) = variable.split_once('=').expect("NAME=value");
        command.env(name, value);
    }
    let mut running = Running::start(command);
    running.wait_for("Ctrl-C");
    assert_eq!(send_span(port, "from-inside"), "HTTP/1.1 200 OK");
    running.wait_for("from-inside");
    // The name is found and the certificates are read: what fails is that nobody is there.
    running.wait_for("refused");
    let said = running.said();
    assert!(said.contains("kept for the next start"), "the cache is not used:\n{said}");
    assert!(!said.contains("not kept"), "{said}");
    let healthy = output(&["health", path.to_str().expect("UTF-8")]);
    assert_eq!(healthy.code, Some(0), "{healthy:?}");
    running.signal(Signal::TERM);
    let said = running.end();
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    assert!(said.stderr.contains("far lost 1"), "{}", said.stderr);
}
