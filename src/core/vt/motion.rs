//! Cursor motions, erasing and scrolling.

use super::anchors::RedrawnRows;
use super::grid::{Grid, SavedPosition};
use super::parse::Csi;
use super::screens::{Screens, Span, Storage};
use super::style::StyleId;
use super::{LineId, VtSink};

/// Number of columns by which the spaces of a shell's padding may fall short of a row: the end mark takes one or two, and fish
/// writes it again.
const PADDING: usize = 4;

/// Part of a row or screen that EL or ED erases, relative to the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErasedPart {
    After,
    Before,
    All,
}

impl ErasedPart {
    /// Returns the part that the parameter of EL or ED selects.
    fn of(param: u16) -> Option<Self> {
        match param {
            0 => Some(Self::After),
            1 => Some(Self::Before),
            2 => Some(Self::All),
            _ => None,
        }
    }
}

impl Screens {
    /// Executes BS or CUB, which stop at the row's start.
    pub(super) fn backspace(&mut self, count: usize, sink: &mut impl VtSink) {
        let col = self.cursor_col(sink);
        if col > 0 || self.current.storage == Storage::Settled {
            self.move_to_col(col.saturating_sub(count), sink);
        }
    }

    /// Executes HT or CHT. While a wrap is pending they do nothing, as in xterm.
    pub(super) fn tab(&mut self, count: usize, sink: &mut impl VtSink) {
        self.lay_out(sink);
        let col = self.col();
        if col < self.cols {
            self.move_to_col(self.tabs.right(col, count), sink);
        }
    }

    /// Executes CBT.
    fn back_tab(&mut self, count: usize, sink: &mut impl VtSink) {
        let col = self.cursor_col(sink);
        self.move_to_col(self.tabs.left(col, count), sink);
    }

    /// Executes HTS.
    pub(super) fn set_tab(&mut self, sink: &mut impl VtSink) {
        let col = self.cursor_col(sink);
        self.tabs.set(col);
    }

    /// Executes TBC.
    fn clear_tabs(&mut self, which: u16, sink: &mut impl VtSink) {
        let col = self.cursor_col(sink);
        match which {
            0 => self.tabs.clear(col),
            3 => self.tabs.clear_all(),
            _ => {}
        }
    }

    /// Executes CR.
    #[inline]
    pub(super) fn carriage_return(&mut self, sink: &mut impl VtSink) {
        match self.current.storage {
            Storage::Flat if self.current.touched => self.current.storage = Storage::Returned,
            Storage::Flat => (self.current.gap, self.current.laid_col) = (0, 0),
            Storage::Settled => {
                self.note_return();
                self.move_to_col(0, sink);
            }
            Storage::Returned => {}
        }
    }

    /// Moves the cursor to a column of its row.
    pub(super) fn move_to_col(&mut self, col: usize, sink: &mut impl VtSink) {
        self.lay_out(sink);
        let col = col.min(self.cols - 1);
        let current = &mut self.current;
        match current.storage {
            Storage::Settled => self.grid.col = col,
            Storage::Flat if current.laid_col < self.cols && col >= current.laid_col => {
                current.gap = col - current.laid_col;
            }
            Storage::Returned if col == 0 => {}
            Storage::Flat | Storage::Returned => {
                self.settle(sink);
                self.grid.col = col;
            }
        }
    }

    /// Moves the cursor to a row of the screen and a column. A motion within the rows of the cursor's line does not end it.
    #[inline]
    fn move_to(&mut self, row: usize, col: usize, span: Span, sink: &mut impl VtSink) {
        if row == self.grid.row {
            return self.move_to_col(col, sink);
        }
        if self.on_alternate {
            // A row there is no line, so that none is left.
            (self.current.start, self.current.wraps) = (span.to, 0);
            (self.grid.row, self.grid.col) = (row, col.min(self.cols - 1));
            return;
        }
        self.settle(sink);
        let col = col.min(self.cols - 1);
        if self.is_in_line(row) {
            (self.grid.row, self.grid.col) = (row, col);
            return;
        }
        self.leave_line(span, sink);
        (self.grid.row, self.grid.col) = (row, col);
        self.start_line(span.to);
    }

    /// Returns whether the row belongs to the cursor's line.
    fn is_in_line(&self, row: usize) -> bool {
        let now = self.grid.row;
        let (above, below) = (row.min(now), row.max(now));
        !self.on_alternate && (above + 1..=below).all(|row| self.grid.rows[row].continues)
    }

    /// Takes note that the cursor moves up to row `row`: what a program draws again begins there.
    fn note_redraw(&mut self, row: usize) {
        if self.on_alternate || self.own || row >= self.grid.row {
            return;
        }
        let (top, bottom) = (self.absolute_row(row), self.absolute_row(self.grid.row));
        self.anchors.redrawn = Some(match self.anchors.redrawn {
            Some(rows) if bottom <= rows.bottom => RedrawnRows { top: top.min(rows.top), bottom: rows.bottom },
            _ => RedrawnRows { top, bottom },
        });
    }

    /// Takes note that a program moves the cursor to an absolute row.
    fn note_placed(&mut self) {
        if !self.on_alternate && !self.own {
            self.origin.placed();
        }
    }

    /// Returns the cursor's column, at most the last one.
    fn cursor_col(&mut self, sink: &mut impl VtSink) -> usize {
        self.lay_out(sink);
        self.col().min(self.cols - 1)
    }

    /// Executes a control sequence without prefix and intermediate byte.
    pub(super) fn csi_dispatch(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        let count = csi.count(0);
        match csi.fin {
            b'@' => self.edit_row(sink, |row, col, cols, style| row.insert(col, count, cols, style)),
            b'P' => self.edit_row(sink, |row, col, cols, style| row.delete(col, count, cols, style)),
            b'X' => self.edit_row(sink, |row, col, cols, style| row.erase(col, cols.min(col + count), cols, style)),
            b'C' | b'a' => {
                let col = self.cursor_col(sink);
                self.move_to_col(col + count, sink);
            }
            b'D' => self.backspace(count, sink),
            b'G' | b'`' => self.move_to_col(count - 1, sink),
            b'H' | b'f' => self.place_cursor(count - 1, csi.count(1) - 1, span, sink),
            b'I' => self.tab(count, sink),
            b'Z' => self.back_tab(count, sink),
            b'g' => self.clear_tabs(csi.param(0), sink),
            b'J' => self.erase_display(csi, span, sink),
            b'K' => self.erase_line(csi.param(0), span, sink),
            b'b' => self.repeat(count, span.from, sink),
            _ => self.vertical(csi, count, span, sink),
        }
    }

    fn vertical(&mut self, csi: &Csi, count: usize, span: Span, sink: &mut impl VtSink) {
        let col = match csi.fin {
            b'A' | b'B' | b'd' | b'e' => self.cursor_col(sink),
            b'E' | b'F' => 0,
            b'L' | b'M' | b'S' | b'T' => return self.scroll(csi.fin, count, span, sink),
            b'r' => return self.set_region(csi, span, sink),
            _ => return,
        };
        self.lay_out(sink);
        let row = match csi.fin {
            b'A' | b'F' => {
                let row = self.grid.above(count);
                self.note_redraw(row);
                row
            }
            b'B' | b'E' => self.grid.below(count),
            // VPR heeds the scrolling region with DECOM only (xterm).
            b'e' => self.grid.absolute_below(count, self.modes.origin),
            _ => {
                self.note_placed();
                self.grid.absolute(count - 1, self.modes.origin)
            }
        };
        self.move_to(row, col, span, sink);
    }

    /// Executes CUP to this row and column, counted from 0.
    #[inline]
    pub(super) fn place_cursor(&mut self, row: usize, col: usize, span: Span, sink: &mut impl VtSink) {
        self.lay_out(sink);
        self.note_placed();
        let row = self.grid.absolute(row, self.modes.origin);
        self.move_to(row, col, span, sink);
        if (row, col) == (0, 0) {
            self.homed_to = span.to;
        }
    }

    /// Executes IL, DL, SU or SD.
    fn scroll(&mut self, fin: u8, count: usize, span: Span, sink: &mut impl VtSink) {
        self.leave_line(span, sink);
        self.count(self.grid.height());
        let inside = (self.grid.top..=self.grid.bottom).contains(&self.grid.row);
        match fin {
            b'L' | b'M' if !inside => {}
            b'L' | b'M' => {
                let row = self.grid.row;
                // DL at the top of the screen deletes, it does not scroll into the history.
                let (bottom, up) = (self.grid.bottom, fin == b'M');
                self.grid.rotate(row, bottom, count, up, &mut self.row_ids, self.eraser);
                self.grid.col = 0;
            }
            b'S' => self.scroll_region(self.grid.top, count, true, sink),
            _ => self.scroll_region(self.grid.top, count, false, sink),
        }
        self.start_line(span.to);
    }

    /// Executes SL, SR, DECIC or DECDC, which shift columns of the region's rows: left (`left`), from the cursor's on or (`whole`)
    /// from the first.
    pub(super) fn shift_columns(&mut self, count: usize, left: bool, whole: bool, sink: &mut impl VtSink) {
        self.settle(sink);
        let (cols, style, row) = (self.cols, self.eraser, self.grid.row);
        let inside = (self.grid.top..=self.grid.bottom).contains(&row);
        if !inside {
            return;
        }
        self.count(cols * self.grid.height());
        let col = if whole { 0 } else { self.grid.col.min(cols - 1) };
        let own = self.own;
        for place in self.grid.rows.range_mut(self.grid.top..=self.grid.bottom) {
            place.dirty |= !own && !place.is_blank();
            place.make_cells(cols, &mut self.clusters);
            if left { place.delete(col, count, cols, style) } else { place.insert(col, count, cols, style) }
        }
    }

    /// Executes RI.
    pub(super) fn reverse_index(&mut self, span: Span, sink: &mut impl VtSink) {
        let col = self.cursor_col(sink);
        if self.grid.row == self.grid.top {
            self.leave_line(span, sink);
            self.scroll_region(self.grid.top, 1, false, sink);
            self.grid.col = col;
            self.start_line(span.to);
        } else {
            let row = self.grid.row.saturating_sub(1);
            self.note_redraw(row);
            self.move_to(row, col, span, sink);
        }
    }

    /// Saves the cursor's position (DECSC, SCOSC).
    pub(super) fn save_cursor(&mut self, sink: &mut impl VtSink) {
        self.settle(sink);
        self.flush_suspended(sink);
        self.current.saved = true;
        self.grid.saved = SavedPosition { row: self.grid.row, col: self.grid.col, origin: self.modes.origin };
    }

    /// Restores the cursor's position (DECRC, SCORC).
    pub(super) fn restore_cursor(&mut self, span: Span, sink: &mut impl VtSink) {
        self.settle(sink);
        let SavedPosition { row, col, .. } = self.grid.saved;
        // A wrap that was pending is so no more (xterm).
        self.move_to(row.min(self.grid.height() - 1), col, span, sink);
        if let Some(line) = self.suspended.take_if(|line| line.row == self.grid.scrolled + row as u64) {
            (self.current.start, self.current.saved) = (line.start, true);
        }
    }

    /// Executes DECSTBM, which homes the cursor.
    fn set_region(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        self.settle(sink);
        if self.grid.set_region(csi.count(0) - 1, usize::from(csi.param(1))) {
            self.note_placed();
            self.home(span, sink);
        }
    }

    /// Moves the cursor to the first column of the first row, or of the region with DECOM.
    pub(super) fn home(&mut self, span: Span, sink: &mut impl VtSink) {
        self.settle(sink);
        let row = self.grid.absolute(0, self.modes.origin);
        self.move_to(row, 0, span, sink);
    }

    /// Switches to the alternate screen (`on`) or back to the primary one, by this private mode.
    pub(super) fn switch_screen(&mut self, on: bool, mode: u16, span: Span, sink: &mut impl VtSink) {
        self.leave_line(span, sink);
        if on == self.on_alternate {
            return;
        }
        self.count(self.grid.height());
        let (row, col) = (self.grid.row, self.grid.col);
        let mut other = match self.hidden.take() {
            Some(other) => *other,
            None => Grid::new(self.grid.height(), &mut self.row_ids),
        };
        if on {
            if mode == 1049 {
                other.rows.iter_mut().for_each(|row| row.renew(self.row_ids.new_id(), self.eraser));
            }
            other.reset_region();
        } else if mode == 1047 {
            self.grid.rows.iter_mut().for_each(|row| row.clear(self.eraser));
        }
        (other.row, other.col) = (row.min(other.height() - 1), col);
        self.hidden = Some(Box::new(std::mem::replace(&mut self.grid, other)));
        self.on_alternate = on;
        self.start_line(span.to);
    }

    /// Executes RIS.
    pub(super) fn reset(&mut self, span: Span, sink: &mut impl VtSink) {
        if self.on_alternate {
            self.switch_screen(false, 1047, span, sink);
        }
        self.leave_line(span, sink);
        self.grid.reset_region();
        self.tabs = super::tabs::Tabs::new(self.cols);
        self.clear_screen(sink);
        (self.grid.row, self.grid.col, self.grid.saved) = (0, 0, SavedPosition::default());
        self.hidden = None;
        self.origin.reset();
        self.start_line(span.to);
    }

    /// Executes DECALN: fills the screen with E, resets the region, and homes the cursor.
    pub(super) fn align(&mut self, span: Span, sink: &mut impl VtSink) {
        self.leave_line(span, sink);
        self.grid.reset_region();
        self.count(self.cols * self.grid.height());
        let row = vec![b'E'; self.cols];
        for place in &mut self.grid.rows {
            place.clear(StyleId::DEFAULT);
            place.continues = false;
            place.set_flat(&row);
        }
        (self.grid.row, self.grid.col) = (0, 0);
        self.origin.reset();
        self.start_line(span.to);
    }

    /// Applies `change` to the cursor's row, from the cursor's column on.
    fn edit_row(
        &mut self,
        sink: &mut impl VtSink,
        change: impl FnOnce(&mut super::row::ScreenRow, usize, usize, StyleId),
    ) {
        self.lay_out(sink);
        if self.eraser == StyleId::DEFAULT && self.current.storage == Storage::Flat && self.col() < self.cols {
            // The cursor is behind the text: there is nothing to its right.
            return;
        }
        self.settle(sink);
        let (cols, row, col) = (self.cols, self.grid.row, self.grid.col);
        // While a wrap is pending, the cursor is on the last column (xterm, xterm.js, alacritty).
        let col = col.min(cols - 1);
        self.grid.col = col;
        self.count(cols);
        let place = &mut self.grid.rows[row];
        place.dirty = !self.own;
        place.make_cells(cols, &mut self.clusters);
        change(place, col, cols, self.eraser);
    }

    /// Executes ED.
    fn erase_display(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        let Some(part) = ErasedPart::of(csi.param(0)) else { return };
        self.settle(sink);
        let (row, col) = (self.grid.row, self.grid.col);
        let height = self.grid.height();
        // A line editor erases from its prompt on, which may be at the top too; the whole screen is cleared where the
        // cursor was sent there for that.
        if part == ErasedPart::All || part == ErasedPart::After && (row, col) == (0, 0) && self.homed_to == span.from {
            // The cursor's line is erased with the others, and was read.
            self.leave_line(span, sink);
            self.clear_screen(sink);
            self.origin.cleared();
            return self.start_line(span.to);
        }
        match part {
            ErasedPart::Before => {
                self.erase_rows(0..row);
                self.erase_cells(row, 0, col + 1);
            }
            _ if col == 0 => {
                self.split_off_padding(row, span, sink);
                self.erase_rows(row..height);
                let start = if self.current.continued { span.to } else { self.current.start };
                self.start_line(start);
                self.origin.cleared();
            }
            _ => {
                self.erase_rows(row + 1..height);
                self.erase_cells(row, col, self.cols);
                self.origin.cleared();
            }
        }
        if !self.on_alternate && !self.own && col == 0 {
            self.anchors.erased = Some(self.absolute_row(row));
        }
    }

    /// Blanks the cells `from..to` of a row.
    fn erase_cells(&mut self, row: usize, from: usize, to: usize) {
        let cols = self.cols;
        if from >= cols {
            return;
        }
        self.count(cols);
        let place = &mut self.grid.rows[row];
        place.dirty = !self.own;
        if self.eraser != StyleId::DEFAULT || !place.is_narrow() {
            place.make_cells(cols, &mut self.clusters);
        }
        place.erase(from, to, cols, self.eraser);
        place.own &= !place.is_blank();
    }

    /// Executes EL with this parameter.
    pub(super) fn erase_line(&mut self, param: u16, span: Span, sink: &mut impl VtSink) {
        let Some(part) = ErasedPart::of(param) else { return };
        if !self.current.is_short(self.cols) {
            // The text may have wrapped to a row that is not blank.
            self.lay_out(sink);
        }
        let plain = self.eraser == StyleId::DEFAULT;
        let whole_flat = self.current.storage == Storage::Returned && part != ErasedPart::Before;
        if plain && self.current.storage == Storage::Flat && part == ErasedPart::After {
            // There is nothing right of the cursor.
            return;
        }
        if plain && whole_flat && self.current.is_short(self.cols) && self.current.reported == 0 {
            // CR and EL, as a progress bar does: the row is blank again.
            self.current.clear_flat();
            self.current.storage = Storage::Flat;
            return;
        }
        self.settle(sink);
        let (row, cols, col) = (self.grid.row, self.cols, self.grid.col);
        if part == ErasedPart::All || part == ErasedPart::After && col == 0 {
            self.split_off_padding(row, span, sink);
        }
        match part {
            ErasedPart::After => self.erase_cells(row, col, cols),
            ErasedPart::Before => self.erase_cells(row, 0, col + 1),
            ErasedPart::All => self.erase_cells(row, 0, cols),
        }
    }

    /// Returns the column at which the text on the row above row `row` ends, if about a row of spaces follows it there and on
    /// row `row`, into which it wraps: after output without a line end, zsh and fish print a mark and as many spaces, so that
    /// their prompt begins on a row of its own.
    pub(super) fn padding_above(&mut self, row: usize) -> Option<usize> {
        if row == 0 || !self.grid.rows[row].continues {
            return None;
        }
        let cols = self.cols;
        let above = &mut self.grid.rows[row - 1];
        above.make_cells(cols, &mut self.clusters);
        let visible = above.visible_len();
        let padding = above.len() - visible + self.grid.rows[row].spaces();
        (padding >= cols.saturating_sub(PADDING).max(1)).then_some(visible)
    }

    /// Ends the line above row `row` if it wraps into it by a shell's padding only.
    fn split_off_padding(&mut self, row: usize, span: Span, sink: &mut impl VtSink) {
        if !self.grid.continues(row + 1) && self.padding_above(row).is_some() {
            self.grid.rows[row - 1].padded = true;
            self.split_line(row, span, sink);
        }
    }

    /// Ends the cursor's line above row `row`, where another line begins.
    pub(super) fn split_line(&mut self, row: usize, span: Span, sink: &mut impl VtSink) {
        let col = self.grid.col;
        let id = self.row_ids.new_id();
        let place = &mut self.grid.rows[row];
        (place.continues, place.id, place.number) = (false, id, 0);
        (self.grid.row, self.grid.col) = (row - 1, 0);
        self.leave_line(span, sink);
        (self.grid.row, self.grid.col) = (row, col);
        self.start_line(span.to);
    }

    /// Ends the edited command when the shell accepts it. If the command fills its rows and the cursor was not at its end,
    /// readline leaves the cursor on the row below, which has only the blank that made the command wrap: the command's output
    /// begins there.
    pub(super) fn end_edit(&mut self, span: Span, sink: &mut impl VtSink) {
        self.settle(sink);
        (self.anchors.edited, self.anchors.erased) = (None, None);
        let row = self.grid.row;
        if self.grid.col == 0 && row > 0 && self.grid.rows[row].continues && self.grid.rows[row].is_empty() {
            if self.grid.rows[row].is_unwritten() {
                return;
            }
            self.grid.rows[row].erase_spaces(self.cols, &mut self.clusters);
            self.split_line(row, span, sink);
        }
    }

    /// Returns the id of the cursor's line.
    pub(super) fn id(&self) -> LineId {
        LineId(self.grid.rows[self.grid.first_of_line(self.grid.row)].id)
    }
}
