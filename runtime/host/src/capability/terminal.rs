//! `terminal`: the host's standard output, for exporters that people read. Only with `grants.terminal = true`.
//!
//! A guest can colour its text and nothing else: every other escape sequence and control character is shown, not sent.

use std::sync::Arc;

use wasmtime::component::Linker;

use super::{CALL, Paced, charge};
use crate::bindings::v0_1::imports::terminal;

/// Where granted exporters write. The command line's is standard output.
pub trait TerminalSink: Send + Sync {
    /// Whether colours are wanted.
    fn colors(&self) -> bool;

    /// Width in columns, if it is a terminal.
    fn width(&self) -> Option<u32>;

    /// Writes text that is harmless by now. Must not block for long.
    fn write(&self, text: &str);
}

/// Permission to write; there is nothing to set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TerminalGrant;

/// The terminal of an exporter that may write to it.
#[derive(Clone)]
pub(crate) struct TerminalCtx {
    sink: Arc<dyn TerminalSink>,
}

impl std::fmt::Debug for TerminalCtx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TerminalCtx")
    }
}

impl TerminalCtx {
    /// Writes to `sink`.
    pub(crate) fn new(_: TerminalGrant, sink: Arc<dyn TerminalSink>) -> Self {
        Self { sink }
    }
}

/// The terminal of one call; none if it is not granted, which only an inspection links.
#[derive(Debug)]
pub(crate) struct TerminalView<'a> {
    /// The exporter's terminal.
    pub(crate) ctx: Option<&'a TerminalCtx>,
}

impl terminal::Host for TerminalView<'_> {
    fn colors(&mut self) -> bool {
        self.ctx.is_some_and(|ctx| ctx.sink.colors())
    }

    fn width(&mut self) -> Option<u32> {
        self.ctx.and_then(|ctx| ctx.sink.width())
    }

    fn write(&mut self, text: String) {
        if let Some(ctx) = self.ctx {
            ctx.sink.write(&escape_all_but_colors(&text));
        }
    }
}

/// `text` with control characters escaped, except newline, tab and SGR sequences (`ESC [ digits ; digits m`).
fn escape_all_but_colors(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(sequence) = leading_color(rest) {
            harmless.push_str(sequence);
            rest = &rest[sequence.len()..];
            continue;
        }
        if c.is_control() && c != '\n' && c != '\t' {
            harmless.extend(c.escape_default());
        } else {
            harmless.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    harmless
}

/// The SGR sequence that `text` starts with, ECMA-48 section 8.3.117.
fn leading_color(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    let length = "\x1b[".len() + end + 1;
    (parameters[end..].starts_with('m') && end <= 32).then(|| &text[..length])
}

/// Answers `spangate:exporter/terminal`.
///
/// # Errors
/// If the linker has that interface already.
pub(crate) fn link<T: Paced>(linker: &mut Linker<T>, get_view: fn(&mut T) -> TerminalView<'_>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("spangate:exporter/terminal@0.1.0")?;
    instance.func_wrap_async("colors", move |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((terminal::Host::colors(&mut get_view(store.data_mut())),))
        })
    })?;
    instance.func_wrap_async("width", move |mut store, (): ()| {
        Box::new(async move {
            charge(&mut store, CALL).await?;
            Ok((terminal::Host::width(&mut get_view(store.data_mut())),))
        })
    })?;
    instance.func_wrap_async("write", move |mut store, (text,): (String,)| {
        Box::new(async move {
            charge(&mut store, CALL + 20 * text.len() as u64).await?;
            terminal::Host::write(&mut get_view(store.data_mut()), text);
            Ok(())
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;
    use terminal::Host;

    use super::*;

    #[derive(Default)]
    struct Page(Mutex<String>);

    impl TerminalSink for Page {
        fn colors(&self) -> bool {
            true
        }

        fn width(&self) -> Option<u32> {
            Some(80)
        }

        fn write(&self, text: &str) {
            self.0.lock().unwrap().push_str(text);
        }
    }

    #[test]
    fn a_granted_exporter_writes_and_colours() {
        let page = Arc::new(Page::default());
        let ctx = TerminalCtx::new(TerminalGrant, page.clone());
        let mut view = TerminalView { ctx: Some(&ctx) };
        view.write("\x1b[1;31mred\x1b[0m\n\tplain\x1b[m".into());
        assert_eq!(*page.0.lock().unwrap(), "\x1b[1;31mred\x1b[0m\n\tplain\x1b[m");
        assert!(view.colors());
        assert_eq!(view.width(), Some(80));
    }

    #[test]
    fn without_a_grant_nothing_is_written() {
        let mut view = TerminalView { ctx: None };
        view.write("x".into());
        assert!(!view.colors());
        assert_eq!(view.width(), None);
    }

    #[test]
    fn every_other_escape_sequence_is_shown_not_sent() {
        for (sent, shown) in [
            ("\x1b[2J", "\\u{1b}[2J"),
            ("\x1b]0;title\x07", "\\u{1b}]0;title\\u{7}"),
            ("\x1b[31", "\\u{1b}[31"),
            ("\x1b[?25l", "\\u{1b}[?25l"),
            ("a\rb", "a\\rb"),
            ("\u{9b}31m", "\\u{9b}31m"),
        ] {
            assert_eq!(escape_all_but_colors(sent), shown);
        }
    }

    proptest! {
        #[test]
        fn no_escape_character_survives_but_in_a_colour(text in "[\\x1b\\[;0-9mJa\\r\\n]{0,64}") {
            let harmless = escape_all_but_colors(&text);
            for (at, _) in harmless.match_indices('\x1b') {
                prop_assert!(leading_color(&harmless[at..]).is_some());
            }
        }
    }
}
