//! A batch: an immutable value that is cut once for all exporters and read through lazy, shared views.
//!
//! A batch is kept as it came: recorded spans are columns, received OTLP requests are bytes with a light index. The
//! other views are built when the first exporter asks, at most once, and shared by all.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use crate::{columns::Columns, otlp, signal::Signal};

/// Sixteen bytes, stable across attempts and restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchId(pub [u8; 16]);

/// What the operator let through of a request's headers: lower-case names, in the order of the configuration.
pub type Metadata = Arc<[(String, String)]>;

/// An immutable batch of one signal.
#[derive(Debug)]
pub struct Batch {
    id: BatchId,
    signal: Signal,
    len: u32,
    metadata: Metadata,
    origin: Origin,
    columns: OnceLock<Columns>,
    otlp: OnceLock<Bytes>,
    otlp_json: OnceLock<Arc<String>>,
}

/// The form a batch came in.
#[derive(Debug)]
pub enum Origin {
    /// Recorded in this process.
    Recorded(Columns),
    /// Received as an OTLP request, already scanned.
    Received(otlp::Request),
}

impl Batch {
    /// The batch's id, an idempotency key.
    pub fn id(&self) -> BatchId {
        self.id
    }

    /// What the rows are.
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Number of rows.
    #[expect(clippy::len_without_is_empty, reason = "a batch is never empty")]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Value of a metadata key, by lower-case name.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}
