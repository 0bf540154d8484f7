//! Bytes that are inserted in a chunk of output on its way to the terminal.

/// Number of inserted bytes in a chunk, besides `MOST_FOR_BYTE` for each of its own, from which no further line is changed: a
/// pattern that matches each character would multiply the output.
const MOST: usize = 64 * 1024;
const MOST_FOR_BYTE: usize = 4;

/// The insertions, in the order of their places.
#[derive(Debug, Default)]
pub(in crate::core::output) struct Insertions {
    bytes: Vec<u8>,
    /// Place of each in the chunk, and its end in `bytes`.
    ends: Vec<(usize, usize)>,
}

impl Insertions {
    /// Returns whether there is room for the decorations of one more line in a chunk of this length.
    pub(super) fn has_room(&self, chunk: usize) -> bool {
        self.bytes.len() < MOST + MOST_FOR_BYTE * chunk
    }

    /// Inserts `bytes` at the place `at`, unless something was inserted behind it: lines come in their order.
    pub(super) fn push(&mut self, at: usize, bytes: &[u8]) {
        if !bytes.is_empty() && self.ends.last().is_none_or(|&(last, _)| last <= at) {
            self.bytes.extend_from_slice(bytes);
            self.ends.push((at, self.bytes.len()));
        }
    }

    /// Calls `with` for each piece of `chunk` and of what is inserted, in order.
    pub(in crate::core::output) fn for_each_piece(&self, chunk: &[u8], mut with: impl FnMut(&[u8])) {
        let (mut from, mut begin) = (0, 0);
        for &(at, end) in &self.ends {
            with(&chunk[from..at]);
            with(&self.bytes[begin..end]);
            (from, begin) = (at, end);
        }
        with(&chunk[from..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_inserted_at_their_places() {
        let mut insertions = Insertions::default();
        insertions.push(0, b"<");
        insertions.push(2, b"-");
        insertions.push(2, b"+");
        insertions.push(3, b"");
        insertions.push(4, b">");
        insertions.push(3, b"late");
        let mut all = Vec::new();
        insertions.for_each_piece(b"abcd", |piece| all.extend_from_slice(piece));
        assert_eq!(all, b"<ab-+cd>");
    }
}
