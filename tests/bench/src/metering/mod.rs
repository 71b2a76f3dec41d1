//! What metering costs: the same components in wasmtime with the sandbox's settings, with fuel and yields and without.
//!
//! The product has no way to run a guest unmetered, and shall have none. So this is a host of its own, which lends columns as
//! the product does, answers a request at once, and charges for host calls only where fuel is burnt.

mod bindings;
mod cases;
mod columns;
mod engine;
mod host;
mod instance;

pub(crate) use self::cases::groups;
