//! A bounded queue of bytes in front of one writer. It knows nothing of what the bytes mean.

/// Bytes that wait for one writer, oldest first.
#[derive(Debug)]
pub(super) struct WriteBuffer {
    bytes: Vec<u8>,
    /// What has been written already: `sent <= bytes.len()`.
    sent: usize,
    /// `room()` counts down to 0 here; `push` itself never refuses.
    limit: usize,
}

impl WriteBuffer {
    /// An empty box that is full at `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), sent: 0, limit }
    }

    /// Puts bytes behind those that wait. The caller asked `room` before it read them.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.sent > 0 && self.bytes.len() + bytes.len() > self.bytes.capacity() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The writer took the first `n` bytes.
    pub(super) fn wrote(&mut self, n: usize) {
        self.sent += n;
        debug_assert!(self.sent <= self.bytes.len(), "no more is written than waits");
        if self.sent >= self.bytes.len() {
            self.clear();
        }
    }

    /// Takes everything that waits.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let rest = self.bytes.split_off(self.sent);
        self.clear();
        rest
    }

    /// Forgets everything that waits, and the memory of a burst with it.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
        self.bytes.shrink_to(Self::KEPT);
    }

    /// What waits.
    pub(super) fn pending(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many more bytes it may be given.
    pub(super) fn room(&self) -> usize {
        self.limit.saturating_sub(self.len())
    }

    /// The memory that an empty box keeps, so that steady traffic allocates nothing.
    const KEPT: usize = 64 * 1024;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_fifo_whatever_the_cuts() {
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
    fn room_counts_what_waits() {
        let mut queue = WriteBuffer::new(4);
        assert_eq!(queue.room(), 4);
        queue.push(b"abcdef");
        assert_eq!(queue.room(), 0);
        queue.wrote(3);
        assert_eq!((queue.room(), queue.pending()), (1, &b"def"[..]));
    }
}
