//! The raw bytes of the unfinished line, for a coprocess that a trigger starts on it.

/// Maximum number of bytes kept. Escape sequences may take many times the space of a line's text.
const RAW_LIMIT: usize = 256 * 1024;

/// The raw bytes from the start of the unfinished line on.
#[derive(Debug, Default)]
pub(super) struct LineBuffer {
    bytes: Vec<u8>,
    /// Offset of `bytes` in the stream.
    start: u64,
}

impl LineBuffer {
    /// Appends printed bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends printed bytes that end at the offset `end` of the stream. Bytes of coshell that were printed in between, as
    /// those that cancel a sequence, are left out.
    pub(super) fn push_until(&mut self, end: u64, bytes: &[u8]) {
        self.push(bytes);
        self.start = end.saturating_sub(self.bytes.len() as u64).max(self.start);
    }

    /// Drops bytes before this offset in the stream.
    pub(super) fn keep_from(&mut self, offset: u64) {
        let end = self.start + self.bytes.len() as u64;
        let offset = offset.clamp(self.start, end).max(end.saturating_sub(RAW_LIMIT as u64));
        self.bytes.drain(..(offset - self.start) as usize);
        self.start = offset;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(RAW_LIMIT);
        }
    }

    /// Drops bytes before this offset in the stream, and all where too many are left.
    pub(super) fn keep_all_from(&mut self, offset: u64) {
        let end = self.start + self.bytes.len() as u64;
        if end.saturating_sub(offset.max(self.start)) > RAW_LIMIT as u64 {
            self.restart(end);
        }
        self.keep_from(offset);
    }

    /// Returns the bytes from this offset in the stream on; none unless all are kept.
    pub(super) fn all_from(&self, offset: u64) -> &[u8] {
        if offset < self.start { &[] } else { self.from(offset) }
    }

    /// Returns the bytes from this offset in the stream on, as far as they are kept.
    pub(super) fn from(&self, offset: u64) -> &[u8] {
        let from = offset.saturating_sub(self.start).min(self.bytes.len() as u64);
        &self.bytes[from as usize..]
    }

    /// Whether no bytes are kept.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Drops everything; the next bytes have this offset in the stream.
    pub(super) fn restart(&mut self, offset: u64) {
        self.bytes.clear();
        self.start = offset;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffer_keeps_bytes_from_offset_and_is_bounded() {
        let mut raw = LineBuffer::default();
        raw.push(b"one\r\ntwo");
        raw.keep_from(5);
        raw.push(b" more");
        assert_eq!(raw.from(5), b"two more");
        assert_eq!(raw.from(9), b"more");
        assert_eq!(raw.from(0), b"two more");
        for _ in 0..10 {
            raw.push(&[b'x'; 100_000]);
            raw.keep_from(5);
        }
        assert!(raw.from(0).len() <= RAW_LIMIT);
    }

    #[test]
    fn bytes_are_kept_whole_or_not_at_all() {
        let mut raw = LineBuffer::default();
        raw.push(b"row one, row two");
        raw.keep_all_from(4);
        assert_eq!(
            (raw.all_from(4), raw.all_from(3), raw.from(3)),
            (&b"one, row two"[..], &b""[..], &b"one, row two"[..])
        );
        raw.push(&[b'x'; RAW_LIMIT - 12]);
        raw.keep_all_from(4);
        assert_eq!(raw.all_from(4).len(), RAW_LIMIT);
        raw.push(b"y");
        raw.keep_all_from(4);
        assert!(raw.is_empty() && raw.all_from(4).is_empty());
        raw.push(b"z");
        assert_eq!(raw.all_from(RAW_LIMIT as u64 + 5), b"z");
    }

    #[test]
    fn bytes_between_are_left_out() {
        let mut raw = LineBuffer::default();
        raw.push_until(3, b"$ x");
        raw.keep_from(0);
        // One byte of coshell, and the rest of the line.
        raw.push_until(7, b"y\r\n");
        assert_eq!(raw.from(0), b"$ xy\r\n");
        raw.keep_from(7);
        raw.push_until(12, b"go\r\n");
        assert_eq!(raw.from(8), b"go\r\n");
    }
}
