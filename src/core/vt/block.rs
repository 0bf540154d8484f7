//! Runs of whole plain lines, which are taken as slices of the chunk. Only what stays on the screen is copied.

use super::layout::{row_break, wraps};
use super::row::ScreenRow;
use super::screens::{Screens, Storage};
use super::style::StyleId;
use super::{Line, LineId, VtSink, scan};

impl Screens {
    /// Returns whether the cursor is at the beginning of a line on a blank row, so that a run of lines may begin.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        self.current.storage == Storage::Flat
            && !self.current.touched
            && self.current.gap == 0
            && self.pen == StyleId::DEFAULT
            && self.suspended.is_none()
            && self.modes.charset == Default::default()
    }

    /// Takes `block`, whole plain lines in UTF-8, each ended by CR LF, at the offset `at`; returns how much of it was taken.
    pub(super) fn block(&mut self, block: &[u8], at: u64, sink: &mut impl VtSink) -> usize {
        // Below the scrolling region the last row does not scroll: each line would replace the one before it there.
        if self.grid.row > self.grid.bottom {
            return 0;
        }
        // A row that has a number keeps it.
        let is_new = |row: &ScreenRow| row.is_unwritten() && row.number == 0;
        if !self.grid.rows.range(self.grid.row..).all(is_new) {
            return 0;
        }
        // A line that gets its number where it scrolls off gets one between those of the block. So does the rest of a line that
        // begins above the region.
        let whole = self.grid.has_whole_region();
        let has_number = |row: &ScreenRow| row.number != 0 || row.continues && whole || row.own || row.is_blank();
        if !self.grid.rows.range(..self.grid.row).all(has_number) {
            return 0;
        }
        let lines = memchr::memchr_iter(b'\n', block).count();
        let number = self.number + 1;
        // Sequences before the first line that printed nothing, such as a colour, belong to it.
        let first = (self.grid.rows[self.grid.row].id, self.current.start);
        let wanted = sink.block(block, lines, number);
        // Where each line scrolls, the ids of the rows are the lines' offsets.
        let scrolls = self.grid.row + 1 == self.grid.height() && self.grid.has_whole_region();
        let used = if wanted && scrolls { report_block(block, at, number, first, sink) } else { block.len() };
        let used = self.put_block(&block[..used], at, scrolls, wanted, sink);
        (self.anchors.returned_from, self.grid.col) = (None, 0);
        self.start_line(at + used as u64);
        used
    }

    /// Puts the lines of a block on the screen, or passes those on to the history that scroll off at once. Returns how much it
    /// took: all, unless the sink stops at a line that is reported. Where each line scrolls, `report_block` has done that.
    fn put_block(&mut self, block: &[u8], at: u64, scrolls: bool, wanted: bool, sink: &mut impl VtSink) -> usize {
        let reports = wanted && !scrolls;
        let kept = if scrolls { self.kept_from(block) } else { 0 };
        let (mut start, mut from) = (self.current.start, 0);
        if kept > 0 {
            self.scroll_all_off(sink);
            (start, from) = self.pass_block(&block[..kept], at, start, sink);
            self.grid.cursor_row().id = start;
        }
        while let Some(newline) = memchr::memchr(b'\n', &block[from..]) {
            let end = from + newline + 1;
            let (text, to) = (&block[from..end - 2], at + end as u64);
            self.number += 1;
            let (row, number) = (self.grid.cursor_row(), self.number);
            (row.number, row.start, row.end) = (number, start, to);
            let line = Line { id: LineId(row.id), number, text, start, end: to, more: false, continued: false };
            if reports {
                sink.line(&line);
            } else if !wanted {
                sink.counted(&line);
            }
            self.put_line(text, start, to, kept > 0, sink);
            (start, from) = (to, end);
            if reports && sink.should_stop() {
                break;
            }
        }
        from
    }

    /// Scrolls all rows off but the cursor's, which is the last.
    fn scroll_all_off(&mut self, sink: &mut impl VtSink) {
        while self.grid.row > 0 {
            self.scroll_off(sink);
            self.grid.scroll_one(0, self.eraser);
            self.grid.row -= 1;
        }
        self.anchors.redrawn = None;
    }

    /// Passes the lines of a block on to the history. Returns the offset behind them, and their length.
    fn pass_block(&mut self, block: &[u8], at: u64, start: u64, sink: &mut impl VtSink) -> (u64, usize) {
        let (mut start, mut from, first) = (start, 0, self.number);
        if sink.keeps_history() {
            for newline in scan::line_feeds(block) {
                self.number += 1;
                let (text, number, end) = (&block[from..newline - 1], self.number, at + newline as u64 + 1);
                let id = LineId(start);
                sink.scrolled_off(&Line { id, number, text, start, end, more: false, continued: false });
                (start, from) = (end, newline + 1);
            }
        } else {
            self.number += memchr::memchr_iter(b'\n', block).count() as u64;
        }
        self.grid.scrolled += self.number - first;
        (at + block.len() as u64, block.len())
    }

    /// Puts the text of a line of a block on the cursor's row, which is blank, and moves below it. Rows are `fresh` where they
    /// scroll in, and get offsets as ids.
    fn put_line(&mut self, text: &[u8], start: u64, end: u64, fresh: bool, sink: &mut impl VtSink) {
        let mut rest = text;
        if wraps(text, self.cols) > 0 {
            (self.current.start, self.current.wraps) = (start, 0);
            while let Some((len, hole)) = row_break(rest, self.cols) {
                let row = self.grid.cursor_row();
                row.set_flat(&rest[..len]);
                row.set_hole(hole.then_some(StyleId::DEFAULT));
                rest = &rest[len..];
                self.wrap_down(sink);
                if fresh {
                    let id = start + self.current.wraps;
                    self.grid.cursor_row().id = id;
                }
            }
        }
        self.grid.cursor_row().set_flat(rest);
        self.move_down(end, sink);
        if fresh {
            self.grid.cursor_row().id = end;
        }
    }

    /// Returns where the lines of a block begin that stay on the screen; 0 where none scrolls off at once.
    fn kept_from(&self, block: &[u8]) -> usize {
        // The last row is blank behind the block.
        let mut room = self.grid.height() - 1;
        let mut from = block.len();
        while from > 0 {
            let end = from - 2;
            let begin = memchr::memrchr(b'\n', &block[..end]).map_or(0, |newline| newline + 1);
            let rows = wraps(&block[begin..end], self.cols) + 1;
            if rows > room {
                // Part of this line may stay.
                return begin;
            }
            room -= rows;
            from = begin;
        }
        0
    }
}

/// Reports the lines of a block; returns how much was reported. The first has this number, id, and start.
fn report_block(block: &[u8], at: u64, number: u64, first: (u64, u64), sink: &mut impl VtSink) -> usize {
    let (mut id, mut start) = first;
    let (mut from, mut number) = (0, number);
    for newline in scan::line_feeds(block) {
        let end = at + newline as u64 + 1;
        let text = &block[from..newline - 1];
        sink.line(&Line { id: LineId(id), number, text, start, end, more: false, continued: false });
        (id, start, from) = (end, end, newline + 1);
        number += 1;
        if sink.should_stop() {
            break;
        }
    }
    from
}
