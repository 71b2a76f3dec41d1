//! The layer as a service sees it: spans of `tracing` in, finished spans out.

mod events;
mod fields;
mod lifetimes;
mod parents;
mod propagation;
mod sampling;
mod several;
mod stage;
