//! An exporter on its own: no configuration, no network, no clock but the machine's. What `test` and `bench` have in
//! common.

mod in_kind;
mod rehearsal;
mod settings;

pub(crate) use in_kind::in_kind;
pub(crate) use rehearsal::{Answering, Rehearsal, name_of};
pub(crate) use settings::read as read_settings;
