//! The host's standard output, for exporters that people read.

/// Whether colours are wanted: a terminal, and `NO_COLOR` not set.
pub fn colors() -> bool {
    #[cfg(target_family = "wasm")]
    return crate::bindings::spangate::exporter::terminal::colors();
    #[cfg(not(target_family = "wasm"))]
    crate::testing::host::terminal_colors()
}

/// Width in columns; absent if it is not a terminal.
pub fn width() -> Option<u32> {
    #[cfg(target_family = "wasm")]
    return crate::bindings::spangate::exporter::terminal::width();
    #[cfg(not(target_family = "wasm"))]
    crate::testing::host::terminal_width()
}

/// Writes text as it is. Control characters other than newline, tab and colour sequences are escaped by the host.
pub fn write(text: &str) {
    #[cfg(target_family = "wasm")]
    crate::bindings::spangate::exporter::terminal::write(text);
    #[cfg(not(target_family = "wasm"))]
    crate::testing::host::write_terminal(text);
}
