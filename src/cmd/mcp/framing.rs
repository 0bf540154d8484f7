//! Bytes to lines: each line is one message of the Model Context Protocol.

use crate::wire::rpc::LINE_LIMIT;

/// A line of the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FramedLine {
    /// The line without its newline.
    Whole(Vec<u8>),
    /// The line was longer than [`LINE_LIMIT`], and is dropped.
    TooLong,
}

/// Splits a stream into lines; the result does not depend on how the stream is cut.
#[derive(Debug, Default)]
pub(super) struct LineFramer {
    /// The unfinished line.
    line: Vec<u8>,
    /// Whether the rest of a line that is too long is dropped.
    drops: bool,
}

impl LineFramer {
    /// Takes bytes, and returns the lines that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<FramedLine> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest);
            let (piece, behind) = rest.split_at(end.unwrap_or(rest.len()));
            rest = behind.get(1..).unwrap_or_default();
            if !self.drops && self.line.len() + piece.len() > LINE_LIMIT {
                (self.line, self.drops) = (Vec::new(), true);
                lines.push(FramedLine::TooLong);
            }
            if !self.drops {
                self.line.extend_from_slice(piece);
            }
            if end.is_some() {
                lines.extend(self.take_line());
            }
        }
        lines
    }

    /// Returns the last line, which has no newline, at the end of the stream.
    pub(super) fn finish(&mut self) -> Option<FramedLine> {
        self.take_line()
    }

    /// Ends the line. Returns it unless it is blank or was dropped.
    fn take_line(&mut self) -> Option<FramedLine> {
        let line = std::mem::take(&mut self.line);
        let is_dropped = std::mem::take(&mut self.drops) || line.iter().all(u8::is_ascii_whitespace);
        (!is_dropped).then_some(FramedLine::Whole(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::split::at_every_split;

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        let whole = |line: &[u8]| FramedLine::Whole(line.to_vec());
        at_every_split(b"{\"a\":1}\n\n \r\n{\"b\":\"\xc3\xa9\"}\r\nlast", |pieces| {
            let mut framer = LineFramer::default();
            let mut lines: Vec<_> = pieces.iter().flat_map(|piece| framer.feed(piece)).collect();
            lines.extend(framer.finish());
            assert_eq!(lines, [whole(b"{\"a\":1}"), whole(b"{\"b\":\"\xc3\xa9\"}\r"), whole(b"last")]);
        });
    }

    #[test]
    fn line_beyond_the_limit_is_told_once_and_dropped() {
        let mut long = vec![b'x'; LINE_LIMIT + 1];
        long.extend_from_slice(b"yz\nnext\n");
        for size in [1000, 65_536, long.len()] {
            let mut framer = LineFramer::default();
            let lines: Vec<_> = long.chunks(size).flat_map(|piece| framer.feed(piece)).collect();
            assert_eq!(lines, [FramedLine::TooLong, FramedLine::Whole(b"next".to_vec())], "{size}");
            assert_eq!(framer.line.capacity(), 0);
        }
        let mut framer = LineFramer::default();
        let most = [&vec![b'x'; LINE_LIMIT][..], b"\n"].concat();
        assert_eq!(framer.feed(&most), [FramedLine::Whole(vec![b'x'; LINE_LIMIT])]);
    }
}
