//! Lines: their numbers, their text, and their reports where the cursor leaves them or they scroll off the screen.

use super::layout::{row_break, wraps};
use super::row::ScreenRow;
use super::screens::{Screens, Span, Storage, SuspendedLine};
use super::style::StyleId;
use super::{LINE_LIMIT, Line, LineId, VtSink, scan, utf8};

impl Screens {
    /// Begins another line, to which the cursor has come, at the stream offset `start`.
    #[inline]
    pub(super) fn start_line(&mut self, start: u64) {
        let storage = self.storage_here();
        self.current.restart(start, storage);
        if storage == Storage::Flat {
            self.current.gap = self.grid.col.min(self.cols - 1);
        }
    }

    /// Appends the unreported text of the rows `first..end` of the cursor's line, all of which wrap into the next.
    fn push_rows(&self, first: usize, end: usize, out: &mut Vec<u8>) {
        for row in first..end {
            if let Some(from) = self.unreported_from(row) {
                self.grid.rows[row].push_text(from, self.cols, true, &self.clusters, out);
            }
        }
    }

    /// Returns the column of a row of the cursor's line from which on its text was not reported; `None` where all was.
    fn unreported_from(&self, row: usize) -> Option<usize> {
        match self.current.piece {
            Some((piece, _)) if self.absolute_row(row) < piece => None,
            Some((piece, col)) if self.absolute_row(row) == piece => Some(col),
            _ => Some(0),
        }
    }

    /// Sets `text` to the text of the cursor's line, the unreported piece of it.
    pub(super) fn render_current(&mut self) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.extend_from_slice(&self.current.head);
        let (first, last) = (self.grid.first_of_line(self.grid.row), self.grid.last_of_line(self.grid.row));
        if self.current.storage == Storage::Settled {
            self.push_rows(first, last, &mut text);
            if let Some(from) = self.unreported_from(last) {
                self.grid.rows[last].push_text(from, usize::MAX, false, &self.clusters, &mut text);
            }
        } else {
            // The cursor's row is blank but for the flat text.
            if first < self.grid.row {
                self.push_rows(first, self.grid.row, &mut text);
            }
            let begin = text.len();
            text.extend_from_slice(&self.current.flat[self.current.reported..]);
            text[begin..].iter_mut().filter(|byte| **byte == 0).for_each(|byte| *byte = b' ');
        }
        self.count(text.len());
        self.text = text;
    }

    /// Returns the number of the line that begins on row `row`, which gets one if it has none.
    fn number_line(&mut self, row: usize) -> u64 {
        if self.grid.rows[row].number == 0 {
            self.number += 1;
            self.grid.rows[row].number = self.number;
        }
        self.grid.rows[row].number
    }

    /// Returns the number that the cursor's line has or would get now; on the alternate screen that of the line of the primary
    /// one at which it was switched to.
    pub(super) fn current_number(&self) -> u64 {
        if self.on_alternate {
            return self.number + 1;
        }
        match self.grid.rows[self.grid.first_of_line(self.grid.row)].number {
            0 => self.number + 1,
            number => number,
        }
    }

    /// Gives the cursor's line its number for good.
    pub(super) fn pin_number(&mut self) {
        if self.on_alternate {
            return;
        }
        let first = self.grid.first_of_line(self.grid.row);
        self.number_line(first);
        self.grid.rows[first].told = true;
    }

    /// Reports the cursor's line, whose text `render_current` has set; `more` tells that it continues.
    fn report(&mut self, end: u64, more: bool, sink: &mut impl VtSink) {
        let first = self.grid.first_of_line(self.grid.row);
        let number = self.number_line(first);
        let (start, continued) = (self.current.start, self.current.continued);
        let end = end.max(start);
        let row = &mut self.grid.rows[first];
        row.end = end;
        if !continued {
            row.start = start;
        }
        let (id, text) = (LineId(row.id), &self.text[..]);
        sink.line(&Line { id, number, text, start, end, more, continued });
    }

    /// Reports the cursor's line, which the cursor leaves, if it has changed and has visible text.
    pub(super) fn leave_line(&mut self, span: Span, sink: &mut impl VtSink) {
        self.settle(sink);
        if self.on_alternate || self.own {
            return;
        }
        if self.current.saved && self.is_dirty() {
            self.flush_suspended(sink);
            let row = self.absolute_row(self.grid.row);
            self.suspended = Some(SuspendedLine { row, start: self.current.start });
            return;
        }
        if self.take_dirty() || self.current.continued {
            self.render_current();
            // A piece with `more` must be followed by the line's end.
            if self.current.continued || self.text.iter().any(|&byte| byte != b' ') {
                self.report(span.from, false, sink);
            }
        }
    }

    /// Returns whether the cursor's line has changed since its last report.
    pub(super) fn is_dirty(&self) -> bool {
        let (first, last) = (self.grid.first_of_line(self.grid.row), self.grid.last_of_line(self.grid.row));
        (first..=last).any(|row| self.grid.rows[row].dirty) || self.current.touched
    }

    /// Does the same for a settled line, and takes note that it is reported.
    fn take_dirty(&mut self) -> bool {
        let (first, last) = (self.grid.first_of_line(self.grid.row), self.grid.last_of_line(self.grid.row));
        let dirty = (first..=last).fold(false, |dirty, row| dirty | std::mem::take(&mut self.grid.rows[row].dirty));
        dirty | std::mem::take(&mut self.current.touched)
    }

    /// Reports the line that was left between DECSC and DECRC and was not returned to.
    pub(super) fn flush_suspended(&mut self, sink: &mut impl VtSink) {
        let Some(line) = self.suspended.take() else { return };
        let Some(row) = self.row_at(line.row).filter(|_| !self.on_alternate) else { return };
        let (first, last) = (self.grid.first_of_line(row), self.grid.last_of_line(row));
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        self.grid.push_line(first, last, self.cols, &self.clusters, &mut text);
        text.truncate(LINE_LIMIT);
        if text.iter().any(|&byte| byte != b' ') {
            let number = self.number_line(first);
            let (id, at) = (LineId(self.grid.rows[first].id), self.current.start);
            sink.line(&Line { id, number, text: &text, start: at, end: at, more: false, continued: false });
        }
        self.text = text;
    }

    /// Reports the line so far because it is too long; it continues at the offset `at`.
    pub(super) fn flush(&mut self, at: u64, sink: &mut impl VtSink) {
        self.lay_out(sink);
        self.render_current();
        self.report_pieces(at, sink);
        let place = (self.absolute_row(self.grid.row), self.col());
        let current = &mut self.current;
        (current.continued, current.start, current.bound) = (true, at, 0);
        current.head.clear();
        if current.storage == Storage::Settled {
            let (cols, row) = (self.cols, self.grid.row);
            current.piece = Some(place);
            self.grid.rows[row].make_cells(cols, &mut self.clusters);
        } else {
            current.piece = Some((place.0, 0));
            current.reported = current.flat.len();
        }
    }

    /// Reports `text` in pieces of at most `LINE_LIMIT` bytes, each with `more`.
    fn report_pieces(&mut self, end: u64, sink: &mut impl VtSink) {
        while self.text.len() > LINE_LIMIT {
            let rest = self.text.split_off(utf8::part_len(&self.text, LINE_LIMIT));
            self.report(end, true, sink);
            self.current.continued = true;
            self.text = rest;
        }
        self.report(end, true, sink);
    }

    /// Executes LF; `returns` tells that it implies CR (LNM, NEL).
    #[inline]
    pub(super) fn line_feed(&mut self, to: u64, returns: bool, sink: &mut impl VtSink) {
        let current = &self.current;
        let returned = returns || current.storage == Storage::Returned;
        if current.storage != Storage::Settled
            && returned
            && current.is_short(self.cols)
            && current.head.is_empty()
            && self.suspended.is_none()
            && !self.grid.rows[self.grid.row].continues
        {
            return self.end_flat_line(to, sink);
        }
        self.settle(sink);
        self.end_settled_line(to, returned, sink);
    }

    /// Ends a line that is held as bytes and takes one row.
    #[inline]
    fn end_flat_line(&mut self, to: u64, sink: &mut impl VtSink) {
        let row = self.grid.row;
        self.anchors.returned_from = None;
        if self.anchors.input.is_some() {
            let col = self.current.flat_end(self.cols).col + self.current.gap;
            self.anchors.returned_from = (col > 0).then(|| (self.absolute_row(row), col));
        }
        if self.current.touched || self.grid.rows[row].number == 0 {
            if memchr::memchr(0, &self.current.flat).is_some() {
                self.render_current();
                self.report(to, false, sink);
            } else {
                self.number_line(row);
                let place = &mut self.grid.rows[row];
                (place.start, place.end) = (self.current.start, to);
                let (id, number, start) = (LineId(place.id), place.number, self.current.start);
                let text = &self.current.flat[..];
                sink.line(&Line { id, number, text, start, end: to, more: false, continued: false });
            }
            let place = &mut self.grid.rows[row];
            place.swap_flat(&mut self.current.flat, &mut self.current.runs);
        }
        self.move_down(to, sink);
        self.grid.col = 0;
        self.start_line(to);
    }

    fn end_settled_line(&mut self, to: u64, returned: bool, sink: &mut impl VtSink) {
        let col = if returned { 0 } else { self.grid.col.min(self.cols - 1) };
        self.note_return();
        if !self.on_alternate && !self.own {
            if self.grid.continues(self.grid.row + 1) {
                let (row, last) = (self.grid.row, self.grid.last_of_line(self.grid.row));
                if (row + 1..=last).any(|row| !self.grid.rows[row].is_blank()) {
                    // The cursor is above the line's end: it stays in the line.
                    self.move_down(to, sink);
                    self.grid.col = col;
                    return;
                }
                self.grid.rows[row + 1].continues = false;
                self.grid.rows.range_mut(row + 1..=last).for_each(|row| row.dirty = false);
            }
            let row = self.grid.first_of_line(self.grid.row);
            // A blank row becomes an empty line.
            if self.take_dirty() || self.current.continued || self.grid.rows[row].number == 0 {
                self.render_current();
                self.report(to, false, sink);
            }
            self.flush_suspended(sink);
        }
        self.move_down(to, sink);
        self.grid.col = col;
        self.start_line(to);
    }

    /// Records where a row was left by CR or LF: the end of a command's text, once the shell has accepted it.
    #[inline]
    pub(super) fn note_return(&mut self) {
        if self.grid.col > 0 && !self.own {
            self.anchors.returned_from = Some((self.absolute_row(self.grid.row), self.grid.col));
        }
    }

    /// Moves the cursor down, or scrolls the region up at its last row (IND). A row that scrolls in gets the id `fresh`.
    #[inline]
    pub(super) fn move_down(&mut self, fresh: u64, sink: &mut impl VtSink) {
        if self.grid.row == self.grid.bottom {
            self.scroll_up_at_end(fresh, sink);
        } else if self.grid.row + 1 < self.grid.height() {
            self.grid.row += 1;
            if self.grid.row + 1 == self.grid.height() {
                self.origin.at_last_row();
            }
        }
        let here = self.absolute_row(self.grid.row);
        if self.anchors.redrawn.is_some_and(|rows| here > rows.bottom) && !self.own {
            self.anchors.redrawn = None;
        }
    }

    fn scroll_up_at_end(&mut self, fresh: u64, sink: &mut impl VtSink) {
        if self.grid.has_whole_region() {
            self.scroll_off(sink);
            self.grid.scroll_one(fresh, self.eraser);
            if !self.on_alternate {
                self.origin.at_last_row();
            }
        } else {
            self.scroll_region(self.grid.top, 1, true, sink);
            let row = self.grid.bottom;
            self.grid.rows[row].id = fresh;
        }
    }

    /// Scrolls the rows from `first` to the end of the region.
    pub(super) fn scroll_region(&mut self, first: usize, count: usize, up: bool, sink: &mut impl VtSink) {
        let bottom = self.grid.bottom;
        let count = count.min(bottom + 1 - first);
        self.count(count * 4 + self.grid.height());
        if up && first == self.grid.top && !self.on_alternate {
            // What scrolls up out of the region was read.
            for row in first..first + count {
                self.keep_row(row, sink);
            }
        }
        let scrolls_off = up && first == 0 && bottom + 1 == self.grid.height();
        self.grid.rotate(first, bottom, count, up, &mut self.row_ids, self.eraser);
        if scrolls_off {
            self.grid.scrolled += count as u64;
        }
    }

    /// Passes the first row on to the history, since it scrolls off the screen.
    #[inline]
    fn scroll_off(&mut self, sink: &mut impl VtSink) {
        if !self.on_alternate {
            self.keep_row(0, sink);
        }
    }

    /// Drops the first row, since the screen gets fewer.
    pub(super) fn scroll_off_for_resize(&mut self, sink: &mut impl VtSink) {
        self.scroll_off(sink);
        self.grid.rows.pop_front();
        self.grid.row -= 1;
        self.grid.scrolled += 1;
    }

    /// Passes a row on to the history. A line that goes on in the row below begins there from now on.
    fn keep_row(&mut self, row: usize, sink: &mut impl VtSink) {
        let goes_on = self.grid.continues(row + 1);
        let place = &self.grid.rows[row];
        let is_line = place.number != 0 || place.continues || !place.is_empty();
        if place.own || !is_line {
            if self.above.is_empty() && !self.above_continues {
                return;
            }
        } else if place.number == 0 {
            self.number_line(row);
        }
        if goes_on && self.grid.first_of_line(self.grid.row) <= row {
            self.keep_head(row);
        }
        let place = &self.grid.rows[row];
        let (id, number, start, end) = (place.id, place.number, place.start, place.end);
        if sink.keeps_history() {
            let to = if goes_on { self.cols } else { usize::MAX };
            self.grid.rows[row].push_text(0, to, goes_on, &self.clusters, &mut self.above);
            self.count(self.above.len().min(self.cols));
            self.pass_on(number, (start, end), goes_on, sink);
        }
        if goes_on {
            let next = &mut self.grid.rows[row + 1];
            (next.id, next.number, next.start, next.end) = (id, number, start, end);
        }
    }

    /// Keeps the text of a row of the cursor's line, for the report of the line.
    fn keep_head(&mut self, row: usize) {
        let mut head = std::mem::take(&mut self.current.head);
        if let Some(from) = self.unreported_from(row) {
            self.grid.rows[row].push_text(from, self.cols, true, &self.clusters, &mut head);
        }
        self.current.head = head;
    }

    /// Passes the text in `above` on to the history: pieces of a line that goes on, or its end.
    fn pass_on(&mut self, number: u64, (start, end): (u64, u64), goes_on: bool, sink: &mut impl VtSink) {
        while self.above.len() > LINE_LIMIT {
            let rest = self.above.split_off(utf8::part_len(&self.above, LINE_LIMIT));
            let (text, continued) = (&self.above[..], self.above_continues);
            sink.scrolled_off(&Line { id: LineId(0), number, text, start, end, more: true, continued });
            (self.above, self.above_continues) = (rest, true);
        }
        if !goes_on {
            let (text, continued) = (&self.above[..], self.above_continues);
            sink.scrolled_off(&Line { id: LineId(0), number, text, start, end, more: false, continued });
            self.above.clear();
            self.above_continues = false;
        }
    }

    /// Passes all rows on to the history, since the whole screen is cleared, and renews them.
    pub(super) fn clear_screen(&mut self, sink: &mut impl VtSink) {
        self.count(2 * self.grid.height());
        let last = self.grid.last_written();
        for row in 0..self.grid.height() {
            if !self.on_alternate && last.is_some_and(|last| row <= last) {
                self.keep_row(row, sink);
            }
        }
        if !self.on_alternate {
            self.grid.scrolled += self.grid.height() as u64;
            self.anchors.prompt = None;
            self.anchors.forget_drawn();
            for row in &mut self.grid.rows {
                row.renew(self.row_ids.new_id(), self.eraser);
            }
        } else {
            // A program that draws the same again has not printed it again.
            for row in &mut self.grid.rows {
                row.clear(self.eraser);
                row.continues = false;
            }
        }
    }

    /// Blanks whole rows. The numbers of their lines are free again, as far as no later line has one.
    pub(super) fn erase_rows(&mut self, rows: std::ops::Range<usize>) {
        self.count(rows.len());
        let eraser = self.eraser;
        for row in rows.rev() {
            let last = self.number;
            let row = &mut self.grid.rows[row];
            if row.number != 0 {
                if row.number == last && !row.told {
                    self.number -= 1;
                }
                (row.number, row.told) = (0, false);
            }
            row.clear(eraser);
            (row.continues, row.own, row.dirty) = (false, false, false);
        }
    }

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
        // A row that has a number keeps it.
        let is_new = |row: &ScreenRow| row.is_unwritten() && row.number == 0;
        if !self.grid.rows.range(self.grid.row..).all(is_new) {
            return 0;
        }
        // A line that gets its number where it scrolls off gets one between those of the block.
        let rows = self.grid.rows.range(..self.grid.row);
        if rows.clone().any(|row| row.number == 0 && !row.continues && !row.own && !row.is_blank()) {
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
            while let Some(len) = row_break(rest, self.cols) {
                self.grid.cursor_row().set_flat(&rest[..len]);
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
