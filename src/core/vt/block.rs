//! Runs of whole plain lines, which are reported as slices of the chunk without a copy.

use super::current_line::{LeftRow, Storage};
use super::layout::wraps;
use super::lines::Lines;
use super::{Line, LineId, VtSink, scan};

impl Lines {
    /// Returns whether the current line is empty, at column 0 and in the default character set, so that a run may begin.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        let current = &self.current;
        current.storage == Storage::Flat
            && !current.written
            && current.col() == 0
            && current.left == LeftRow::Blank
            && !self.modes.graphics
    }

    /// Takes `block`, whole plain lines in UTF-8, each ended by CR LF, at the offset `at`; returns how much of it was taken.
    pub(super) fn block(&mut self, block: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let lines = memchr::memchr_iter(b'\n', block).count();
        let wanted = sink.block(block, lines);
        // Sequences before the first line that printed nothing, such as a colour, belong to it.
        let start = self.current.start;
        let used = if self.screen.at_end() && lines > self.screen.rows() {
            let used = if wanted { self.report_block(block, at, sink) } else { block.len() };
            // After a stop, fewer lines than rows may have been taken, so the rows above must keep their ids.
            if used == block.len() {
                self.assign_row_ids(block, at);
            } else {
                self.each_line(&block[..used], at, start, |_| true);
            }
            used
        } else if wanted {
            self.each_line(block, at, start, |line| {
                sink.line(&line);
                !sink.should_stop()
            })
        } else {
            self.each_line(block, at, start, |line| {
                sink.counted(&line);
                true
            })
        };
        self.start_line(at + used as u64, 0);
        used
    }

    /// Reports lines that all scroll the screen, without tracking the rows; returns how much was reported.
    fn report_block(&self, block: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        let (mut id, mut start, mut from) = (LineId(self.current.id), self.current.start, 0);
        for newline in scan::line_feeds(block) {
            let end = at + newline as u64 + 1;
            let text = &block[from..newline - 1];
            sink.line(&Line { id, text, start, end, more: false, continued: false });
            (id, start, from) = (LineId(end), end, newline + 1);
            if sink.should_stop() {
                break;
            }
        }
        from
    }

    /// Calls `with` for each line of a block, the first of which begins at the offset `start`, until it returns `false`.
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

    /// Sets the row ids to those after all lines of `block`, of which there are more than rows, have scrolled by.
    fn assign_row_ids(&mut self, block: &[u8], at: u64) {
        let mut rows = self.screen.ids_from_bottom();
        let mut next = block.len();
        if let Some(row) = rows.next() {
            *row = at + next as u64;
        }
        while rows.len() > 0 && next > 0 {
            // The line without its CR LF.
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
