//! Scrolling and clearing, and the lines that pass from the screen to the history.

use super::screens::Screens;
use super::{LINE_LIMIT, Line, LineId, VtSink, utf8};

impl Screens {
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
            self.grid.scroll(1, fresh, self.eraser);
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
    pub(super) fn scroll_off(&mut self, sink: &mut impl VtSink) {
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
    pub(super) fn keep_row(&mut self, row: usize, sink: &mut impl VtSink) {
        let goes_on = self.grid.continues(row + 1);
        let place = &self.grid.rows[row];
        // A blank row that goes on in the row below is the beginning of a line.
        let is_line = goes_on || place.number != 0 || place.continues || !place.is_empty();
        if place.own || !is_line {
            if self.above.is_empty() && !self.above_continues {
                return;
            }
        } else if place.number == 0 {
            self.number_line(row);
        }
        // A line of which more has scrolled off needs no look at all its rows.
        let is_current = |screens: &Self| {
            row == 0 && !screens.current.head.is_empty() || screens.grid.first_of_line(screens.grid.row) <= row
        };
        if goes_on && is_current(self) {
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
}
