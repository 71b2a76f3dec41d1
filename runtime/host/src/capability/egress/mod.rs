//! Where an exporter may connect to.
//!
//! Constraints, in order of weight:
//! - deny by default: scheme, host and port of a URL must equal an entry of the operator's list;
//! - a refused URL costs nothing: nothing is sent and no name is looked up;
//! - a name may resolve to anything, so every address is judged again, and only judged addresses are connected to;
//! - metadata services and link-local addresses are out of reach whatever the operator writes.

mod address;
mod policy;
mod resolver;

#[cfg(test)]
pub(crate) use self::resolver::LookingUp;
pub(crate) use self::{
    policy::{EgressPolicy, EntryError, Refusal},
    resolver::{Lookup, PermittedResolver, ResolveError, SystemLookup},
};
