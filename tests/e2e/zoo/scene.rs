//! A runtime with a healthy exporter in it, and with a guest that misbehaves beside it.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use spangate::{
    NativeExporter, Runtime, Subscription,
    config::{self, Surroundings},
    sandbox::{LoadError, Sandbox, SandboxExporter, TerminalSink},
    status::{ExporterStatus, Status},
    telemetry::{Log, LogRecord, LogSink},
};
use spangate_tests::{get, guest, wait_until, wat};

use super::{
    load::{Load, Sink},
    specimen::{Guest, Specimen},
    wire::{self, Backend},
};

/// Requests kept of what the guest under test sends.
const KEPT: usize = 2_000;

/// What a sink panics with that the bait was said to.
pub(crate) const BAIT: &str = "as the guest wished";

/// What is said, line by line, and nobody's terminal.
#[derive(Default)]
pub(crate) struct Lines(Mutex<Vec<String>>);

impl LogSink for Lines {
    /// With a defect that a guest may find.
    fn log(&self, record: &LogRecord<'_>) {
        let line = format!("{}: {}", record.target, record.message);
        if line.contains("make the host panic") {
            std::panic::panic_any(BAIT);
        }
        self.lock().push(line);
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything so far.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().clone()
    }
}

impl TerminalSink for Lines {
    fn colors(&self) -> bool {
        false
    }

    fn width(&self) -> Option<u32> {
        None
    }

    fn write(&self, _: &str) {}
}

/// Where components are, and what was compiled of them.
pub(crate) struct Folder {
    dir: tempfile::TempDir,
    faulty: PathBuf,
}

impl Folder {
    /// An empty one; builds the faulty guest.
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("a folder"), faulty: guest("faulty") }
    }

    fn cache(&self) -> PathBuf {
        self.dir.path().join("cache")
    }

    /// The component of a specimen, as a file.
    pub(crate) fn component(&self, specimen: &Specimen) -> PathBuf {
        match specimen.guest {
            Guest::Faulty(_) => self.faulty.clone(),
            Guest::Wat(name) => {
                let file = self.dir.path().join(format!("{name}.wasm"));
                if !file.exists() {
                    fs::write(&file, wat(name)).expect("room for a component");
                }
                file
            }
        }
    }
}

/// A runtime, what it says and where it sends.
pub(crate) struct Scene {
    pub(crate) runtime: Runtime,
    pub(crate) lines: Arc<Lines>,
    pub(crate) sink: Sink,
    /// Where the guest may send to.
    pub(crate) backend: Backend,
    /// Where it may not.
    pub(crate) forbidden: Backend,
    /// Sees to an exporter that was loaded by hand.
    _sandbox: Option<Sandbox>,
}

impl Scene {
    /// The healthy exporter, alone or with `specimen` beside it. Compiled components are kept in `folder`.
    ///
    /// # Errors
    /// What starting says.
    pub(crate) fn start(folder: &Folder, specimen: Option<&Specimen>) -> Result<Self, String> {
        let lines = Arc::new(Lines::default());
        let sink = Sink::start();
        let answer = specimen.map_or(wire::ok(), |specimen| (specimen.answer)());
        let (backend, forbidden) = (Backend::start(KEPT, answer), Backend::start(KEPT, wire::ok()));
        let by_hand = specimen.filter(|specimen| specimen.is_bait);
        let by_hand = by_hand.map(|specimen| load_by_hand(folder, specimen, &lines)).transpose()?;
        let mut text = healthy(folder, &sink);
        if let (Some(specimen), None) = (specimen, &by_hand) {
            text += &bad(folder, specimen, &backend, &forbidden);
        }
        let mut builder = Runtime::from_toml(text).log(lines.clone());
        let (sandbox, exporter) = by_hand.unzip();
        if let Some(exporter) = exporter {
            builder = builder.native_exporter("bad", NativeExporter::new(exporter, Subscription::spans()));
        }
        let runtime = builder.start().map_err(|error| error.to_string())?;
        Ok(Self { runtime, lines, sink, backend, forbidden, _sandbox: sandbox })
    }

    pub(crate) fn status(&self) -> Status {
        self.runtime.status()
    }

    /// One exporter's part of the status: `healthy` or `bad`.
    pub(crate) fn exporter(&self, name: &str) -> ExporterStatus {
        let exporters = self.status().exporters;
        exporters.into_iter().find(|exporter| exporter.name == name).unwrap_or_else(|| panic!("no exporter {name}"))
    }

    /// The guest under test.
    pub(crate) fn bad(&self) -> ExporterStatus {
        self.exporter("bad")
    }

    /// What the guest last rejected a batch for.
    pub(crate) fn last_reason(&self) -> String {
        wait_until("a refusal", || self.bad().last_refusal).reason
    }

    /// What the guest last rejected a batch for, once it satisfies `is_it`.
    pub(crate) fn wait_for(&self, what: &str, is_it: impl Fn(&ExporterStatus) -> bool) -> ExporterStatus {
        wait_until(what, || Some(self.bad()).filter(&is_it))
    }

    /// Waits until nothing of the guest's is queued or in flight.
    pub(crate) fn settle(&self) -> ExporterStatus {
        self.wait_for("the guest to come to an end", |bad| bad.ledger.queued + bad.ledger.in_flight == 0)
    }

    /// Hands in `requests` more, as fast as may be.
    pub(crate) fn feed(&self, requests: u32) {
        let load = Load::new();
        for _ in 0..requests {
            load.send(self);
        }
    }

    /// What a page of the admin endpoint says.
    pub(crate) fn page(&self, path: &str) -> String {
        let address = self.runtime.admin_addr().expect("an admin endpoint");
        let (code, page) = get(&format!("http://{address}{path}")).expect("an answer");
        assert_eq!(code, 200, "{path}: {page}");
        page
    }
}

/// Everything but the guest under test.
fn healthy(folder: &Folder, sink: &Sink) -> String {
    let url = sink.backend.url();
    format!(
        r#"
        [admin]
        listen = "127.0.0.1:0"
        [sandbox]
        cache_dir = "{}"
        [batch]
        schedule_delay = "10ms"
        max_export_batch_size = 128
        [exporters.healthy]
        component = "builtin:otlp"
        [exporters.healthy.queue]
        max_queue_size = 1000000
        [exporters.healthy.limits]
        cpu_share = 1.0
        [exporters.healthy.grants.http]
        allow = ["{url}"]
        [exporters.healthy.settings]
        endpoint = "{url}"
        "#,
        folder.cache().display()
    )
}

/// The guest under test, for one configuration or another.
fn bad(folder: &Folder, specimen: &Specimen, backend: &Backend, forbidden: &Backend) -> String {
    let fault = match specimen.guest {
        Guest::Faulty(name) => format!("fault = \"{name}\""),
        Guest::Wat(_) => String::new(),
    };
    let queue = match specimen.tables.contains("[exporters.bad.queue]") {
        true => "",
        false => "[exporters.bad.queue]\nmax_queue_size = 1000000\n",
    };
    let Specimen { limits, grants, settings, tables, .. } = specimen;
    let text = format!(
        "[exporters.bad]\ncomponent = \"{}\"\n{queue}[exporters.bad.limits]\n{limits}\n[exporters.bad.grants.http]\n\
         allow = [\"{{backend}}\"]\n{grants}\n{tables}\n[exporters.bad.settings]\n{fault}\n{settings}\n",
        folder.component(specimen).display()
    );
    // What the specimen says itself holds.
    let text = match grants.contains("allow = ") {
        true => text.replacen("allow = [\"{backend}\"]\n", "", 1),
        false => text,
    };
    text.replace("{backend}", &backend.url())
        .replace("{forbidden}", &forbidden.url())
        .replace("{forbidden_port}", &forbidden.port().to_string())
        .replace("{port}", &backend.port().to_string())
        .replace("{hostname}", &hostname())
}

fn hostname() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// A sandbox of its own, whose log has panics that nobody catches.
fn load_by_hand(
    folder: &Folder,
    specimen: &Specimen,
    lines: &Arc<Lines>,
) -> Result<(Sandbox, Arc<SandboxExporter>), String> {
    let alone = Alone::new(folder, lines.clone());
    let exporter = alone.load(folder, specimen).map_err(|error| error.to_string())?;
    Ok((alone.sandbox, exporter))
}

/// A sandbox without pipeline and neighbours.
pub(crate) struct Alone {
    pub(crate) sandbox: Sandbox,
    pub(crate) runtime: tokio::runtime::Runtime,
    backend: Backend,
    forbidden: Backend,
}

impl Alone {
    pub(crate) fn new(folder: &Folder, lines: Arc<Lines>) -> Self {
        let config = config::Sandbox { cache_dir: Some(folder.cache()), ..config::Sandbox::default() };
        let sandbox = Sandbox::new(&config, Log::new(lines.clone()), lines).expect("a sandbox");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (backend, forbidden) = (Backend::start(0, wire::ok()), Backend::start(0, wire::ok()));
        Self { sandbox, runtime, backend, forbidden }
    }

    /// Loads `specimen` as its row says.
    ///
    /// # Errors
    /// What loading says.
    pub(crate) fn load(&self, folder: &Folder, specimen: &Specimen) -> Result<Arc<SandboxExporter>, LoadError> {
        let text = bad(folder, specimen, &self.backend, &self.forbidden);
        let around =
            Surroundings { file: Path::new("zoo.toml"), builtins: &[], variable: &|_| None, is_file: &|_| true };
        let document = config::parse(text.as_bytes(), &around).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let config = &document.config.exporters["bad"];
        let bytes = fs::read(folder.component(specimen)).expect("a component");
        self.runtime.block_on(self.sandbox.load("bad", bytes.into(), config))
    }
}
