//! What an exporter says about itself, checked.

use std::time::Duration;

use spangate_core::signal::Signal;

use super::error::LoadError;
use crate::bindings::{bound_description, v0_1::exporter::lifecycle};

/// The shortest interval between two ticks.
const SHORTEST_TICK: Duration = Duration::from_millis(100);
/// The longest interval between two ticks.
const LONGEST_TICK: Duration = Duration::from_secs(3600);

/// What an exporter says about itself: texts are bounded and escaped, numbers are in range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Which signals it takes, each with an interface to match.
    pub signals: Vec<Signal>,
    /// Exact names of the events it wants; `*` for all of them.
    pub event_names: Vec<String>,
    /// The views and columns it reads.
    pub reads: Vec<String>,
    /// The most rows its backend takes at once, at least 1.
    pub max_batch_size: Option<u32>,
    /// The most OTLP bytes its backend takes at once, at least 1.
    pub max_batch_bytes: Option<u32>,
    /// How often it wants to be called when no batch comes: 100 ms to 1 h.
    pub tick_interval: Option<Duration>,
}

impl Description {
    /// Checks what a guest said against the interfaces it has.
    ///
    /// # Errors
    /// [`LoadError::BadDescription`]
    pub(super) fn check(
        said: lifecycle::Description,
        exported: &[Signal],
        has_ticker: bool,
    ) -> Result<Self, LoadError> {
        let said = bound_description(said);
        let bad = |reason: String| LoadError::BadDescription { reason };
        if said.name.is_empty() {
            return Err(bad("`name` is empty".to_owned()));
        }
        let mut signals = Vec::new();
        for name in &said.signals {
            let signal = Signal::ALL.into_iter().find(|signal| signal.as_str() == name);
            let signal =
                signal.ok_or_else(|| bad(format!("`signals` names `{name}`; known are {}", known_signals())))?;
            if !exported.contains(&signal) {
                return Err(bad(format!("`signals` names `{name}`, but the component exports no interface for it")));
            }
            if !signals.contains(&signal) {
                signals.push(signal);
            }
        }
        if signals.is_empty() {
            return Err(bad("`signals` is empty".to_owned()));
        }
        if said.tick_interval_ms.is_some() && !has_ticker {
            return Err(bad("`tick-interval-ms` is given, but the component exports no `ticker`".to_owned()));
        }
        let tick = said.tick_interval_ms.map(|interval| Duration::from_millis(u64::from(interval)));
        Ok(Self {
            name: said.name,
            version: said.version,
            signals,
            event_names: said.event_names,
            reads: said.reads,
            max_batch_size: said.max_batch_size.map(|size| size.max(1)),
            max_batch_bytes: said.max_batch_bytes.map(|bytes| bytes.max(1)),
            tick_interval: tick.map(|interval| interval.clamp(SHORTEST_TICK, LONGEST_TICK)),
        })
    }
}

fn known_signals() -> String {
    Signal::ALL.map(Signal::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(signals: &[&str]) -> lifecycle::Description {
        lifecycle::Description {
            name: "zip\x1bkin".into(),
            version: "1".into(),
            signals: signals.iter().map(|signal| (*signal).to_owned()).collect(),
            event_names: vec![],
            reads: vec![],
            max_batch_size: Some(0),
            max_batch_bytes: None,
            tick_interval_ms: None,
        }
    }

    #[test]
    fn a_sound_description_is_taken_bounded() {
        let description = Description::check(said(&["spans", "spans"]), &[Signal::Spans], false).unwrap();
        assert_eq!(description.name, "zip\\u{1b}kin");
        assert_eq!(description.signals, [Signal::Spans]);
        assert_eq!(description.max_batch_size, Some(1));
    }

    #[test]
    fn signals_must_be_known_and_have_an_interface() {
        for signals in [&[][..], &["metrics"], &["events"]] {
            assert!(Description::check(said(signals), &[Signal::Spans], false).is_err(), "{signals:?}");
        }
    }

    #[test]
    fn a_tick_needs_a_ticker_and_is_clamped() {
        let ticking = || lifecycle::Description { tick_interval_ms: Some(0), ..said(&["spans"]) };
        assert!(Description::check(ticking(), &[Signal::Spans], false).is_err());
        let description = Description::check(ticking(), &[Signal::Spans], true).unwrap();
        assert_eq!(description.tick_interval, Some(SHORTEST_TICK));
    }
}
