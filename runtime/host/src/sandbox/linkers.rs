//! What exporters are linked with, put together once for each set of grants: two hundred functions, of which most are the
//! same for everybody and none depends on who calls it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use wasmtime::{Engine, component::Linker};

use super::{guest::Guest, lending, links::Links};
use crate::capability::{clock, http, log, metrics, terminal, wasi};

/// The linkers of one sandbox.
pub(super) struct Linkers {
    engine: Engine,
    /// One for each set of grants that an exporter had.
    linkers: Mutex<HashMap<Links, Arc<Linker<Guest>>>>,
}

impl Linkers {
    /// None yet.
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, linkers: Mutex::default() }
    }

    /// What they link for.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What is linked for `links`.
    ///
    /// # Errors
    /// If two of our functions have one name: a defect of ours.
    pub(super) fn find(&self, links: Links) -> wasmtime::Result<Arc<Linker<Guest>>> {
        let mut linkers = self.linkers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(linker) = linkers.get(&links) {
            return Ok(Arc::clone(linker));
        }
        let mut linker = Linker::new(&self.engine);
        link(&mut linker, links)?;
        let linker = Arc::new(linker);
        linkers.insert(links, Arc::clone(&linker));
        Ok(linker)
    }
}

impl fmt::Debug for Linkers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Linkers")
    }
}

/// Links what every exporter gets, and what `links` say.
///
/// # Errors
/// If two of them answer the same interface: a defect of ours.
fn link(linker: &mut Linker<Guest>, links: Links) -> wasmtime::Result<()> {
    wasi::link(linker)?;
    lending::link(linker)?;
    clock::link(linker, Guest::clock_view)?;
    log::link(linker, Guest::log_view)?;
    metrics::link(linker, Guest::metrics_view)?;
    if links.http {
        http::link(linker, Guest::http_view)?;
    }
    if cfg!(feature = "terminal") && links.terminal {
        terminal::link(linker, Guest::terminal_view)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::engine::build_engine;

    #[test]
    fn each_set_of_grants_is_linked_once_and_with_nothing_that_another_has() {
        let linkers = Linkers::new(build_engine(true).unwrap());
        let (none, http) = (Links { http: false, terminal: false }, Links { http: true, terminal: false });
        let find = |links| linkers.find(links).unwrap();
        assert!(Arc::ptr_eq(&find(none), &find(none)) && Arc::ptr_eq(&find(http), &find(http)));
        let reaching =
            wat::parse_str("(component (import \"spangate:exporter/http@0.1.0\" (instance (export \"send\" (func)))))");
        let reaching = wasmtime::component::Component::from_binary(linkers.engine(), &reaching.unwrap()).unwrap();
        let refused = |links| format!("{:#}", find(links).instantiate_pre(&reaching).err().expect("refused"));
        let (without, with) = (refused(none), refused(http));
        assert!(without.contains("missing"), "what is granted to one is linked for another: {without}");
        assert!(!with.contains("missing"), "{with}");
    }
}
