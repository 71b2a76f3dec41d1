//! The exporter's own log, told by the host under the exporter's name. Lines are limited in number and length.
//!
//! ```
//! use spangate_sdk::log;
//! log::info!("sent {} spans", 3);
//! ```

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
}

/// Writes one line.
pub fn write(level: Level, message: &str) {
    #[cfg(target_family = "wasm")]
    {
        use crate::bindings::spangate::exporter::log;
        let level = match level {
            Level::Trace => log::Level::Trace,
            Level::Debug => log::Level::Debug,
            Level::Info => log::Level::Info,
            Level::Warn => log::Level::Warn,
            Level::Error => log::Level::Error,
        };
        log::log(level, message);
    }
    #[cfg(not(target_family = "wasm"))]
    crate::testing::host::write_log(level, message);
}

macro_rules! level {
    ($(#[$meta:meta])* $exported:ident as $name:ident, $Level:ident, $dollar:tt) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $exported {
            ($dollar($dollar arguments:tt)+) => {
                $crate::log::write($crate::log::Level::$Level, &::std::format!($dollar($dollar arguments)+))
            };
        }
        $(#[$meta])*
        #[doc(inline)]
        pub use $exported as $name;
    };
}

level! {
    /// Writes a line at level trace.
    __log_trace as trace, Trace, $
}
level! {
    /// Writes a line at level debug.
    __log_debug as debug, Debug, $
}
level! {
    /// Writes a line at level info.
    __log_info as info, Info, $
}
level! {
    /// Writes a line at level warn.
    __log_warn as warn, Warn, $
}
level! {
    /// Writes a line at level error.
    __log_error as error, Error, $
}
