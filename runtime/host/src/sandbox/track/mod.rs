//! Tracks: breaking versions of the contract. The track of a component is chosen once, at load, by the version of the
//! `lifecycle` interface that it exports.

mod name;
mod needs;
pub(super) mod v0_1;

pub(super) use name::InterfaceName;
pub use needs::Need;
pub(super) use needs::{PACKAGE, need_of};
