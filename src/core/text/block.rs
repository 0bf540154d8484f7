//! Whole lines that need no reading: they are handed on as they stand in the chunk.

use super::draft::{Form, Left};
use super::lay::wraps;
use super::lines::Lines;
use super::{Line, LineId, Sink, scan};

impl Lines {
    /// Whether a line can begin here that is read without being put.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        let draft = &self.draft;
        draft.form == Form::Flat && !draft.put && draft.col() == 0 && draft.left == Left::Blank && !self.modes.graphics
    }

    /// Whole plain lines: UTF-8, each ended by CR LF. They begin at the offset `at`.
    pub(super) fn block(&mut self, block: &[u8], at: u64, sink: &mut impl Sink) {
        let lines = memchr::memchr_iter(b'\n', block).count();
        let wanted = sink.block(block, lines);
        // What came before the first line without putting anything, such as a colour, belongs to it.
        let start = self.draft.start;
        if self.screen.at_end() && lines > self.screen.rows() {
            if wanted {
                self.pass_on(block, at, sink);
            }
            // Only the rows that are still on the screen matter.
            let from = last_lines(block, self.screen.rows());
            let at = at + from as u64;
            self.each_line(&block[from..], at, at, |_| {});
        } else if wanted {
            self.each_line(block, at, start, |line| sink.line(&line));
        } else {
            self.each_line(block, at, start, |_| {});
        }
        self.begin(at + block.len() as u64, 0);
    }

    /// Reports many lines, each of which scrolls the screen: their rows are looked after later.
    fn pass_on(&self, block: &[u8], at: u64, sink: &mut impl Sink) {
        let (mut id, mut start, mut from) = (LineId(self.draft.id), self.draft.start, 0);
        for newline in scan::line_feeds(block) {
            let end = at + newline as u64 + 1;
            let text = &block[from..newline - 1];
            sink.line(&Line { id, text, start, end, more: false, continued: false });
            (id, start, from) = (LineId(end), end, newline + 1);
        }
    }

    /// Goes through the lines of a block, the first of which begins at the offset `start`.
    #[inline]
    fn each_line(&mut self, block: &[u8], at: u64, start: u64, mut with: impl FnMut(Line<'_>)) {
        let (mut from, mut start) = (0, start);
        for newline in memchr::memchr_iter(b'\n', block) {
            let text = &block[from..newline - 1];
            let end = at + newline as u64 + 1;
            let id = LineId(self.screen.id());
            with(Line { id, text, start, end, more: false, continued: false });
            for row in 1..=wraps(text, self.cols) {
                self.screen.down(start + row as u64);
            }
            self.screen.down(end);
            (from, start) = (newline + 1, end);
        }
    }
}

/// Where the last `count` of the lines in a block begin.
fn last_lines(block: &[u8], count: usize) -> usize {
    let mut newlines = memchr::memrchr_iter(b'\n', block);
    newlines.nth(count).map_or(0, |newline| newline + 1)
}
