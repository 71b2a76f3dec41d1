use crate::process::output;

#[test]
fn every_command_explains_itself_with_examples_and_exit_codes() {
    for args in [
        &["--help"][..],
        &["run", "--help"],
        &["bench", "--help"],
        &["check", "--help"],
        &["health", "--help"],
        &["inspect", "--help"],
        &["demo", "--help"],
        &["new", "--help"],
        &["test", "--help"],
    ] {
        let said = output(args);
        assert_eq!(said.code, Some(0), "{args:?}");
        for part in ["Usage: spangate", "Example", "Exit codes:", "130  a second Ctrl-C"] {
            assert!(said.stdout.contains(part), "{args:?} does not say {part}:\n{}", said.stdout);
        }
        let widest = said.stdout.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(120), "{args:?} is {widest:?} columns wide");
    }
}

#[test]
fn the_version_is_that_of_the_crate() {
    let said = output(&["--version"]);
    assert_eq!((said.code, said.stdout), (Some(0), format!("spangate {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn a_wrong_command_line_is_bad_usage() {
    for args in
        [&[][..], &["rum"], &["run"], &["run", "a", "b"], &["inspect", "--jsno", "x"], &["run", "--log", "loud", "x"]]
    {
        let said = output(args);
        assert_eq!(said.code, Some(2), "{args:?}");
        assert!(said.stdout.is_empty() && !said.stderr.is_empty(), "{args:?}");
    }
    assert!(output(&["rum", "x"]).stderr.contains("'run'"), "the nearest command is not named");
}
