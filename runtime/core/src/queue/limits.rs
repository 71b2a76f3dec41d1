//! How large a queue may become.

/// What a full queue does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// Drops what comes.
    #[default]
    DropNewest,
    /// Drops what has waited longest.
    DropOldest,
    /// Hands back what comes; nothing is lost here, and whoever sent it has to wait.
    Refuse,
}

impl WhenFull {
    /// The policy's name in TOML and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DropNewest => "drop_newest",
            Self::DropOldest => "drop_oldest",
            Self::Refuse => "refuse",
        }
    }
}

/// Bounds of a queue and of what one attempt may carry. Batches that are being tried are not counted in the queue; when
/// they come back they may exceed the bounds by as much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Rows. Default 2,048.
    pub max_rows: usize,
    /// Bytes, as [`crate::batch::Batch::size`] and [`crate::batch::Batch::metadata_size`] count them. Default 64 MiB.
    pub max_bytes: usize,
    /// What happens beyond that.
    pub when_full: WhenFull,
    /// Rows of one batch; larger ones are cut, unless what the pieces repeat (resource, scope) came to more than 32 MiB.
    /// Default 512.
    pub max_batch_rows: u32,
    /// Bytes of one batch; larger ones are cut, down to one row. Default 4 MiB.
    pub max_batch_bytes: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            max_rows: 2_048,
            max_bytes: 64 << 20,
            when_full: WhenFull::DropNewest,
            max_batch_rows: 512,
            max_batch_bytes: 4 << 20,
        }
    }
}
