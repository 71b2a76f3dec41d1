//! The published proof: an exporter that misbehaves slows down neither the application nor another exporter.
//!
//! One process, in which an application records spans at a steady rate and a healthy exporter delivers them, alone and
//! beside each bad neighbour, in turn, over many rounds. Every recording is timed by itself. Nothing here is asserted about
//! times: the table says what was measured, and how that compares with the targets.

mod application;
mod command;
mod cores;
mod measurement;
mod neighbour;
mod outcome;
mod picture;
mod scene;
mod table;

pub(crate) use self::command::{ProofArguments, prove};
