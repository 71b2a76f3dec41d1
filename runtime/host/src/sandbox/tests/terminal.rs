//! A terminal that takes nothing costs its exporters their text, and nobody else anything.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use spangate_core::exporter::{ExportOutcome, Exporter};

use super::{
    super::TerminalSink,
    stage::{Guest, Stage, batch},
};

/// A pipe that nobody reads until it is opened.
#[derive(Default)]
struct Stuck {
    text: Mutex<String>,
    is_open: Mutex<bool>,
    opened: Condvar,
    is_reached: AtomicBool,
}

impl Stuck {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }
}

impl TerminalSink for Stuck {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, text: &str) {
        self.is_reached.store(true, Ordering::SeqCst);
        drop(self.opened.wait_while(self.is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
        self.text.lock().unwrap().push_str(text);
    }
}

/// An exporter that may write, with so many pages of memory.
fn writing(export: &'static str, pages: u32) -> Guest {
    Guest {
        pages,
        export,
        imports: r#"(import "spangate:exporter/terminal@0.1.0" (instance $terminal-api
            (export "write" (func (param "text" string)))))"#,
        lowered: r#"(core func $write (canon lower (func $terminal-api "write") (memory $memory)))"#,
        given: r#"(export "write" (func $write))"#,
        taken: r#"(import "env" "write" (func $write (param i32 i32)))"#,
        ..Guest::default()
    }
}

fn short() -> Guest {
    writing("(call $write (i32.const 1024) (i32.const 4)) (i32.const 240)", 2)
}

/// Eight times half a megabyte of zeros.
fn long() -> Guest {
    writing(
        "(loop $again
           (call $write (i32.const 65536) (i32.const 524288))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const 8))))
         (i32.const 240)",
        16,
    )
}

/// Nothing here may last; what hangs is told so, long after.
async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.unwrap_or_else(|_| panic!("{what} hangs"))
}

#[tokio::test]
async fn a_terminal_that_takes_nothing_stops_no_exporter() {
    let terminal = Arc::new(Stuck::default());
    let mut stage = Stage::with_terminal(terminal.clone());
    let quiet = stage.load(&Guest::default()).await;
    stage.config.grants.terminal = true;
    let (first, second) = (stage.load(&short()).await, stage.load(&long()).await);
    // As many as there are threads for guests.
    let (one, two) =
        soon("writing", async { tokio::join!(first.export(batch(1), 1), second.export(batch(1), 1)) }).await;
    assert_eq!(one, Ok(ExportOutcome::Accepted));
    assert_eq!(two, Ok(ExportOutcome::Accepted));
    assert_eq!(soon("the third", quiet.export(batch(1), 1)).await, Ok(ExportOutcome::Accepted));
    assert!(terminal.is_reached.load(Ordering::SeqCst));
    let dropped = second.state().terminal_bytes_dropped;
    assert!(dropped >= 3 << 20, "a megabyte may wait, four were written: {dropped}");
    assert!(stage.lines.has("billing: 524288 bytes of text were dropped"));
    terminal.open();
    // A zero is shown as `\u{0}`. A flush waits for nothing until the sink has moved again.
    let is_written = || {
        let written = terminal.text.lock().unwrap();
        written.contains("test") && written.matches("\\u{0}").count() as u64 + dropped == 4 << 20
    };
    soon("the rest", async {
        while !is_written() {
            assert_eq!(second.flush().await, Ok(()));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!((first.state().terminal_bytes_dropped, second.state().terminal_bytes_dropped), (0, dropped));
}

#[tokio::test]
async fn what_a_terminal_will_not_take_until_the_end_is_given_up_and_counted() {
    let terminal = Arc::new(Stuck::default());
    let mut stage = Stage::with_terminal(terminal.clone());
    stage.config.grants.terminal = true;
    let exporter = stage.load(&short()).await;
    for _ in 0..3 {
        assert_eq!(exporter.export(batch(1), 1).await, Ok(ExportOutcome::Accepted));
    }
    assert_eq!(exporter.state().terminal_bytes_dropped, 0);
    assert_eq!(soon("shutdown", exporter.shutdown()).await, Ok(()));
    assert_eq!(exporter.state().terminal_bytes_dropped, 12);
    terminal.open();
}
