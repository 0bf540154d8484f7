//! Lines: their numbers, their text, and their reports where the cursor leaves them.

use super::screens::{Screens, Span, Storage, SuspendedLine};
use super::{LINE_LIMIT, Line, LineId, VtSink, utf8};

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
    pub(super) fn unreported_from(&self, row: usize) -> Option<usize> {
        match self.current.piece {
            Some((piece, _)) if self.absolute_row(row) < piece => None,
            Some((piece, col)) if self.absolute_row(row) == piece => Some(col),
            _ => Some(0),
        }
    }

    /// Returns the first and the last row of the cursor's line.
    #[inline]
    fn rows_of_line(&self) -> (usize, usize) {
        (self.grid.first_of_line(self.grid.row), self.grid.last_of_line(self.grid.row))
    }

    /// Sets `text` to the text of the cursor's line, the unreported piece of it.
    pub(super) fn render_current(&mut self) {
        self.render_rows(self.rows_of_line());
    }

    /// Does the same for the cursor's line on these rows.
    fn render_rows(&mut self, (first, last): (usize, usize)) {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.extend_from_slice(&self.current.head);
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
    pub(super) fn number_line(&mut self, row: usize) -> u64 {
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

    /// Reports the cursor's line, whose text `render_current` has set and whose first row this is; `more` tells that it
    /// continues.
    fn report(&mut self, first: usize, end: u64, more: bool, sink: &mut impl VtSink) {
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
        let rows = self.rows_of_line();
        if self.take_dirty(rows) || self.current.continued {
            self.render_rows(rows);
            // A piece with `more` must be followed by the line's end.
            if self.current.continued || self.text.iter().any(|&byte| byte != b' ') {
                self.report(rows.0, span.from, false, sink);
            }
        }
    }

    /// Returns whether the cursor's line has changed since its last report.
    pub(super) fn is_dirty(&self) -> bool {
        let (first, last) = self.rows_of_line();
        (first..=last).any(|row| self.grid.rows[row].dirty) || self.current.touched
    }

    /// Does the same for a settled line on these rows, and takes note that it is reported.
    fn take_dirty(&mut self, (first, last): (usize, usize)) -> bool {
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
        let first = self.grid.first_of_line(self.grid.row);
        while self.text.len() > LINE_LIMIT {
            let rest = self.text.split_off(utf8::part_len(&self.text, LINE_LIMIT));
            self.report(first, end, true, sink);
            self.current.continued = true;
            self.text = rest;
        }
        self.report(first, end, true, sink);
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
                self.report(row, to, false, sink);
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
            let rows = self.rows_of_line();
            // A blank row becomes an empty line.
            if self.take_dirty(rows) || self.current.continued || self.grid.rows[rows.0].number == 0 {
                self.render_rows(rows);
                self.report(rows.0, to, false, sink);
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
}
