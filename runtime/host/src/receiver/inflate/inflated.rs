//! What comes out of a decompressor, under the limits of its receiver.

use super::super::{budget::Charge, failure::Failure};

/// What has come out so far.
pub(super) struct Inflated<'a> {
    bytes: Vec<u8>,
    max_bytes: usize,
    charge: &'a mut Charge,
}

impl<'a> Inflated<'a> {
    /// For at most `max_bytes`, with room for as many as are `expected`.
    pub(super) fn new(expected: usize, max_bytes: usize, charge: &'a mut Charge) -> Self {
        Self { bytes: Vec::with_capacity(expected.min(max_bytes)), max_bytes, charge }
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// Too large as soon as the limit is passed; over budget.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.check_room(piece.len())?;
        self.charge.add(piece.len())?;
        let length = self.bytes.len() + piece.len();
        if length > self.bytes.capacity() {
            // By doubling, but never beyond the limit.
            let capacity = self.bytes.capacity().saturating_mul(2).clamp(length, self.max_bytes);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// Whether `more` bytes would still be within the limit.
    ///
    /// # Errors
    /// Too large.
    pub(super) fn check_room(&self, more: usize) -> Result<(), Failure> {
        if more > self.max_bytes - self.bytes.len() {
            let message = format!("the body is larger than {} bytes when decompressed", self.max_bytes);
            return Err(Failure::TooLarge(message));
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.shrink_to_fit();
        self.bytes
    }
}
