//! Cursor motions, erasing and scrolling.

use super::current_line::Storage;
use super::lines::{Lines, Span};
use super::parse::Csi;
use super::rows::Rows;
use super::{LineId, VtSink};

/// How many columns less than a row the spaces before a prompt may be: the mark takes one or two, and fish writes it again.
const PADDING: usize = 4;

/// Which part of a row or of the screen is erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ErasedPart {
    Behind,
    Before,
    All,
}

impl ErasedPart {
    /// As the parameter of `J` and `K` names it.
    fn of(csi: &Csi) -> Option<Self> {
        match csi.raw(0) {
            0 => Some(Self::Behind),
            1 => Some(Self::Before),
            2 => Some(Self::All),
            _ => None,
        }
    }
}

impl Lines {
    /// BS.
    pub(super) fn back(&mut self, count: usize) {
        self.settle();
        let col = self.draft.col().min(self.cols - 1);
        if col > 0 || self.draft.form == Storage::Cells {
            self.column(col.saturating_sub(count));
        }
    }

    /// HT, `count` times.
    pub(super) fn tab(&mut self, count: usize) {
        self.settle();
        let col = self.draft.col();
        if col < self.cols {
            self.column((col / 8).saturating_add(count).saturating_mul(8));
        }
    }

    /// HT backwards.
    fn back_tab(&mut self, count: usize) {
        self.settle();
        let col = self.draft.col().min(self.cols - 1);
        self.column(col.div_ceil(8).saturating_sub(count) * 8);
    }

    /// Reports the line, since the cursor leaves it, or something else takes its place.
    fn depart(&mut self, span: Span, sink: &mut impl VtSink) {
        self.settle();
        self.report_if_seen(span.from, sink);
    }

    /// Moves the cursor to a row of the screen and a column; within the rows of the current line that does not end it.
    fn go(&mut self, row: usize, col: usize, span: Span, sink: &mut impl VtSink) {
        self.settle();
        let now = self.screen.row;
        if row == now {
            self.column(col);
            return;
        }
        let place = self.draft.place.row;
        let target = (place + row).checked_sub(now).filter(|&row| row < self.draft.rows(self.cols));
        if let Some(target) = target {
            self.cells();
            self.screen.row = row;
            self.draft.place.row = target;
            self.column(col);
            return;
        }
        self.depart(span, sink);
        self.screen.row = row;
        self.arrive(span.to, col.min(self.cols - 1));
    }

    /// The cursor's column, not beyond the last.
    fn here(&mut self) -> usize {
        self.settle();
        self.draft.col().min(self.cols - 1)
    }

    /// The row is another one now, or is scrolled to another place: a new line under the cursor.
    fn anew(&mut self, span: Span) {
        let col = self.here();
        self.arrive(span.to, col);
    }

    /// `CSI ... fin` without prefix and intermediate byte.
    pub(super) fn control(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        let count = csi.count(0);
        match csi.fin {
            b'@' => self.edit(|cells, at, end| cells.insert(at, end, count)),
            b'P' => self.edit(|cells, at, end| cells.delete(at, end, count)),
            b'X' => self.edit(|cells, at, end| cells.erase(at, end.min(at + count))),
            b'C' | b'a' => {
                let col = self.here();
                self.column(col + count);
            }
            b'D' => self.back(count),
            b'G' | b'`' => self.column(count - 1),
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
            b'A' | b'B' | b'd' | b'e' => self.here(),
            b'E' | b'F' => 0,
            b'H' | b'f' => csi.count(1) - 1,
            b'L' | b'M' | b'S' | b'T' => return self.scroll(csi.fin, count, span, sink),
            b's' => return self.save(),
            b'u' => return self.recall(span, sink),
            b'r' => return self.region(csi, span, sink),
            _ => return,
        };
        self.settle();
        let row = match csi.fin {
            b'A' | b'F' => self.screen.above(count),
            b'B' | b'E' | b'e' => self.screen.below(count),
            _ => self.screen.numbered(count - 1, self.modes.origin),
        };
        self.go(row, col, span, sink);
    }

    /// IL, DL, SU and SD.
    fn scroll(&mut self, fin: u8, count: usize, span: Span, sink: &mut impl VtSink) {
        self.depart(span, sink);
        let (screen, maker) = (&mut self.screen, &mut self.maker);
        match fin {
            b'L' => screen.splice(count, false, maker),
            b'M' => screen.splice(count, true, maker),
            b'S' => screen.scroll(count, true, maker),
            _ => screen.scroll(count, false, maker),
        }
        self.anew(span);
    }

    /// RI.
    pub(super) fn reverse_index(&mut self, span: Span, sink: &mut impl VtSink) {
        self.settle();
        let col = self.here();
        let row = self.screen.above(1);
        if row == self.screen.row {
            self.depart(span, sink);
            let fresh = self.maker.fresh();
            self.screen.up(fresh);
            self.arrive(span.to, col);
        } else {
            self.go(row, col, span, sink);
        }
    }

    /// DECSC.
    pub(super) fn save(&mut self) {
        let col = self.here();
        self.screen.saved = (self.screen.row, col);
    }

    /// DECRC.
    pub(super) fn recall(&mut self, span: Span, sink: &mut impl VtSink) {
        let (row, col) = self.screen.saved;
        self.go(row, col, span, sink);
    }

    /// DECSTBM.
    fn region(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        if self.screen.set_region(csi.count(0) - 1, usize::from(csi.raw(1))) {
            self.home(span, sink);
        }
    }

    /// To the first row and column.
    pub(super) fn home(&mut self, span: Span, sink: &mut impl VtSink) {
        let row = self.screen.numbered(0, self.modes.origin);
        self.go(row, 0, span, sink);
    }

    /// Shows the alternate screen, or the primary one again.
    pub(super) fn switch(&mut self, on: bool, span: Span, sink: &mut impl VtSink) {
        self.depart(span, sink);
        let col = self.here();
        if on {
            let rows = u16::try_from(self.screen.rows()).unwrap_or(u16::MAX);
            let mut other = Rows::new(rows, &mut self.maker);
            other.row = self.screen.row;
            self.screen.left_at = col;
            self.hidden = Some(std::mem::replace(&mut self.screen, other));
            self.arrive(span.to, col);
        } else if let Some(hidden) = self.hidden.take() {
            self.screen = hidden;
            let col = self.screen.left_at.min(self.cols - 1);
            self.arrive(span.to, col);
        }
    }

    /// RIS.
    pub(super) fn reset(&mut self, span: Span, sink: &mut impl VtSink) {
        self.depart(span, sink);
        if let Some(hidden) = self.hidden.take() {
            self.screen = hidden;
        }
        self.screen.drop_region();
        self.screen.refresh(&mut self.maker);
        (self.screen.row, self.screen.saved) = (0, (0, 0));
        self.begin(span.to, 0);
    }

    /// REP. More than a row of them is nobody's wish.
    fn repeat(&mut self, count: usize, at: u64, sink: &mut impl VtSink) {
        let Some(last) = self.draft.last() else { return };
        let mut buffer = [0; 4];
        let bytes = last.encode(&mut buffer);
        for _ in 0..count.min(self.cols) {
            match bytes {
                [byte] if *byte >= 0x80 => self.raw(*byte, at, sink),
                _ => self.text(bytes, at, sink),
            }
        }
    }

    /// Changes the cells from the cursor to the end of its row.
    fn edit(&mut self, change: impl FnOnce(&mut super::cells::Cells, usize, usize)) {
        if self.draft.form == Storage::Flat {
            // Nothing stands to the right of the cursor.
            return;
        }
        self.cells();
        let place = self.draft.place;
        if place.col < self.cols {
            let row = place.row * self.cols;
            change(&mut self.draft.cells, row + place.col, row + self.cols);
        }
    }

    /// ED.
    fn erase_display(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        match (ErasedPart::of(csi), csi.raw(0)) {
            (Some(ErasedPart::Behind), _) => self.erase(ErasedPart::Behind, usize::MAX, span, sink),
            (Some(ErasedPart::Before), _) if self.draft.put => {
                self.cells();
                let row = self.draft.place.row;
                let cursor = row * self.cols + self.here();
                // What has scrolled away stays.
                let top = row.saturating_sub(self.screen.row) * self.cols;
                self.draft.cells.erase(top, cursor + 1);
            }
            (Some(ErasedPart::All), _) | (None, 3) => {
                self.depart(span, sink);
                if !self.on_alternate() {
                    self.screen.refresh(&mut self.maker);
                }
                self.anew(span);
            }
            _ => {}
        }
    }

    /// EL.
    fn erase_line(&mut self, csi: &Csi, span: Span, sink: &mut impl VtSink) {
        if let Some(part) = ErasedPart::of(csi) {
            self.erase(part, 1, span, sink);
        }
    }

    /// Erases in the cursor's row, and in those below it for more than one of them.
    fn erase(&mut self, part: ErasedPart, rows: usize, span: Span, sink: &mut impl VtSink) {
        if !self.draft.put || part == ErasedPart::Behind && self.draft.form == Storage::Flat {
            return;
        }
        self.settle();
        let draft = &self.draft;
        let whole = part == ErasedPart::All || part == ErasedPart::Behind && draft.col() == 0;
        let row = draft.above + draft.place.row;
        if whole && row == 0 && draft.form == Storage::Returned {
            // What a progress bar does: there is no need for cells.
            self.draft.clear(0);
            self.draft.put = true;
            return;
        }
        self.cells();
        if let Some(end) = self.padded_from().filter(|_| whole && row > 0) {
            self.cut(end, span, sink);
            return;
        }
        let start = self.draft.place.row * self.cols;
        let cursor = start + self.draft.place.col;
        let end = start.saturating_add(self.cols.saturating_mul(rows));
        match part {
            ErasedPart::Behind => self.draft.cells.erase(cursor, end),
            ErasedPart::Before => self.draft.cells.erase(start, end.min(cursor + 1)),
            ErasedPart::All => self.draft.cells.erase(start, end),
        }
    }

    /// Where the text above the cursor's row ends if what follows it is padding: behind output that did not end in a line
    /// end, zsh and fish write a mark and about a row of spaces, so that their prompt begins on a row of its own.
    fn padded_from(&self) -> Option<usize> {
        let draft = &self.draft;
        let above = draft.place.row.saturating_sub(1) * self.cols;
        let from = above + draft.cells.trimmed(above, draft.place.row * self.cols);
        let last = draft.place.row + 1 == draft.rows(self.cols);
        let enough = self.cols.saturating_sub(PADDING).max(1);
        (last && draft.cells.spaces(from) >= enough).then_some(from)
    }

    /// Whoever let a command be edited takes it. If it fills its rows and the cursor was not at its end, readline leaves
    /// the cursor on the row below, of which the command has only the blank that made it wrap: the output begins there.
    pub(super) fn end_edit(&mut self, span: Span, sink: &mut impl VtSink) {
        self.settle();
        let draft = &self.draft;
        let row = draft.place.row * self.cols;
        if draft.form == Storage::Cells
            && draft.place.col == 0
            && row > 0
            && draft.cells.any_from(row)
            && draft.is_void(row)
        {
            self.cut(row, span, sink);
        }
    }

    /// The row that the cursor is on is emptied and no longer the continuation of the one above.
    fn cut(&mut self, end: usize, span: Span, sink: &mut impl VtSink) {
        let col = self.here();
        self.draft.cells.truncate(end);
        self.report_if_seen(span.from, sink);
        self.begin(span.to, col);
    }

    /// The id of the current line.
    pub(super) fn id(&self) -> LineId {
        LineId(self.draft.id)
    }
}
