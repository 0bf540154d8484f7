//! Cursor motions, erasing and scrolling.

use super::current_line::Storage;
use super::lines::{Lines, Span};
use super::parse::Csi;
use super::rows::Rows;
use super::{LineId, VtSink};

/// Number of columns by which the spaces before a prompt may fall short of a row: the mark takes one or two, and fish writes
/// it again.
const PADDING: usize = 4;

/// Operations for a character that REP prints.
const EACH: usize = 8;

/// Part of a row or screen that EL or ED erases, relative to the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErasedPart {
    After,
    Before,
    All,
}

impl ErasedPart {
    /// Returns the part that the parameter of EL or ED selects.
    fn of(csi: &Csi) -> Option<Self> {
        match csi.param(0) {
            0 => Some(Self::After),
            1 => Some(Self::Before),
            2 => Some(Self::All),
            _ => None,
        }
    }
}

impl Lines {
    /// Executes BS or CUB, which stop at the row's start.
    pub(super) fn backspace(&mut self, count: usize) {
        self.lay_out();
        let col = self.current.col().min(self.cols - 1);
        if col > 0 || self.current.storage == Storage::Cells {
            self.move_to_col(col.saturating_sub(count));
        }
    }

    /// Executes HT `count` times, with tab stops every 8 columns.
    pub(super) fn tab(&mut self, count: usize) {
        self.lay_out();
        let col = self.current.col();
        if col < self.cols {
            self.move_to_col((col / 8).saturating_add(count).saturating_mul(8));
        }
    }

    /// Executes CBT.
    fn back_tab(&mut self, count: usize) {
        self.lay_out();
        let col = self.current.col().min(self.cols - 1);
        self.move_to_col(col.div_ceil(8).saturating_sub(count) * 8);
    }

    /// Reports the line because the cursor leaves it or it is overwritten.
    fn leave_line(&mut self, span: Span, sink: &mut impl VtSink) {
        self.lay_out();
        self.report_if_visible(span.from, sink);
    }

    /// Moves the cursor to a row of the screen and a column. A motion within the rows of the current line does not end it.
    fn move_to(&mut self, row: usize, col: usize, span: Span, sink: &mut impl VtSink) {
        self.lay_out();
        let now = self.screen.row;
        if row == now {
            self.move_to_col(col);
            return;
        }
        let pos = self.current.pos.row;
        let target = (pos + row).checked_sub(now).filter(|&row| row < self.current.rows(self.cols));
        if let Some(target) = target {
            self.use_cells();
            self.screen.row = row;
            self.current.pos.row = target;
            self.move_to_col(col);
            return;
        }
        self.leave_line(span, sink);
        self.screen.row = row;
        self.start_line_mid_row(span.to, col.min(self.cols - 1));
    }

    /// Returns the cursor's column, at most the last one.
    fn cursor_col(&mut self) -> usize {
        self.lay_out();
        self.current.col().min(self.cols - 1)
    }

    /// Begins a new line at the cursor, whose row was replaced or scrolled.
    fn restart_line(&mut self, span: Span) {
        let col = self.cursor_col();
        self.start_line_mid_row(span.to, col);
    }

    /// Executes a control sequence without prefix and intermediate byte.
    pub(super) fn csi_dispatch(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        let count = csi.count(0);
        match csi.fin {
            b'@' => self.edit_row(|cells, at, end| cells.insert(at, end, count)),
            b'P' => self.edit_row(|cells, at, end| cells.delete(at, end, count)),
            b'X' => self.edit_row(|cells, at, end| cells.erase(at, end.min(at + count))),
            b'C' | b'a' => {
                let col = self.cursor_col();
                self.move_to_col(col + count);
            }
            b'D' => self.backspace(count),
            b'G' | b'`' => self.move_to_col(count - 1),
            b'I' => self.tab(count),
            b'Z' => self.back_tab(count),
            b'J' => self.erase_display(csi, span, sink),
            b'K' => self.erase_line(csi, span, sink),
            b'b' => self.repeat(count, span.from, sink),
            _ => self.vertical(csi, count, span, sink),
        }
    }

    fn vertical(&mut self, csi: &Csi, count: usize, span: Span, sink: &mut impl VtSink) {
        let col = match csi.fin {
            b'A' | b'B' | b'd' | b'e' => self.cursor_col(),
            b'E' | b'F' => 0,
            b'H' | b'f' => csi.count(1) - 1,
            b'L' | b'M' | b'S' | b'T' => return self.scroll(csi.fin, count, span, sink),
            b's' => return self.save_cursor(),
            b'u' => return self.restore_cursor(span, sink),
            b'r' => return self.set_region(csi, span, sink),
            _ => return,
        };
        self.lay_out();
        let row = match csi.fin {
            b'A' | b'F' => self.screen.above(count),
            b'B' | b'E' | b'e' => self.screen.below(count),
            _ => self.screen.absolute(count - 1, self.modes.origin),
        };
        self.move_to(row, col, span, sink);
    }

    /// Executes IL, DL, SU or SD.
    fn scroll(&mut self, fin: u8, count: usize, span: Span, sink: &mut impl VtSink) {
        self.leave_line(span, sink);
        let (screen, row_ids) = (&mut self.screen, &mut self.row_ids);
        self.current.cells.count(screen.rows());
        match fin {
            b'L' => screen.insert_or_delete(count, false, row_ids),
            b'M' => screen.insert_or_delete(count, true, row_ids),
            b'S' => screen.scroll(count, true, row_ids),
            _ => screen.scroll(count, false, row_ids),
        }
        self.restart_line(span);
    }

    /// Executes RI.
    pub(super) fn reverse_index(&mut self, span: Span, sink: &mut impl VtSink) {
        self.lay_out();
        let col = self.cursor_col();
        let row = self.screen.above(1);
        if row == self.screen.row {
            self.leave_line(span, sink);
            let fresh = self.row_ids.new_id();
            self.screen.up(fresh);
            self.start_line_mid_row(span.to, col);
        } else {
            self.move_to(row, col, span, sink);
        }
    }

    /// Saves the cursor position (DECSC, SCOSC).
    pub(super) fn save_cursor(&mut self) {
        let col = self.cursor_col();
        self.screen.saved = (self.screen.row, col);
    }

    /// Restores the cursor position (DECRC, SCORC).
    pub(super) fn restore_cursor(&mut self, span: Span, sink: &mut impl VtSink) {
        let (row, col) = self.screen.saved;
        self.move_to(row, col, span, sink);
    }

    /// Executes DECSTBM, which homes the cursor.
    fn set_region(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        if self.screen.set_region(csi.count(0) - 1, usize::from(csi.param(1))) {
            self.home(span, sink);
        }
    }

    /// Moves the cursor to the first column of the first row, or of the region with DECOM.
    pub(super) fn home(&mut self, span: Span, sink: &mut impl VtSink) {
        let row = self.screen.absolute(0, self.modes.origin);
        self.move_to(row, 0, span, sink);
    }

    /// Switches to the alternate screen (`on`) or back to the primary one.
    pub(super) fn switch_screen(&mut self, on: bool, span: Span, sink: &mut impl VtSink) {
        self.leave_line(span, sink);
        let col = self.cursor_col();
        if on {
            let rows = u16::try_from(self.screen.rows()).unwrap_or(u16::MAX);
            self.current.cells.count(usize::from(rows));
            let mut other = Rows::new(rows, &mut self.row_ids);
            other.row = self.screen.row;
            self.screen.saved_col = col;
            self.primary = Some(std::mem::replace(&mut self.screen, other));
            self.start_line_mid_row(span.to, col);
        } else if let Some(primary) = self.primary.take() {
            self.screen = primary;
            let col = self.screen.saved_col.min(self.cols - 1);
            self.start_line_mid_row(span.to, col);
        }
    }

    /// Executes RIS.
    pub(super) fn reset(&mut self, span: Span, sink: &mut impl VtSink) {
        self.leave_line(span, sink);
        if let Some(primary) = self.primary.take() {
            self.screen = primary;
        }
        self.screen.reset_region();
        self.current.cells.count(self.screen.rows());
        self.screen.renew_ids(&mut self.row_ids);
        (self.screen.row, self.screen.saved) = (0, (0, 0));
        self.start_line(span.to, 0);
    }

    /// Executes REP, at most a row of characters: larger counts are hostile.
    fn repeat(&mut self, count: usize, at: u64, sink: &mut impl VtSink) {
        let Some(last) = self.current.last() else { return };
        let mut buffer = [0; 4];
        let bytes = last.encode(&mut buffer);
        let count = count.min(self.cols);
        self.current.cells.count(EACH * count);
        for _ in 0..count {
            match bytes {
                [byte] if *byte >= 0x80 => self.print_byte(*byte, at, sink),
                _ => self.print(bytes, at, sink),
            }
        }
    }

    /// Applies `change` to the cells from the cursor to the end of its row.
    fn edit_row(&mut self, change: impl FnOnce(&mut super::cells::Cells, usize, usize)) {
        if self.current.storage == Storage::Flat {
            // The cursor is at the end of flat text: there is nothing to its right.
            return;
        }
        self.use_cells();
        let pos = self.current.pos;
        if pos.col < self.cols {
            let row = pos.row * self.cols;
            change(&mut self.current.cells, row + pos.col, row + self.cols);
        }
    }

    /// Executes ED.
    fn erase_display(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        match (ErasedPart::of(csi), csi.param(0)) {
            (Some(ErasedPart::After), _) => self.erase(ErasedPart::After, usize::MAX, span, sink),
            (Some(ErasedPart::Before), _) if self.current.written => {
                self.use_cells();
                let row = self.current.pos.row;
                let cursor = row * self.cols + self.cursor_col();
                // Rows in the scrollback are not erased.
                let top = row.saturating_sub(self.screen.row) * self.cols;
                self.current.cells.erase(top, cursor + 1);
            }
            // `CSI 3 J` erases the scrollback (xterm); ncurses' `clear` sends it after `CSI 2 J`.
            (Some(ErasedPart::All), _) | (None, 3) => {
                self.leave_line(span, sink);
                if !self.on_alternate() {
                    self.current.cells.count(self.screen.rows());
                    self.screen.renew_ids(&mut self.row_ids);
                }
                self.restart_line(span);
            }
            _ => {}
        }
    }

    /// Executes EL.
    fn erase_line(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        if let Some(part) = ErasedPart::of(csi) {
            self.erase(part, 1, span, sink);
        }
    }

    /// Erases `part` of `rows` rows, from the cursor's row on.
    fn erase(&mut self, part: ErasedPart, rows: usize, span: Span, sink: &mut impl VtSink) {
        if !self.current.written || part == ErasedPart::After && self.current.storage == Storage::Flat {
            return;
        }
        self.lay_out();
        let current = &self.current;
        let whole = part == ErasedPart::All || part == ErasedPart::After && current.col() == 0;
        let row = current.above + current.pos.row;
        if whole && row == 0 && current.storage == Storage::Returned {
            // CR and EL, as a progress bar does: no cells are needed.
            self.current.clear(0);
            self.current.written = true;
            return;
        }
        self.use_cells();
        if let Some(end) = self.padding_start().filter(|_| whole && row > 0) {
            self.split_off_row(end, span, sink);
            return;
        }
        let start = self.current.pos.row * self.cols;
        let cursor = start + self.current.pos.col;
        let end = start.saturating_add(self.cols.saturating_mul(rows));
        match part {
            ErasedPart::After => self.current.cells.erase(cursor, end),
            ErasedPart::Before => self.current.cells.erase(start, end.min(cursor + 1)),
            ErasedPart::All => self.current.cells.erase(start, end),
        }
    }

    /// Returns the cell at which the text above the cursor's row ends, if only padding follows it: after output without a
    /// line end, zsh and fish print a mark and about a row of spaces, so that their prompt begins on a row of its own.
    fn padding_start(&self) -> Option<usize> {
        let current = &self.current;
        let above = current.pos.row.saturating_sub(1) * self.cols;
        let from = above + current.cells.trimmed(above, current.pos.row * self.cols);
        let last = current.pos.row + 1 == current.rows(self.cols);
        let enough = self.cols.saturating_sub(PADDING).max(1);
        (last && current.cells.spaces(from) >= enough).then_some(from)
    }

    /// Ends the edited command when the shell accepts it. If the command fills its rows and the cursor was not at its end,
    /// readline leaves the cursor on the row below, which has only the blank that made the command wrap: the command's output
    /// begins there.
    pub(super) fn end_edit(&mut self, span: Span, sink: &mut impl VtSink) {
        self.lay_out();
        let current = &self.current;
        let row = current.pos.row * self.cols;
        if current.storage == Storage::Cells
            && current.pos.col == 0
            && row > 0
            && current.cells.any_from(row)
            && current.is_blank_from(row)
        {
            self.split_off_row(row, span, sink);
        }
    }

    /// Truncates the line at the cell `end`, reports it, and begins a new line at the cursor.
    fn split_off_row(&mut self, end: usize, span: Span, sink: &mut impl VtSink) {
        let col = self.cursor_col();
        self.current.cells.truncate(end);
        self.report_if_visible(span.from, sink);
        self.start_line(span.to, col);
    }

    /// Returns the id of the current line.
    pub(super) fn id(&self) -> LineId {
        LineId(self.current.id)
    }
}
