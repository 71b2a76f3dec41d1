//! How large an intake may become.

/// Bounds of an intake, all signals together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntakeOptions {
    /// Rows that wait to be collected. Default 32,768. A quarter of them may lie with idle threads.
    pub max_rows: usize,
    /// Bytes that wait to be collected, some of them estimated. Default 64 MiB. A quarter of them may lie with
    /// idle threads.
    pub max_bytes: usize,
    /// Rows after which a chunk is full. Default 512, that of a batch.
    pub chunk_rows: u32,
    /// Estimated bytes after which a chunk is full. Default 2 MiB.
    pub chunk_bytes: usize,
    /// Parts that threads are spread over: 1 to 65,536, and the next power of two. Default 64.
    pub shards: usize,
}

impl Default for IntakeOptions {
    fn default() -> Self {
        Self { max_rows: 32_768, max_bytes: 64 << 20, chunk_rows: 512, chunk_bytes: 2 << 20, shards: 64 }
    }
}
