//! The smallest exporter: one line per span.

use std::sync::Arc;

use spangate::core::{
    batch::Batch,
    columns::pair,
    exporter::{ExportError, ExportFuture, ExportOutcome, Exporter},
};

/// Prints the names of spans.
pub(crate) struct Print;

impl Exporter for Print {
    fn export(&self, batch: Arc<Batch>, _attempt: u32) -> ExportFuture<'_, Result<ExportOutcome, ExportError>> {
        Box::pin(async move {
            let columns = batch.columns();
            for row in 0..batch.len() as usize {
                println!("span {}", columns.text_at(pair(&columns.spans.name, row)));
            }
            Ok(ExportOutcome::Accepted)
        })
    }
}
