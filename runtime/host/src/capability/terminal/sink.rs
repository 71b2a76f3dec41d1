//! Where text goes.

/// Where granted exporters write. The command line's is standard output.
///
/// It is called on a thread of its own, by one at a time, and may block: what it does not take in time is dropped and
/// counted.
pub trait TerminalSink: Send + Sync {
    /// Whether colours are wanted. Asked at the start and after each text.
    fn colors(&self) -> bool;

    /// Width in columns, if it is a terminal. Asked at the start and after each text.
    fn width(&self) -> Option<u32>;

    /// Writes text that is harmless by now. A long text comes in pieces.
    fn write(&self, text: &str);
}
