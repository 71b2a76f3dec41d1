//! A panic hook that flushes, in a child process that panics.

use std::{
    env,
    panic::{set_hook, take_hook},
    process::{Command, ExitCode, ExitStatus, Stdio, abort},
    sync::Arc,
    time::Duration,
};

use spangate_tests::Collector;

use super::spans::{arrived, start};

const DEADLINE: Duration = Duration::from_secs(20);

/// The child: records a span and panics. The hook is all that delivers it.
pub(crate) fn play(role: &str, url: &str) -> ExitCode {
    let runtime = Arc::new(start(url));
    let (in_hook, usual) = (runtime.clone(), take_hook());
    let is_aborting = role == "--play=abort";
    #[expect(clippy::disallowed_methods, reason = "a process of its own: the hook is what is tested")]
    set_hook(Box::new(move |panic| {
        usual(panic);
        eprintln!("{}", in_hook.flush(DEADLINE));
        if is_aborting {
            abort();
        }
    }));
    runtime.tracer("shop").span("before the panic").start().end();
    // On another thread, while this one holds on to the runtime: nothing is dropped, nothing shuts down.
    let _ = std::thread::spawn(|| panic!("as told")).join();
    // The process ends here without another word to the runtime.
    std::process::exit(3)
}

fn played(role: &str) -> (ExitStatus, String, Vec<String>) {
    let collector = Collector::start();
    let mut command = Command::new(env::current_exe().expect("this program"));
    let child = command.args([role, &collector.url()]).stderr(Stdio::piped()).output().expect("a child");
    let names = arrived(&collector).into_iter().map(|span| span.name).collect();
    (child.status, String::from_utf8_lossy(&child.stderr).into_owned(), names)
}

pub(crate) fn hook_delivers() {
    let (status, said, names) = played("--play=panic");
    assert_eq!(status.code(), Some(3), "{said}");
    assert_eq!(names, ["before the panic"], "{said}");
    assert!(said.contains("the one row was delivered"), "{said}");
}

pub(crate) fn hook_delivers_before_an_abort() {
    let (status, said, names) = played("--play=abort");
    assert_eq!(status.code(), None, "it was killed by its own signal: {said}");
    assert_eq!(names, ["before the panic"], "{said}");
}
