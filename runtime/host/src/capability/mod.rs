//! What a guest may reach: one capability is one file, or a folder once it is large; five parts, always in this order.
//!
//! 1. `XGrant`: the checked form of its TOML table. 2. `XCtx`: state and budget of one exporter, shared by its
//!    instances. 3. `XView<'_>`: what a host call sees. 4. `impl Host for XView<'_>`: the generated trait, the doing.
//! 5. `link(linker, get_view)`: by hand, because every host call first pays fuel ([`charge`]). Tests at the foot:
//!    allowed, denied, over budget.
//!
//! Not granted means not linked: the component is refused at load, by the import's name. What can be granted is a cargo
//! feature (`http`, `terminal`); without it the same holds, whatever is granted.

pub(crate) mod backend;
mod call_clock;
pub(crate) mod clock;
#[cfg(any(feature = "http", fuzzing))]
pub(crate) mod egress;
mod fuel;
#[cfg(feature = "http")]
pub(crate) mod http;
#[cfg(not(feature = "http"))]
#[path = "http_absent.rs"]
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod metrics;
pub(crate) mod output;
pub(crate) mod terminal;
pub(crate) mod wasi;

pub(crate) use self::{
    call_clock::CallClock,
    fuel::{CALL, Pace, Paced, charge},
};
