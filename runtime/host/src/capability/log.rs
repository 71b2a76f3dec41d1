//! `log`: the exporter's own lines, at the expense of its fuel.

mod ctx;
pub(crate) mod speech;

use wasmtime::component::Linker;

pub(crate) use self::ctx::{LogCtx, LogGrant};
use self::speech::Speech;
use super::{CALL, Paced, charge};
use crate::{bindings::v0_1::imports::log, telemetry::Level};

/// The log of one call.
#[derive(Debug)]
pub(crate) struct LogView<'a> {
    /// What the instance says.
    pub(crate) speech: &'a Speech,
}

impl log::Host for LogView<'_> {
    fn log(&mut self, level: log::Level, message: String) {
        let level = match level {
            log::Level::Trace | log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        self.speech.say(level, &message);
    }
}

/// Answers `spangate:exporter/log`.
///
/// # Errors
/// If the linker has that interface already.
pub(crate) fn link<T: Paced>(linker: &mut Linker<T>, get_view: fn(&mut T) -> LogView<'_>) -> wasmtime::Result<()> {
    let mut instance = linker.instance("spangate:exporter/log@0.1.0")?;
    instance.func_wrap_async("log", move |mut store, (level, message): (log::Level, String)| {
        Box::new(async move {
            charge(&mut store, CALL + 2 * message.len() as u64).await?;
            log::Host::log(&mut get_view(store.data_mut()), level, message);
            Ok(())
        })
    })
}
