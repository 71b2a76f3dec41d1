//! A program that traces itself: spans at a steady rate, sent as OTLP over HTTP by spangate's sandboxed exporter, and by the
//! OpenTelemetry SDK with its exporter. Each is a process of its own, all of whose CPU time counts, and so is the backend,
//! whose time does not.

mod application;
mod command;
mod subject;

pub(crate) use self::{
    application::Alone,
    command::{EmbeddedArguments, embed},
};
