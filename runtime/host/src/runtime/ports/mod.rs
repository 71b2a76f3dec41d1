//! Everything of a runtime that listens: receivers and the admin endpoint. A build without the feature `receivers` has
//! no ports, and says so to a configuration that wants some.

#[cfg(not(feature = "receivers"))]
mod absent;
#[cfg(feature = "receivers")]
mod bound;
#[cfg(feature = "receivers")]
mod ports_view;
#[cfg(feature = "receivers")]
mod receivers;

#[cfg(not(feature = "receivers"))]
pub(super) use absent::{Ports, PortsView};
#[cfg(feature = "receivers")]
pub(super) use {bound::Ports, ports_view::PortsView};
