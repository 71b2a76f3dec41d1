//! An exporter that misbehaves: `fault` in its settings names a file of this folder, and that is what it does with every
//! batch (`spin_configure` when it is configured). For tests of the sandbox and for the demo.
//!
//! It speaks the contract without the SDK, which would keep it from most of this.

#![cfg(target_family = "wasm")]

mod abort;
mod bad_reply;
mod bindings;
mod deep_recursion;
mod leak;
mod log_flood;
mod memory_bomb;
mod pointer_chase;
mod sleep;
mod spin;
mod spin_configure;
mod stale_batch;
mod trap;
mod trap_nth;
mod wrong_host;

use std::cell::{Cell, RefCell};

use bindings::exports::spangate::exporter::{event_exporter, lifecycle, span_exporter, started_span_exporter, ticker};
use bindings::spangate::exporter;
use bindings::spangate::exporter::batch::{Batch, Outcome};

type Fault = fn(Batch, &Settings) -> Outcome;

const FAULTS: [(&str, Fault); 14] = [
    ("abort", abort::export),
    ("bad_reply", bad_reply::export),
    ("deep_recursion", deep_recursion::export),
    ("leak", leak::export),
    ("log_flood", log_flood::export),
    ("memory_bomb", memory_bomb::export),
    ("pointer_chase", pointer_chase::export),
    ("sleep", sleep::export),
    ("spin", spin::export),
    ("spin_configure", spin_configure::export),
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
    /// `wrong_host`: where to post to.
    #[serde(default)]
    url: String,
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
        let Some((name, fault)) = FAULTS.into_iter().find(|(name, _)| *name == settings.fault) else {
            let names = FAULTS.map(|(name, _)| name).join(", ");
            return Err(error("fault", format!("{:?} is none of {names}", settings.fault)));
        };
        if name == "spin_configure" {
            spin::forever();
        }
        CONFIGURED.set(Some((fault, settings)));
        Ok(())
    }

    fn flush() -> Result<(), String> {
        Ok(())
    }

    fn shutdown() {}
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
