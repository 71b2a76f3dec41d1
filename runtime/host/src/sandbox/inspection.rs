//! What a component asks for, read from its bytes alone: nothing is compiled, nothing runs.

use spangate_core::signal::Signal;

use super::{
    error::LoadError,
    scan::{Outside, scan},
    track::{InterfaceName, Need, PACKAGE, need_of, v0_1::TRACK},
};

/// A component from the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The track of the contract, as in `0.1`.
    pub track: String,
    /// Signals for which there is an export.
    pub signals: Vec<Signal>,
    /// Whether it wants to be called when no batch comes.
    pub has_ticker: bool,
    /// Names of its exports.
    pub exports: Vec<String>,
    /// Its imports.
    pub imports: Vec<Import>,
    /// Size in bytes.
    pub component_bytes: usize,
    /// Core modules inside.
    pub core_modules: usize,
}

/// One import of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its name, as in `spangate:exporter/http@0.1.0`.
    pub name: String,
    /// What it asks of the operator.
    pub need: Need,
}

/// Looks at a component.
///
/// # Errors
/// If it is no exporter of a track that this host serves. Imports that cannot be had are no error here.
pub fn inspect(bytes: &[u8]) -> Result<Inspection, LoadError> {
    let outside = scan(bytes)?;
    let track = track_of(&outside)?;
    let has = |interface: &str| {
        let mut names = outside.exports.iter().filter_map(|name| InterfaceName::parse(name));
        names.any(|name| name.package == PACKAGE && name.interface == interface)
    };
    let interface = |signal: &Signal| match signal {
        Signal::Spans => has("span-exporter"),
        Signal::StartedSpans => has("started-span-exporter"),
        Signal::Events => has("event-exporter"),
    };
    let signals: Vec<Signal> = Signal::ALL.into_iter().filter(interface).collect();
    if signals.is_empty() {
        return Err(LoadError::NoSignal);
    }
    let has_ticker = has("ticker");
    let need = |name: String| Import { need: need_of(&name, TRACK), name };
    Ok(Inspection {
        track: format!("{}.{}", track.0, track.1),
        signals,
        has_ticker,
        imports: outside.imports.into_iter().map(need).collect(),
        exports: outside.exports,
        component_bytes: bytes.len(),
        core_modules: outside.core_modules,
    })
}

/// The track is that of the exported `lifecycle` interface.
fn track_of(outside: &Outside) -> Result<(u64, u64), LoadError> {
    let mut names = outside.exports.iter().filter_map(|name| InterfaceName::parse(name));
    let lifecycle = names.find(|name| name.package == PACKAGE && name.interface == "lifecycle");
    let Some(lifecycle) = lifecycle else {
        return Err(LoadError::WrongWorld { exports: outside.exports.clone() });
    };
    let (major, minor, _) = lifecycle.version;
    if (major, minor) == TRACK {
        return Ok(TRACK);
    }
    Err(LoadError::OtherTrack {
        found: format!("{major}.{minor}"),
        served: format!("{}.{}", TRACK.0, TRACK.1),
        is_newer: (major, minor) > TRACK,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(names: &[&str], imports: &[&str]) -> Vec<u8> {
        let imports: String = imports.iter().map(|name| format!("(import \"{name}\" (instance))")).collect();
        let exports: String = names.iter().map(|name| format!("(export \"{name}\" (instance $empty))")).collect();
        wat::parse_str(format!("(component {imports} (instance $empty) {exports})")).unwrap()
    }

    const LIFECYCLE: &str = "spangate:exporter/lifecycle@0.1.0";
    const SPANS: &str = "spangate:exporter/span-exporter@0.1.0";

    #[test]
    fn an_exporter_is_seen_with_what_it_needs() {
        let bytes = component(&[LIFECYCLE, SPANS], &["spangate:exporter/http@0.1.0", "wasi:cli/exit@0.2.3"]);
        let seen = inspect(&bytes).unwrap();
        assert_eq!((seen.track.as_str(), seen.has_ticker), ("0.1", false));
        assert_eq!(seen.signals, [Signal::Spans]);
        let needs: Vec<_> = seen.imports.into_iter().map(|import| import.need).collect();
        assert_eq!(needs, [Need::Grant("http"), Need::EmptyWorld]);
    }

    #[test]
    fn a_component_of_another_world_is_refused_by_what_it_exports() {
        let error = inspect(&component(&["wasi:cli/run@0.2.0"], &[])).unwrap_err();
        assert!(matches!(&error, LoadError::WrongWorld { .. }));
        assert!(error.to_string().contains("wasi:cli/run@0.2.0"), "{error}");
    }

    #[test]
    fn a_newer_track_says_to_use_a_newer_host() {
        let error = inspect(&component(&["spangate:exporter/lifecycle@0.2.0"], &[])).unwrap_err();
        assert!(matches!(error, LoadError::OtherTrack { is_newer: true, .. }));
        assert!(error.to_string().contains("use a newer spangate"), "{error}");
    }

    #[test]
    fn an_exporter_without_a_signal_is_refused() {
        assert!(matches!(inspect(&component(&[LIFECYCLE], &[])), Err(LoadError::NoSignal)));
    }
}
