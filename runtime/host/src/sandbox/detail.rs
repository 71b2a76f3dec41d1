//! What an author needs to mend a fault: the limit and the value, the panic's words, where it was.

use std::fmt::Write;

use spangate_core::exporter::{Fault, FaultKind};
use wasmtime::WasmBacktrace;

use super::{
    fault::{Ending, kind_of},
    limits::CallLimits,
    meter::CallUsage,
};
use crate::{capability::log::speech::LastWords, text::escape_line};

/// Bytes of a detail.
const MAX_DETAIL_BYTES: usize = 1024;
/// Bytes of the guest's own words in it.
const MAX_WORDS_BYTES: usize = 512;
/// Symbols longer than this are told as they are.
const MAX_SYMBOL_BYTES: usize = 1024;
/// Functions named.
const MAX_FRAMES: usize = 6;

/// What is known about a call that did not return.
pub(super) struct Evidence<'a> {
    pub(super) ending: &'a Ending,
    pub(super) limits: CallLimits,
    pub(super) usage: CallUsage,
    pub(super) max_memory: usize,
    /// Bytes in all that the guest was denied, if it was.
    pub(super) denied: Option<usize>,
    /// What the guest said last.
    pub(super) words: &'a LastWords,
}

impl Evidence<'_> {
    /// The fault, named and told.
    pub(super) fn fault(&self) -> Fault {
        let kind = kind_of(self.ending, self.denied.is_some());
        let mut detail = self.headline(kind);
        if let Some(words) = self.words() {
            let _ = write!(detail, "; {words}");
        }
        if let Some(place) = self.place() {
            let _ = write!(detail, "; in {place}");
        }
        let CallUsage { fuel, memory, cpu, .. } = self.usage;
        let memory = Mebibytes(memory);
        let _ = write!(detail, "; after {fuel} fuel, {:.3} s of CPU, with {memory} of memory", cpu.as_secs_f64());
        Fault { kind, detail: escape_line(&detail, MAX_DETAIL_BYTES) }
    }

    fn headline(&self, kind: FaultKind) -> String {
        match (kind, self.ending) {
            (FaultKind::OutOfFuel, _) => {
                let origin = self.limits.origin.told("limits.fuel_per_batch");
                format!("used its {} units of fuel ({origin})", self.limits.fuel)
            }
            (FaultKind::DeadlineExceeded, _) => {
                let origin = self.limits.origin.told("limits.deadline");
                format!("not done after {:?} ({origin})", self.limits.deadline)
            }
            (FaultKind::OutOfMemory, _) => {
                let (wanted, limit) = (Mebibytes(self.denied.unwrap_or_default()), Mebibytes(self.max_memory));
                format!("asked for {wanted} of memory, allowed are {limit} (limits.memory)")
            }
            (_, Ending::Error(error)) => escape_line(&error.root_cause().to_string(), MAX_WORDS_BYTES),
            (_, Ending::Deadline) => String::new(),
        }
    }

    /// The guest's last words, without the advice that Rust's runtime adds to a panic. If there are too many it is the
    /// first that are left out: a panic comes last.
    fn words(&self) -> Option<String> {
        let is_word = |line: &&str| !line.is_empty() && !line.starts_with("note: run with `RUST_BACKTRACE");
        let lines: Vec<&str> = self.words.lines.iter().map(|line| line.trim()).filter(is_word).collect();
        let mut bytes = 0;
        let fits = |line: &&&str| {
            bytes += line.len() + " | ".len();
            bytes <= MAX_WORDS_BYTES
        };
        let fitting = lines.iter().rev().take_while(fits).count().max(1);
        let (before, quoted) = lines.split_at(lines.len().saturating_sub(fitting));
        let quote = escape_line(&quoted.join(" | "), MAX_WORDS_BYTES);
        let lines_before = self.words.lines_before + before.len() as u64;
        match (quoted.is_empty(), lines_before) {
            (true, _) => None,
            (false, 0) => Some(format!("said: {quote}")),
            (false, _) => Some(format!("said after {lines_before} lines: {quote}")),
        }
    }

    /// Names of the innermost functions.
    fn place(&self) -> Option<String> {
        let Ending::Error(error) = self.ending else { return None };
        let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
        let names = frames.iter().filter_map(|frame| frame.func_name().map(readable));
        let shown: Vec<String> = names.filter(|name| !is_panic_machinery(name)).take(MAX_FRAMES).collect();
        (!shown.is_empty()).then(|| shown.join(" < "))
    }
}

/// Frames of Rust's panic runtime say nothing to an author.
fn is_panic_machinery(name: &str) -> bool {
    [
        "rust_panic",
        "core::panicking",
        "std::panicking",
        "__rustc",
        "rust_begin_unwind",
        "std::sys",
        "std::alloc",
        "std::process::abort",
        "abort",
    ]
    .iter()
    .any(|machinery| name.starts_with(machinery))
}

/// A Rust symbol, of the older mangling or the newer, as a path without hashes; anything else as it is.
fn readable(symbol: &str) -> String {
    // A demangled name may be many times as long.
    match rustc_demangle::try_demangle(symbol) {
        Ok(path) if symbol.len() <= MAX_SYMBOL_BYTES => format!("{path:#}"),
        _ => symbol.to_owned(),
    }
}

struct Mebibytes(usize);

impl std::fmt::Display for Mebibytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} MiB", self.0 as f64 / f64::from(1 << 20))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wasmtime::Trap;

    use super::{super::limits::Origin, *};

    fn evidence<'a>(ending: &'a Ending, denied: Option<usize>, words: &'a LastWords) -> Evidence<'a> {
        let limits = CallLimits { fuel: 1_000, deadline: Duration::from_secs(10), origin: Origin::Configured };
        let usage = CallUsage { fuel: 999, memory: 2 << 20, ..CallUsage::default() };
        Evidence { ending, limits, usage, max_memory: 64 << 20, denied, words }
    }

    #[test]
    fn limit_and_value_are_told() {
        let ending = Ending::Error(Trap::OutOfFuel.into());
        let fault = evidence(&ending, None, &LastWords::default()).fault();
        assert!(fault.detail.starts_with("used its 1000 units of fuel (limits.fuel_per_batch); after 999 fuel"));
        let ending = Ending::Error(Trap::UnreachableCodeReached.into());
        let fault = evidence(&ending, Some(65 << 20), &LastWords::default()).fault();
        assert!(fault.detail.starts_with("asked for 65.0 MiB of memory, allowed are 64.0 MiB"), "{fault}");
        let fault = evidence(&Ending::Deadline, None, &LastWords::default()).fault();
        assert!(fault.detail.starts_with("not done after 10s (limits.deadline)"), "{fault}");
    }

    fn words(lines: &[&str], lines_before: u64) -> LastWords {
        LastWords { lines: lines.iter().copied().map(str::to_owned).collect(), lines_before }
    }

    #[test]
    fn the_panics_words_are_told_without_the_runtimes_advice() {
        let ending = Ending::Error(Trap::UnreachableCodeReached.into());
        let advice = "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
        let words = words(&["", "thread '<unnamed>' panicked at src/lib.rs:7:9:", "no endpoint\x1b[31m", advice], 0);
        let fault = evidence(&ending, None, &words).fault();
        assert!(
            fault
                .detail
                .contains("said: thread '<unnamed>' panicked at src/lib.rs:7:9: | no endpoint\\u{1b}[31m; after"),
            "{fault}"
        );
    }

    #[test]
    fn of_many_words_the_last_are_told_and_the_others_counted() {
        let ending = Ending::Error(Trap::UnreachableCodeReached.into());
        let (first, second) = ("x".repeat(252), "y".repeat(252));
        let quote = |last: &str| {
            let words = words(&[&first, &second, last], 2);
            evidence(&ending, None, &words).fault().detail
        };
        assert!(quote("").contains("; said after 2 lines: xxx"), "{}", quote(""));
        assert!(quote("z").contains("; said after 3 lines: yyy"), "{}", quote("z"));
        assert!(quote(&"z".repeat(600)).contains("; said after 4 lines: zzz"));
    }

    #[test]
    fn a_detail_is_bounded() {
        let ending = Ending::Error(Trap::UnreachableCodeReached.into());
        let fault = evidence(&ending, None, &words(&[&"\x01".repeat(100_000)], 0)).fault();
        assert!(fault.detail.len() <= MAX_DETAIL_BYTES + '…'.len_utf8());
    }

    #[test]
    fn rust_symbols_are_readable() {
        assert_eq!(readable("_ZN4core9panicking5panic17h0123456789abcdefE"), "core::panicking::panic");
        assert_eq!(readable("_RNvCsfLfy6EI15iL_7___rustc10rust_panic"), "__rustc::rust_panic");
        assert_eq!(readable("zipkin::export"), "zipkin::export");
        for symbol in ["_ZN", "_ZNE", "_ZN99xE", "_ZN1E", "_ZN18446744073709551615xE"] {
            readable(symbol);
        }
    }
}
