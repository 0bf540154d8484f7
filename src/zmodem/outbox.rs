//! The bytes that a side has to write.

/// Number of written bytes from which they are removed from the front.
const COMPACT_AT: usize = 64 * 1024;

/// Queue of bytes in front of the writer. A sender demands no data while much is pending. The answers to requests are
/// bounded by the caller, which reads no further input while much is pending.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    written: usize,
}

impl Outbox {
    /// Returns the bytes that were not written yet.
    pub(super) fn pending(&self) -> &[u8] {
        &self.bytes[self.written..]
    }

    /// Records that the first `n` of these were written.
    pub(super) fn wrote(&mut self, n: usize) {
        self.written += n;
        if self.written == self.bytes.len() {
            self.clear();
        } else if self.written >= COMPACT_AT {
            self.bytes.drain(..self.written);
            self.written = 0;
        }
    }

    /// Returns the queue to append to.
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Drops what was not written.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
    }

    /// Puts `bytes` in place of what was not written.
    pub(super) fn replace(&mut self, bytes: &[u8]) {
        self.clear();
        self.bytes.extend_from_slice(bytes);
    }
}
