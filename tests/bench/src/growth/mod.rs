//! How costs grow: with the size of a batch, the number of exporters, attributes and threads, and a backend that is slow.
//!
//! Every point has a runtime of its own, which is warmed up, measured and shut down, so that nobody else's idle threads
//! are in its figures. Points are measured in turn, over many rounds. Costs are CPU time of the whole process without that
//! of the backend, from recording a span to its delivery, divided by the spans; where that is not so, the chart says it.

mod attributes;
mod batches;
mod chart;
mod command;
mod components;
mod effort;
mod exporters;
mod path;
mod picture;
mod requests;
mod slow_backend;
mod spans;
mod table;
mod threads;

pub(crate) use self::command::{GrowthArguments, grow};
