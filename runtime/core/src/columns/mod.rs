//! Telemetry in columns: a struct of arrays with one text arena, the form in which exporters read a batch.
//!
//! Complete: OTLP to columns and back is the identity, unknown protobuf fields and `Resource.entity_refs` excepted.

mod append;
mod column;
mod counts;
mod groups;
mod measure;
mod owner;
mod push;
mod read;
mod select;
mod store;
mod table;
mod tables;
mod values;

pub use column::{Column, ColumnSet};
pub use counts::Counts;
pub use groups::Groups;
pub use owner::Owner;
pub(crate) use push::push_text;
pub use push::{MAX_RECORDED_DEPTH, join_words, kind, pair, push_u64, u64_at, words};
pub use read::{AttributeRow, id_at, owned};
pub(crate) use select::{Fate, MAX_DEPTH, Sieve};
pub use store::{Columns, ColumnsBuilder};
pub use tables::*;
