//! The line that the cursor is on, until it is finished.
//!
//! Nearly every line is written left to right, so it is held as plain bytes (`Storage::Flat`) until the cursor moves back
//! over it; only then are its bytes turned into cells. The storage depends on the stream alone, never on how the stream
//! was cut.

use super::cells::{Cells, Glyph};
use super::layout::{CellPos, advance};
use super::utf8;

/// Representation of a line's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// Bytes, with the cursor at their end.
    Flat,
    /// Bytes, with the cursor in the first column of the last row (after CR).
    Returned,
    /// Cells, with the cursor anywhere.
    Cells,
}

/// Content of the row to the left of the line's first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftRow {
    /// Nothing: skipped columns read as spaces.
    Blank,
    /// Possibly text of an earlier line: the line's text begins at its first character.
    Unknown,
}

/// Unfinished line.
#[derive(Clone, Debug)]
pub(super) struct CurrentLine {
    /// Id of the first row.
    pub(super) id: u64,
    /// Stream offset of the line's beginning.
    pub(super) start: u64,
    /// Whether a piece of the line was reported already.
    pub(super) continued: bool,
    /// Whether anything was written.
    pub(super) written: bool,
    pub(super) left: LeftRow,
    /// Number of rows above row 0 that belong to pieces reported already.
    pub(super) above: usize,
    /// Number of wraps since `start`.
    pub(super) wraps: u64,
    /// Column in row 0 at which `flat` begins.
    pub(super) origin: usize,
    pub(super) storage: Storage,
    /// Text while the storage is not `Cells`. NUL is a skipped column.
    pub(super) flat: Vec<u8>,
    /// Whether `flat` contains NULs.
    pub(super) gaps: bool,
    /// Length of the prefix of `flat` that `pos` accounts for.
    pub(super) laid_out: usize,
    /// Position at the end of `flat[..laid_out]`; with `Cells`, the cursor.
    pub(super) pos: CellPos,
    /// Number of columns by which the cursor was moved right of `flat`'s end; 0 when the last column is filled.
    pub(super) gap: usize,
    pub(super) cells: Cells,
    /// Upper bound of the text's length in `cells`, in bytes.
    pub(super) max_len: usize,
    /// Last character written to `cells`.
    pub(super) last: Option<Glyph>,
    /// Buffer for the text of `cells`.
    rendered: Vec<u8>,
}

impl CurrentLine {
    pub(super) fn new(id: u64, start: u64) -> Self {
        Self {
            id,
            start,
            continued: false,
            written: false,
            left: LeftRow::Blank,
            above: 0,
            wraps: 0,
            origin: 0,
            storage: Storage::Flat,
            flat: Vec::new(),
            gaps: false,
            laid_out: 0,
            pos: CellPos::default(),
            gap: 0,
            cells: Cells::default(),
            max_len: 0,
            last: None,
            rendered: Vec::new(),
        }
    }

    /// Empties the line; it begins in column `col` of row 0.
    #[inline]
    pub(super) fn clear(&mut self, col: usize) {
        self.written = false;
        self.wraps = 0;
        self.origin = col;
        self.flat.clear();
        self.gaps = false;
        self.laid_out = 0;
        self.pos = CellPos { row: 0, col };
        self.gap = 0;
        if self.storage == Storage::Cells {
            self.cells.clear();
            self.max_len = 0;
            self.last = None;
        }
        self.storage = Storage::Flat;
    }

    /// Returns the position at the end of the flat text.
    pub(super) fn end(&self, cols: usize) -> CellPos {
        advance(self.pos, &self.flat[self.laid_out..], cols)
    }

    /// Updates `pos` to the end of the flat text and returns the number of wraps on the way.
    pub(super) fn lay_out(&mut self, cols: usize) -> usize {
        let row = self.pos.row;
        if self.laid_out < self.flat.len() {
            self.pos = self.end(cols);
            self.laid_out = self.flat.len();
        }
        self.pos.row - row
    }

    /// Returns whether the flat text cannot have wrapped: no character has more columns than bytes.
    pub(super) fn is_short(&self, cols: usize) -> bool {
        self.laid_out == 0 && self.origin + self.flat.len() <= cols
    }

    /// Returns the cursor's column after `lay_out`; `cols` while a wrap is pending.
    pub(super) fn col(&self) -> usize {
        match self.storage {
            Storage::Flat => self.pos.col + self.gap,
            Storage::Returned => 0,
            Storage::Cells => self.pos.col,
        }
    }

    /// Returns the cursor's column, before `lay_out` too.
    pub(super) fn cursor_col(&self, cols: usize) -> usize {
        match self.storage {
            Storage::Flat => self.end(cols).col + self.gap,
            Storage::Returned | Storage::Cells => self.col(),
        }
    }

    /// Returns the number of rows from row 0 on, after `lay_out`.
    pub(super) fn rows(&self, cols: usize) -> usize {
        let of_cells = self.cells.len().div_ceil(cols);
        of_cells.max(self.pos.row + 1)
    }

    /// Ends the line at `end` if a write up to there fills the last column of the row, which was empty, and only blanks follow
    /// on the next row. By this write readline undoes its wrap at the end of a command that fills the row.
    #[inline]
    pub(super) fn end_wrap(&mut self, end: usize, cols: usize) {
        let row_end = (self.pos.row + 1) * cols;
        if end == row_end
            && row_end < self.cells.len()
            && self.cells.is_blank(row_end - 1)
            && self.is_blank_from(row_end)
        {
            self.cells.truncate(row_end);
        }
    }

    /// Returns whether the line has only blanks from the cell `from` on.
    pub(super) fn is_blank_from(&self, from: usize) -> bool {
        self.cells.trimmed(from, self.cells.len()) == 0
    }

    /// Converts flat text to cells; the caller has called `lay_out`.
    pub(super) fn turn_into_cells(&mut self, cols: usize) {
        if self.storage == Storage::Cells {
            return;
        }
        self.pos.col = self.col();
        self.last = if self.storage == Storage::Flat { self.last_flat() } else { None };
        self.cells.load(&self.flat, self.origin, cols);
        self.max_len = self.flat.len() + self.origin;
        self.flat.clear();
        (self.laid_out, self.gap, self.gaps, self.storage) = (0, 0, false, Storage::Cells);
    }

    /// Returns the last character of the flat text.
    fn last_flat(&self) -> Option<Glyph> {
        let from = self.flat.iter().rposition(|byte| !matches!(byte, 0x80..=0xbf))?;
        let (what, len) = utf8::first(&self.flat[from..]);
        if from + len < self.flat.len() {
            // Continuation bytes of a malformed character: the last one is a byte of its own.
            return self.flat.last().map(|&byte| Glyph::new(Err(byte)));
        }
        let printed = what.map_or(1, utf8::width) > 0 && what != Ok('\0');
        printed.then(|| Glyph::new(what))
    }

    /// Returns the last character written, which REP repeats; none after CR (ECMA-48 leaves that undefined).
    pub(super) fn last(&self) -> Option<Glyph> {
        match self.storage {
            Storage::Flat => self.last_flat(),
            Storage::Returned => None,
            Storage::Cells => self.last,
        }
    }

    /// Returns the line's text.
    #[inline]
    pub(super) fn text(&mut self) -> &[u8] {
        if self.storage == Storage::Cells {
            self.rendered.clear();
            self.cells.render(self.left == LeftRow::Unknown, &mut self.rendered);
            return &self.rendered;
        }
        if self.gaps {
            self.cells.count(self.flat.len());
            self.rendered.clear();
            self.rendered.extend(self.flat.iter().map(|&byte| if byte == 0 { b' ' } else { byte }));
            return &self.rendered;
        }
        &self.flat
    }
}
