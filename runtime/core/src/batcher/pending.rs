//! Pieces that wait to be a batch.

use std::time::Duration;

use crate::{
    batch::{Batch, BatchId, Metadata},
    columns::ColumnsBuilder,
    intake::Records,
    otlp,
    signal::Signal,
};

/// What one batch will be made of.
pub(super) enum Form {
    /// Recorded in this process.
    Recorded(Box<ColumnsBuilder>),
    /// The same, as it was recorded.
    Records(Records),
    /// Received; joined when the batch is cut.
    Received(Vec<otlp::Request>),
}

/// Rows of one form and metadata.
pub(super) struct Pending {
    pub(super) form: Form,
    pub(super) metadata: Metadata,
    pub(super) rows: u32,
    /// Of the rows and of the metadata.
    pub(super) bytes: usize,
    /// When the first row has waited long enough.
    pub(super) deadline: Duration,
}

impl Form {
    /// What was recorded, as columns. None of what was received.
    pub(super) fn recorded(&mut self) -> Option<&mut ColumnsBuilder> {
        if let Self::Records(records) = self {
            *self = Self::Recorded(Box::new(std::mem::take(records).into_columns()));
        }
        match self {
            Self::Recorded(columns) => Some(columns),
            Self::Records(_) | Self::Received(_) => None,
        }
    }
}

impl Pending {
    /// Whether rows of this form and metadata belong here.
    pub(super) fn matches(&self, is_recorded: bool, metadata: &Metadata) -> bool {
        is_recorded != matches!(self.form, Form::Received(_)) && self.metadata == *metadata
    }

    /// The batches: one, unless requests cannot be joined.
    pub(super) fn into_batches(self, signal: Signal, mut next_id: impl FnMut() -> BatchId) -> Vec<Batch> {
        let requests = match self.form {
            Form::Recorded(columns) => {
                return vec![Batch::recorded(next_id(), signal, columns.freeze(), self.metadata)];
            }
            Form::Records(records) => return vec![Batch::of_records(next_id(), signal, records, self.metadata)],
            Form::Received(requests) => requests,
        };
        let joined = match requests.as_slice() {
            [_] => None,
            several => otlp::Request::join(several),
        };
        let whole = joined.map_or(requests, |request| vec![request]);
        whole.into_iter().map(|request| Batch::received(next_id(), signal, request, self.metadata.clone())).collect()
    }
}
