//! Whole lines that need no reading: they are handed on as they stand in the chunk.

use super::current_line::{LeftRow, Storage};
use super::layout::wraps;
use super::lines::Lines;
use super::{Line, LineId, VtSink, scan};

impl Lines {
    /// Whether a line can begin here that is read without being put.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        let draft = &self.draft;
        draft.form == Storage::Flat
            && !draft.put
            && draft.col() == 0
            && draft.left == LeftRow::Blank
            && !self.modes.graphics
    }

    /// Whole plain lines: UTF-8, each ended by CR LF. They begin at the offset `at`. Says how much of them was read.
    pub(super) fn block(&mut self, block: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let lines = memchr::memchr_iter(b'\n', block).count();
        let wanted = sink.block(block, lines);
        // What came before the first line without putting anything, such as a colour, belongs to it.
        let start = self.draft.start;
        let used = if self.screen.at_end() && lines > self.screen.rows() {
            let used = if wanted { self.pass_on(block, at, sink) } else { block.len() };
            // Fewer may be too few for a screen.
            if used == block.len() {
                self.fill_screen(block, at);
            } else {
                self.each_line(&block[..used], at, start, |_| true);
            }
            used
        } else if wanted {
            self.each_line(block, at, start, |line| {
                sink.line(&line);
                !sink.enough()
            })
        } else {
            self.each_line(block, at, start, |_| true)
        };
        self.begin(at + used as u64, 0);
        used
    }

    /// Reports many lines, each of which scrolls the screen: their rows are looked after later.
    fn pass_on(&self, block: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let (mut id, mut start, mut from) = (LineId(self.draft.id), self.draft.start, 0);
        for newline in scan::line_feeds(block) {
            let end = at + newline as u64 + 1;
            let text = &block[from..newline - 1];
            sink.line(&Line { id, text, start, end, more: false, continued: false });
            (id, start, from) = (LineId(end), end, newline + 1);
            if sink.enough() {
                break;
            }
        }
        from
    }

    /// Goes through the lines of a block, the first of which begins at the offset `start`, for as long as `with` says so.
    #[inline]
    fn each_line(&mut self, block: &[u8], at: u64, start: u64, mut with: impl FnMut(Line<'_>) -> bool) -> usize {
        let (mut from, mut start) = (0, start);
        for newline in memchr::memchr_iter(b'\n', block) {
            let text = &block[from..newline - 1];
            let end = at + newline as u64 + 1;
            let id = LineId(self.screen.id());
            let goes_on = with(Line { id, text, start, end, more: false, continued: false });
            for row in 1..=wraps(text, self.cols) {
                self.screen.down(start + row as u64);
            }
            self.screen.down(end);
            (from, start) = (newline + 1, end);
            if !goes_on {
                break;
            }
        }
        from
    }

    /// Gives each row the id that it has once all of these lines have scrolled by; there are more of them than rows.
    fn fill_screen(&mut self, block: &[u8], at: u64) {
        let mut rows = self.screen.upwards();
        let mut next = block.len();
        if let Some(row) = rows.next() {
            *row = at + next as u64;
        }
        while rows.len() > 0 && next > 0 {
            let end = next - 2;
            next = memchr::memrchr(b'\n', &block[..end]).map_or(0, |newline| newline + 1);
            let start = at + next as u64;
            let ids = start..=start + wraps(&block[next..end], self.cols) as u64;
            for (id, row) in ids.rev().zip(&mut rows) {
                *row = id;
            }
        }
    }
}
