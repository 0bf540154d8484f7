//! Bounded tail of a command's stderr.

use crate::display::one_line;

/// Number of bytes kept.
const KEPT: usize = 100_000;
/// Number of lines that a notice shows.
const SHOWN: usize = 3;

/// Tail of a stream.
#[derive(Debug, Default)]
pub(super) struct StderrTail {
    /// At most twice `KEPT`, so that not every push moves the bytes.
    bytes: Vec<u8>,
}

impl StderrTail {
    /// Appends bytes of the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * KEPT {
            self.bytes.drain(..self.bytes.len() - KEPT);
        }
    }

    /// Returns the last bytes, at most `KEPT`.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[self.bytes.len().saturating_sub(KEPT)..]
    }

    /// Returns the last `SHOWN` non-blank lines, without control characters, for display on a terminal.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let lines = self.lines();
        lines[lines.len().saturating_sub(SHOWN)..].to_vec()
    }

    /// Returns all non-blank lines, without control characters.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(self.bytes());
        text.lines().map(one_line).filter(|line| !line.trim().is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_lines_have_no_control_characters() {
        let mut tail = StderrTail::default();
        tail.push(b"one\ntwo\n\nthr\x1b[31mee\n");
        tail.push(b"four\n");
        assert_eq!(tail.last_lines(), ["two", "thr[31mee", "four"]);
    }

    #[test]
    fn tail_is_bounded() {
        let mut tail = StderrTail::default();
        for _ in 0..1000 {
            tail.push(&[b'x'; 1000]);
        }
        assert!(tail.bytes.len() <= 2 * KEPT);
    }
}
