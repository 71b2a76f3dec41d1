//! Answers what the host cannot take: more text than fits through, or rows that the batch does not have.

use crate::exporter::batch::Partial;
use crate::{Batch, Outcome, Settings};

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    #[default]
    Huge,
    Rows,
}

pub fn export(batch: Batch, settings: &Settings) -> Outcome {
    match settings.reply {
        Reply::Huge => Outcome::Rejected("x".repeat(12 << 20)),
        Reply::Rows => Outcome::Partial(Partial {
            rejected: u32::MAX,
            rejected_rows: vec![0, batch.len(), u32::MAX],
            retry_rows: vec![batch.len() + 1; 1000],
            delay_ms: Some(u32::MAX),
            reason: "rows \u{1b}[31mout of range\u{7}\n".to_owned(),
        }),
    }
}
