//! A flood: threads that record as fast as they can, far faster than spans are exported. What becomes of memory, and of
//! spans. Each library is in a process of its own, and is watched from within.

mod alone;
mod command;
mod exporting;
mod subject;
mod table;

pub(crate) use self::{
    alone::Alone,
    command::{FloodArguments, flood},
};
