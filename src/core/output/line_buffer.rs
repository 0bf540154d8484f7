//! The raw bytes of the unfinished line, for a coprocess that a trigger may start on it.

/// How much is kept of them: escape sequences may be many times a line's text.
const RAW_LIMIT: usize = 256 * 1024;

/// The raw bytes from the start of the unfinished line on.
#[derive(Debug, Default)]
pub(super) struct LineBuffer {
    bytes: Vec<u8>,
    /// Where `bytes` begins in the stream.
    start: u64,
}

impl LineBuffer {
    /// Bytes were printed.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Nothing before this place in the stream is wanted any more.
    pub(super) fn keep_from(&mut self, place: u64) {
        let end = self.start + self.bytes.len() as u64;
        let place = place.clamp(self.start, end).max(end.saturating_sub(RAW_LIMIT as u64));
        self.bytes.drain(..(place - self.start) as usize);
        self.start = place;
        if self.bytes.is_empty() {
            self.bytes.shrink_to(RAW_LIMIT);
        }
    }

    /// Everything from this place in the stream on, as far as it is still there.
    pub(super) fn from(&self, place: u64) -> &[u8] {
        let from = place.saturating_sub(self.start).min(self.bytes.len() as u64);
        &self.bytes[from as usize..]
    }

    /// Whether no bytes are kept.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The stream goes on at this place: what was kept is of no use.
    pub(super) fn restart(&mut self, place: u64) {
        self.bytes.clear();
        self.start = place;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_keeps_what_is_asked_for_and_is_bounded() {
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
}
