//! The pipeline with native exporters that do as they are told. Time stands still unless a test lets it pass.

mod burial;
mod closing;
mod conservation;
mod credentials;
mod intake;
mod narrowing;
mod outcomes;
mod poison;
mod queues;
mod records;
mod scripted;
mod stage;
mod views;
