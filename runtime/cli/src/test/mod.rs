//! `spangate test`: an exporter on trial, without a configuration and without a network.
//!
//! Every host call is recorded and every request is answered inside the process. `shapes` (of `rows`) are what is handed
//! over, `answer` is what a backend may say, `watcher` sees everything, `examine` and `growth` judge, `report` tells.

mod answer;
mod command;
mod examine;
mod finding;
mod growth;
mod report;
mod rows;
mod shapes;
mod stage;
mod watcher;

pub(crate) use answer::Answer;
pub(crate) use command::test;
