//! Bounded queue of bytes for one writer.

/// Bytes queued for one writer, oldest first.
#[derive(Debug)]
pub(super) struct WriteBuffer {
    bytes: Vec<u8>,
    /// Number of bytes written already: `sent <= bytes.len()`.
    sent: usize,
    /// Number of queued bytes at which `room` is 0; `push` does not enforce it.
    limit: usize,
}

impl WriteBuffer {
    /// Creates an empty buffer for `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), sent: 0, limit }
    }

    /// Queues bytes. The caller checks `room` before it reads them.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        // The written prefix is dropped only where the vector would otherwise grow, so that not every push moves the bytes.
        if self.sent > 0 && self.bytes.len() + bytes.len() > self.bytes.capacity() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Removes the first `n` bytes, which the writer has written.
    pub(super) fn wrote(&mut self, n: usize) {
        self.sent += n;
        debug_assert!(self.sent <= self.bytes.len(), "no more is written than is queued");
        if self.sent >= self.bytes.len() {
            self.clear();
        }
    }

    /// Takes all queued bytes.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let rest = self.bytes.split_off(self.sent);
        self.clear();
        rest
    }

    /// Discards all queued bytes, and memory beyond `RETAINED`.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
        self.bytes.shrink_to(Self::RETAINED);
    }

    /// Returns the queued bytes.
    pub(super) fn pending(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// Returns the number of queued bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Returns whether no bytes are queued.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many more bytes may be queued.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.len())
    }

    /// Capacity that an empty buffer keeps, so that steady traffic does not allocate.
    const RETAINED: usize = 64 * 1024;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_is_fifo_for_any_chunks() {
        let mut queue = WriteBuffer::new(10);
        let (mut read, mut next) = (Vec::new(), 0_u8);
        for n in [3, 1, 7, 2, 5, 4] {
            let bytes: Vec<u8> = (0..n)
                .map(|_| {
                    next += 1;
                    next
                })
                .collect();
            queue.push(&bytes);
            let take = queue.len() / 2 + 1;
            read.extend_from_slice(&queue.pending()[..take]);
            queue.wrote(take);
        }
        read.extend_from_slice(&queue.take());
        assert_eq!(read, (1..=22).collect::<Vec<u8>>());
        assert!(queue.is_empty());
    }

    #[test]
    fn room_excludes_queued_bytes() {
        let mut queue = WriteBuffer::new(4);
        assert_eq!(queue.room(), 4);
        queue.push(b"abcdef");
        assert_eq!(queue.room(), 0);
        queue.wrote(3);
        assert_eq!((queue.room(), queue.pending()), (1, &b"def"[..]));
    }
}
