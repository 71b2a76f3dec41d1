//! Where an exporter may connect to.
//!
//! Constraints, in order of weight:
//! - deny by default: scheme, host and port of a URL must equal an entry of the operator's list;
//! - a refused URL costs nothing: nothing is sent and no name is looked up;
//! - a name may resolve to anything, so every address is judged again, and only judged addresses are connected to;
//! - behind the operator's proxy the list holds as ever; names are looked up by the proxy, so that the addresses behind
//!   them are the proxy's to refuse. Its own address is judged: private if need be, since the operator named it;
//! - metadata services and link-local addresses are out of reach whatever the operator writes.

mod address;
#[cfg(fuzzing)]
pub mod fuzzing;
#[cfg(feature = "http")]
mod lookups;
#[cfg(feature = "http")]
mod misses;
mod policy;
#[cfg(all(test, feature = "http"))]
mod properties;
#[cfg(feature = "http")]
mod resolve_error;
#[cfg(feature = "http")]
mod resolver;

#[cfg(all(test, feature = "http"))]
pub(crate) use self::lookups::LookingUp;
#[cfg(feature = "http")]
pub(crate) use self::{
    lookups::{Lookup, Lookups, SystemLookup},
    policy::{EgressPolicy, EntryError, Refusal},
    resolve_error::ResolveError,
    resolver::PermittedResolver,
};
