//! Beside an OpenTelemetry Collector, a program of its own: OTLP over HTTP in at a steady rate, and out again.

mod command;
mod process;

pub(crate) use self::command::{CollectorArguments, compare};
