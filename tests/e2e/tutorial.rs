//! The tutorial of the SDK, as a newcomer follows it: every command and every file exactly as it is printed.

use std::{env, fs, os::unix::fs::symlink, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use spangate_tests::{Server, backend, binary, get};

/// One fenced block, in the order of the text.
#[derive(Debug, PartialEq)]
enum Step {
    /// Commands.
    Run(String),
    /// A file and what is in it.
    Write(String, String),
}

/// The blocks of the section `title`. A block that is no `sh` is a file, the last one named before it.
fn steps(readme: &str, title: &str) -> Vec<Step> {
    let section = readme.split("\n## ").find(|section| section.starts_with(title)).unwrap_or_default();
    let (mut steps, mut file, mut lines) = (Vec::new(), String::new(), section.lines());
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let block = block.join("\n") + "\n";
            steps.push(if language == "sh" { Step::Run(block) } else { Step::Write(file.clone(), block) });
        }
        let named = line.split('`').skip(1).step_by(2).filter(|name| is_file_name(name));
        file = named.last().map_or(file, str::to_owned);
    }
    steps
}

fn is_file_name(name: &str) -> bool {
    [".rs", ".toml", ".json"].iter().any(|ending| name.ends_with(ending))
}

/// The steps as one shell session.
fn script(steps: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Run(commands) => commands.clone(),
        Step::Write(file, text) => format!("cat >{file} <<'END OF FILE'\n{text}END OF FILE\n"),
    };
    steps.iter().map(step).collect()
}

#[test]
fn the_tutorial_leads_from_nothing_to_ones_own_exporter_delivering_to_zipkin() -> Result<()> {
    let Some(jar) = backend("zipkin") else { return Ok(()) };
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let steps = steps(&fs::read_to_string(repository.join("sdk/rust/README.md"))?, "Ten minutes");
    ensure!(steps.len() > 6, "the tutorial has lost its blocks: {steps:?}");
    let home = tempfile::tempdir()?;
    symlink(&repository, home.path().join("spangate"))?;

    let mut zipkin = Command::new("java");
    zipkin.arg("-Xmx256m").arg("-jar").arg(jar).env("QUERY_PORT", "9411");
    let _zipkin = Server::start(&mut zipkin, || matches!(get("http://127.0.0.1:9411/health"), Ok((200, _))))?;

    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &script(&steps)]).current_dir(home.path());
    let path = env::var("PATH").context("PATH")?;
    let folder = binary().parent().context("a folder")?.to_owned();
    shell.env("PATH", format!("{}:{path}", folder.display()));
    // What this build was told is nothing to the newcomer's; what it has compiled before, he need not compile again.
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_this_build(&name.to_string_lossy())) {
        shell.env_remove(name);
    }
    shell.env("CARGO_BUILD_BUILD_DIR", repository.join("target/tutorial"));
    let output = shell.output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}\n{said}\n{log}", output.status);
    ensure!(said.contains(r#""name":"checkout""#), "the slow span is not in Zipkin\n{said}\n{log}");
    ensure!(!said.contains(r#""name":"price""#), "the fast span is in Zipkin\n{said}");
    Ok(())
}

fn is_of_this_build(name: &str) -> bool {
    let (is_cargo, is_home) = (name.starts_with("CARGO"), name == "CARGO_HOME");
    (is_cargo && !is_home) || matches!(name, "RUSTFLAGS" | "RUSTC" | "RUSTC_WRAPPER" | "RUSTC_WORKSPACE_WRAPPER")
}

#[test]
fn blocks_are_commands_or_the_file_named_before_them() {
    let readme =
        "# a\n\n## One\n```sh\nno\n```\n\n## Two\nfirst:\n```sh\nls\n```\nin `b`, `src/c.rs`:\n\n```rust\nx\n```\n";
    let expected = [Step::Run("ls\n".into()), Step::Write("src/c.rs".into(), "x\n".into())];
    assert_eq!(steps(readme, "Two"), expected);
}
