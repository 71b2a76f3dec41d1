#![doc = include_str!("../README.md")]

mod record;
mod reporter;
#[cfg(test)]
mod tests;

pub use reporter::{SpangateReporter, reporter};
pub use spangate_core as core;
