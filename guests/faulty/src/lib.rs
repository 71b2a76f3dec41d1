//! An exporter that misbehaves: `fault` in its settings names a file of this folder, and that is what it does with every
//! batch (`spin_configure`, `spin_flush` and `spin_shutdown` in the call they are named for). For tests of the sandbox
//! and for the demo. What Rust cannot emit is in `tests/wat`.
//!
//! It speaks the contract without the SDK, which would keep it from most of this.

#![cfg(target_family = "wasm")]

mod abort;
mod always_retry;
mod attribute_fisher;
mod bad_reply;
mod batch_hoard;
mod bindings;
mod clock_spin;
mod column_flood;
mod deep_recursion;
mod exit;
mod leak;
mod liar;
mod log_flood;
mod memory_bomb;
mod metric_flood;
mod payload_hoard;
mod pointer_chase;
mod poison_picky;
mod post;
mod rng_output;
mod secret_fisher;
mod sleep;
mod smuggle;
mod spin;
mod spin_configure;
mod spin_flush;
mod spin_shutdown;
mod stale_batch;
mod trap;
mod trap_nth;
mod wrong_host;

use std::cell::{Cell, RefCell};

use bindings::exports::spangate::exporter::{event_exporter, lifecycle, span_exporter, started_span_exporter, ticker};
use bindings::spangate::exporter;
use bindings::spangate::exporter::batch::{Batch, Outcome};

type Fault = fn(Batch, &Settings) -> Outcome;

const FAULTS: &[(&str, Fault)] = &[
    ("abort", abort::export),
    ("always_retry", always_retry::export),
    ("attribute_fisher", attribute_fisher::export),
    ("bad_reply", bad_reply::export),
    ("batch_hoard", batch_hoard::export),
    ("clock_spin", clock_spin::export),
    ("column_flood", column_flood::export),
    ("deep_recursion", deep_recursion::export),
    ("exit", exit::export),
    ("leak", leak::export),
    ("liar", liar::export),
    ("log_flood", log_flood::export),
    ("memory_bomb", memory_bomb::export),
    ("metric_flood", metric_flood::export),
    ("payload_hoard", payload_hoard::export),
    ("pointer_chase", pointer_chase::export),
    ("poison_picky", poison_picky::export),
    ("post", post::export),
    ("rng_output", rng_output::export),
    ("secret_fisher", secret_fisher::export),
    ("sleep", sleep::export),
    ("smuggle", smuggle::export),
    ("spin", spin::export),
    ("spin_configure", spin_configure::export),
    ("spin_flush", spin_flush::export),
    ("spin_shutdown", spin_shutdown::export),
    ("stale_batch", stale_batch::export),
    ("trap", trap::export),
    ("trap_nth", trap_nth::export),
    ("wrong_host", wrong_host::export),
];

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Name of a file of this folder.
    fault: String,
    /// `wrong_host`, `smuggle`, `rng_output`: where to post to.
    #[serde(default)]
    url: String,
    /// `post`, `secret_fisher`, `attribute_fisher`: where to post to, one after the other.
    #[serde(default)]
    urls: Vec<String>,
    /// `trap_nth`: how many calls until the trap.
    #[serde(default = "seven")]
    nth: u32,
    /// `bad_reply`: `huge` for a reason of 12 MiB, `rows` for rows that the batch does not have.
    #[serde(default)]
    reply: bad_reply::Reply,
}

fn seven() -> u32 {
    7
}

// Exports are free functions: an instance's state can live nowhere else.
thread_local! {
    static CONFIGURED: RefCell<Option<(Fault, Settings)>> = const { RefCell::new(None) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

struct Faulty;

impl lifecycle::Guest for Faulty {
    fn describe() -> lifecycle::Description {
        lifecycle::Description {
            name: "faulty".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            signals: ["spans", "started-spans", "events"].map(str::to_owned).to_vec(),
            event_names: vec!["*".to_owned()],
            reads: Vec::new(),
            max_batch_size: None,
            max_batch_bytes: None,
            tick_interval_ms: None,
        }
    }

    fn configure(settings: String) -> Result<(), Vec<lifecycle::SettingError>> {
        let error = |path: &str, message| vec![lifecycle::SettingError { path: path.to_owned(), message }];
        let settings: Settings = serde_json::from_str(&settings).map_err(|cause| error("", cause.to_string()))?;
        let Some((name, fault)) = FAULTS.iter().find(|(name, _)| *name == settings.fault) else {
            let names: Vec<_> = FAULTS.iter().map(|(name, _)| *name).collect();
            return Err(error("fault", format!("{:?} is none of {}", settings.fault, names.join(", "))));
        };
        if *name == "spin_configure" {
            spin::forever();
        }
        CONFIGURED.set(Some((*fault, settings)));
        Ok(())
    }

    fn flush() -> Result<(), String> {
        spin_if("spin_flush");
        Ok(())
    }

    fn shutdown() {
        spin_if("spin_shutdown");
    }
}

fn spin_if(name: &str) {
    let fault = CONFIGURED.with_borrow(|configured| configured.as_ref().map(|(_, settings)| settings.fault.clone()));
    if fault.as_deref() == Some(name) {
        spin::forever();
    }
}

fn export(batch: Batch) -> Outcome {
    CALLS.set(CALLS.get() + 1);
    CONFIGURED.with_borrow(|configured| match configured {
        Some((fault, settings)) => fault(batch, settings),
        None => Outcome::Rejected("not configured".to_owned()),
    })
}

impl span_exporter::Guest for Faulty {
    fn export_spans(batch: Batch) -> Outcome {
        export(batch)
    }
}

impl started_span_exporter::Guest for Faulty {
    fn export_started_spans(batch: Batch) -> Outcome {
        export(batch)
    }
}

impl event_exporter::Guest for Faulty {
    fn export_events(batch: Batch) -> Outcome {
        export(batch)
    }
}

impl ticker::Guest for Faulty {
    fn tick() -> Result<(), String> {
        Ok(())
    }
}
