//! Colours, where a person is looking and did not ask for none.

use std::io::IsTerminal;

/// Puts colours on text, or leaves it alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    is_on: bool,
}

/// For standard output.
pub(crate) fn stdout() -> Paint {
    Paint { is_on: std::io::stdout().is_terminal() && are_colors_wanted() }
}

/// For standard error.
pub(crate) fn stderr() -> Paint {
    Paint { is_on: std::io::stderr().is_terminal() && are_colors_wanted() }
}

/// `NO_COLOR` (no-color.org): set to anything but the empty text.
fn are_colors_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

impl Paint {
    /// Without any colour.
    #[cfg(test)]
    pub(crate) fn off() -> Self {
        Self { is_on: false }
    }

    pub(crate) fn is_on(self) -> bool {
        self.is_on
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.is_on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
