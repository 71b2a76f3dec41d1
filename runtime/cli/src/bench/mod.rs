//! `spangate bench`: how fast an exporter is in its sandbox, what it costs, and what to grant it.

mod command;
mod measure;
mod report;
mod samples;

pub(crate) use command::{BenchArgs, bench};
