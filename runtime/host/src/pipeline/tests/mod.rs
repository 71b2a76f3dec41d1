//! The pipeline with native exporters that do as they are told. Time stands still unless a test lets it pass.

mod closing;
mod credentials;
mod intake;
mod outcomes;
mod queues;
mod scripted;
mod stage;
mod views;
