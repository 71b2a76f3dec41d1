//! For tests of memory, each in a process of its own, since a peak is one of the whole process.

use spangate::telemetry::{LogRecord, LogSink};
use spangate_core::{
    batch::Metadata,
    consumer::{Consumer, Refusal},
    otlp::Request,
    signal::Signal,
};

/// Takes everything, keeps nothing, listens to nothing.
pub(crate) struct Nobody;

impl Consumer for Nobody {
    fn admit(&self, _: Signal) -> Result<(), Refusal> {
        Ok(())
    }

    fn consume(&self, _: Signal, _: Request, _: Metadata) -> Result<(), Refusal> {
        Ok(())
    }
}

impl LogSink for Nobody {
    fn log(&self, _: &LogRecord<'_>) {}
}

/// Peak of resident memory, bytes.
pub(crate) fn peak_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}
