//! Runs the binary and reads what it said.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// Looks this often, this long apart: a program that needs more is stuck.
const LOOKS: usize = 3000;
const APART: Duration = Duration::from_millis(20);

/// The binary, without colours, with a cache of its own.
pub(crate) fn spangate(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spangate"));
    command.args(args).env("NO_COLOR", "1").env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR")).stdin(Stdio::null());
    command
}

/// Runs to the end.
pub(crate) fn output(args: &[&str]) -> Said {
    Said::from(spangate(args).output().expect("the binary runs"))
}

/// What a run that has ended said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// A run that goes on until it is told to stop.
pub(crate) struct Running {
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
        let (stdout, stderr) = (Arc::<Mutex<String>>::default(), Arc::<Mutex<String>>::default());
        let readers = vec![
            collect(child.stdout.take().expect("piped"), Arc::clone(&stdout)),
            collect(child.stderr.take().expect("piped"), Arc::clone(&stderr)),
        ];
        Self { child, stdout, stderr, readers }
    }

    /// `spangate run` with this configuration in `folder`, once it says that it runs.
    pub(crate) fn run(folder: &Path, config: &str) -> Self {
        let path = folder.join("spangate.toml");
        std::fs::write(&path, config).expect("written");
        let mut running = Self::start(spangate(&["run", path.to_str().expect("UTF-8")]));
        running.wait_for("Ctrl-C");
        running
    }

    /// Waits until either output holds `text`.
    pub(crate) fn wait_for(&mut self, text: &str) {
        for _ in 0..LOOKS {
            let is_over = self.child.try_wait().expect("a child").is_some();
            if self.said().contains(text) {
                return;
            }
            if is_over {
                break;
            }
            std::thread::sleep(APART);
        }
        panic!("no `{text}` in\n{}", self.said());
    }

    pub(crate) fn said(&self) -> String {
        let text = |text: &Mutex<String>| text.lock().expect("not poisoned").clone();
        format!("{}\n{}", text(&self.stdout), text(&self.stderr))
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id")).expect("not zero");
        kill_process(pid, signal).expect("the process is there");
    }

    /// Sends a signal until the process ends: one that follows another at once counts as the same.
    pub(crate) fn signal_until_the_end(mut self, signal: Signal) -> Said {
        for _ in 0..LOOKS {
            if self.child.try_wait().expect("a child").is_some() {
                break;
            }
            self.signal(signal);
            std::thread::sleep(APART);
        }
        self.end()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Said {
        let is_over = (0..LOOKS).any(|_| {
            let is_over = self.child.try_wait().expect("a child").is_some();
            if !is_over {
                std::thread::sleep(APART);
            }
            is_over
        });
        assert!(is_over, "it does not end\n{}", self.said());
        let code = self.child.wait().expect("a child").code();
        for reader in self.readers.drain(..) {
            reader.join().expect("read");
        }
        let text = |text: &Mutex<String>| text.lock().expect("not poisoned").clone();
        Said { code, stdout: text(&self.stdout), stderr: text(&self.stderr) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn collect(from: impl Read + Send + 'static, into: Arc<Mutex<String>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            let mut text = into.lock().expect("not poisoned");
            text.push_str(&line);
            text.push('\n');
        }
    })
}
