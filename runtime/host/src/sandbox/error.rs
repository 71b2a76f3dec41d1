//! Why a component was not loaded: what was found, what is allowed, what to do.

use std::path::PathBuf;

use spangate_core::exporter::Fault;

/// Why a component was not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There are no bytes to load.
    #[error("cannot read the component {what}: {reason}")]
    Unreadable {
        /// The file, or `builtin:NAME`.
        what: String,
        /// What is in the way.
        reason: String,
    },
    /// The file is no WebAssembly at all.
    #[error(
        "not a WebAssembly component: the file does not start with the bytes of one; give the path of a .wasm file"
    )]
    NotWasm,
    /// A core module.
    #[error(
        "a core WebAssembly module, not a component; build it for a component target, as in \
         `cargo build --target wasm32-wasip2`"
    )]
    CoreModule,
    /// More bytes than allowed.
    #[error("component has {bytes} bytes, allowed are {max}; raise sandbox.max_component_bytes or strip the component")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Not the bytes the operator pinned.
    #[error("component has the digest sha256:{found}, the configuration says sha256:{expected}")]
    DigestMismatch {
        /// What the configuration says, in hexadecimal.
        expected: String,
        /// What the bytes hash to.
        found: String,
    },
    /// Bytes that do not form a component, or use features that are switched off.
    #[error("component is malformed or uses a feature that is switched off: {reason}")]
    Malformed {
        /// What the parser or compiler said.
        reason: String,
    },
    /// More of something than this host compiles.
    #[error(
        "component has {found} {what}, allowed are {max}: compiling it could take minutes and gigabytes; build it \
         optimised for size, or split it up"
    )]
    TooComplex {
        /// What there is too much of.
        what: &'static str,
        /// How much there is, or how much there was when counting ended.
        found: u64,
        /// The limit.
        max: u64,
    },
    /// Text in another encoding than UTF-8.
    #[error(
        "component passes text as {found}; only UTF-8 is taken: have its bindings convert, or set `string-encoding=utf8`"
    )]
    Encoding {
        /// `utf16` or `latin1+utf16`.
        found: &'static str,
    },
    /// No compiled code of it, and no compiler in this build.
    #[error(
        "component is not compiled, and this program was built without the feature `compiler`: {sought} is missing or of \
         another processor; have `spangate check` of version {version} fill sandbox.cache_dir on such a machine"
    )]
    NotCompiled {
        /// Where the compiled code was looked for.
        sought: String,
        /// The version that can compile it.
        version: &'static str,
    },
    /// A component that is no exporter.
    #[error("component exports no `spangate:exporter/lifecycle`, so it is no exporter; it exports {}", list(.exports))]
    WrongWorld {
        /// What it exports.
        exports: Vec<String>,
    },
    /// An exporter of another track of the contract.
    #[error(
        "component is built for track {found} of `spangate:exporter`, this host serves {served}; {}",
        if *.is_newer { "use a newer spangate or an older SDK" } else { "rebuild it with a newer SDK" }
    )]
    OtherTrack {
        /// The track of the component.
        found: String,
        /// The track of this host.
        served: String,
        /// Whether the component's is the newer one.
        is_newer: bool,
    },
    /// An exporter without signals.
    #[error("component exports none of span-exporter, started-span-exporter and event-exporter, so it takes no signal")]
    NoSignal,
    /// An import that is not granted.
    #[error("component imports `{import}`, which is not granted; add {remedy}")]
    NotGranted {
        /// The import's name.
        import: String,
        /// What to add to the configuration.
        remedy: String,
    },
    /// An import that could be granted, but not by this program.
    #[error(
        "component imports `{import}`, which needs the cargo feature `{feature}` of the crate spangate; this program was \
         built without it"
    )]
    NotBuilt {
        /// The import's name.
        import: String,
        /// The feature.
        feature: &'static str,
    },
    /// An import that no exporter gets.
    #[error("component imports `{import}`, which no exporter gets; {hint}")]
    UnknownImport {
        /// The import's name.
        import: String,
        /// What to use instead.
        hint: String,
    },
    /// A known interface whose shape is another than ours.
    #[error("component does not fit the contract: {reason}")]
    Mismatch {
        /// What does not fit.
        reason: String,
    },
    /// Needs more than a limit allows, before a call was made.
    #[error("component needs {needs} {what}, allowed are {max}; {hint}")]
    OverLimit {
        /// What of.
        what: &'static str,
        /// What it needs.
        needs: u64,
        /// The limit.
        max: u64,
        /// What to do.
        hint: &'static str,
    },
    /// The exporter was stopped while it was loaded.
    #[error("exporter was stopped in {phase}: {fault}")]
    Fault {
        /// `instantiation`, `describe` or `configure`.
        phase: &'static str,
        /// Why.
        fault: Fault,
    },
    /// The exporter described itself in a way that makes no sense.
    #[error("exporter describes itself wrongly: {reason}")]
    BadDescription {
        /// What is wrong.
        reason: String,
    },
    /// The exporter does not like its settings.
    #[error("settings are refused by the exporter: {}", list(.0))]
    Settings(Vec<SettingError>),
    /// A grant that cannot be used.
    #[error("{}", .0.join("; "))]
    BadGrant(Vec<String>),
    /// The sandbox is shut down.
    #[error("the sandbox is shut down")]
    ShutDown,
}

/// What is wrong with one setting, in the exporter's words, bounded and escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}{message}", .path, if .path.is_empty() { "" } else { ": " })]
pub struct SettingError {
    /// Dotted path inside the settings, empty for the whole.
    pub path: String,
    /// What was found and what is allowed.
    pub message: String,
}

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// Compiled code cannot run here.
    #[error("this machine cannot run compiled components: {0}")]
    Engine(String),
    /// No threads.
    #[error("cannot start the threads that run exporters: {0}")]
    Threads(#[from] std::io::Error),
}

/// Why compiled components are not kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum CacheError {
    #[error("no directory for compiled components: set sandbox.cache_dir, XDG_CACHE_HOME or HOME")]
    NoDirectory,
    #[error("{}: {source}", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{} {reason}, so that somebody else could plant code in it; {advice}", .path.display())]
    NotPrivate { path: PathBuf, reason: &'static str, advice: &'static str },
}

/// Items named in one message.
const MAX_LISTED: usize = 16;

fn list(items: &[impl std::fmt::Display]) -> String {
    if items.is_empty() {
        return "nothing".to_owned();
    }
    let mut shown: Vec<String> = items.iter().take(MAX_LISTED).map(ToString::to_string).collect();
    if items.len() > MAX_LISTED {
        shown.push(format!("and {} more", items.len() - MAX_LISTED));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_to_do() {
        let error = LoadError::NotGranted {
            import: "spangate:exporter/http@0.1.0".into(),
            remedy: "[exporters.billing.grants.http] allow = [...]".into(),
        };
        assert_eq!(
            error.to_string(),
            "component imports `spangate:exporter/http@0.1.0`, which is not granted; \
             add [exporters.billing.grants.http] allow = [...]"
        );
    }

    #[test]
    fn setting_errors_are_located() {
        let error = |path: &str| SettingError { path: path.into(), message: "missing".into() };
        let errors = LoadError::Settings(vec![error("endpoint"), error("")]);
        assert_eq!(errors.to_string(), "settings are refused by the exporter: endpoint: missing, missing");
    }
}
