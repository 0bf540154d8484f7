//! The line that the cursor is on, while it is being written.
//!
//! Nearly every line is put one character behind the other, so it is plain bytes (`Storage::Flat`) until something
//! is overprinted or erased; then, and only then, it becomes cells. Which of the two it is depends on the stream
//! alone, never on how the stream was cut.

use super::cells::{Cells, Glyph};
use super::layout::{CellSpan, lay};
use super::utf8;

/// How the text of a line is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// As bytes; the cursor is behind them.
    Flat,
    /// As bytes; the cursor is in the first column of the last row.
    Returned,
    /// As cells.
    Cells,
}

/// What stands to the left of the first thing put on the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftRow {
    /// Nothing: columns passed over read as spaces.
    Blank,
    /// Something that was put there at another time: the text starts with what is put now.
    Unknown,
}

/// A line in the making.
#[derive(Clone, Debug)]
pub(super) struct CurrentLine {
    /// The id of its first row.
    pub(super) id: u64,
    /// Where in the stream it begins.
    pub(super) start: u64,
    /// Whether a piece of it has been reported already.
    pub(super) continued: bool,
    /// Whether anything was put.
    pub(super) put: bool,
    pub(super) left: LeftRow,
    /// The rows above `place`'s row 0 that belong to pieces that were reported already.
    pub(super) above: usize,
    /// How often it wrapped since `start`.
    pub(super) wraps: u64,
    /// The column in row 0 at which `flat` begins.
    pub(super) origin: usize,
    pub(super) form: Storage,
    /// The text, unless there are cells. NUL is a column that was passed over.
    pub(super) flat: Vec<u8>,
    /// Whether there are NULs in `flat`.
    pub(super) gaps: bool,
    /// How much of `flat` is in `place`.
    pub(super) laid: usize,
    /// Behind `flat[..laid]`; with cells, the cursor.
    pub(super) place: CellSpan,
    /// How many columns the cursor is further right, while flat; 0 when the last column is filled.
    pub(super) gap: usize,
    pub(super) cells: Cells,
    /// At least the length of the text in `cells`.
    pub(super) weight: usize,
    /// The last character put into `cells`.
    pub(super) last: Option<Glyph>,
    /// The text of the cells, when somebody asks for it.
    rendered: Vec<u8>,
}

impl CurrentLine {
    pub(super) fn new(id: u64, start: u64) -> Self {
        Self {
            id,
            start,
            continued: false,
            put: false,
            left: LeftRow::Blank,
            above: 0,
            wraps: 0,
            origin: 0,
            form: Storage::Flat,
            flat: Vec::new(),
            gaps: false,
            laid: 0,
            place: CellSpan::default(),
            gap: 0,
            cells: Cells::default(),
            weight: 0,
            last: None,
            rendered: Vec::new(),
        }
    }

    /// Empty again, in row 0 at this column, which is not passed over but where it begins.
    #[inline]
    pub(super) fn clear(&mut self, col: usize) {
        self.put = false;
        self.wraps = 0;
        self.origin = col;
        self.flat.clear();
        self.gaps = false;
        self.laid = 0;
        self.place = CellSpan { row: 0, col };
        self.gap = 0;
        if self.form == Storage::Cells {
            self.cells.clear();
            self.weight = 0;
            self.last = None;
        }
        self.form = Storage::Flat;
    }

    /// The place behind all of the flat text.
    pub(super) fn end(&self, cols: usize) -> CellSpan {
        lay(self.place, &self.flat[self.laid..], cols)
    }

    /// Brings `place` up to date and says how often the text wrapped on the way.
    pub(super) fn settle(&mut self, cols: usize) -> usize {
        let row = self.place.row;
        if self.laid < self.flat.len() {
            self.place = self.end(cols);
            self.laid = self.flat.len();
        }
        self.place.row - row
    }

    /// Whether the flat text can not have wrapped.
    pub(super) fn is_short(&self, cols: usize) -> bool {
        self.laid == 0 && self.origin + self.flat.len() <= cols
    }

    /// The cursor's column, once settled; `cols` when the last one is filled.
    pub(super) fn col(&self) -> usize {
        match self.form {
            Storage::Flat => self.place.col + self.gap,
            Storage::Returned => 0,
            Storage::Cells => self.place.col,
        }
    }

    /// The cursor's column, settled or not.
    pub(super) fn cursor_col(&self, cols: usize) -> usize {
        match self.form {
            Storage::Flat => self.end(cols).col + self.gap,
            Storage::Returned | Storage::Cells => self.col(),
        }
    }

    /// The rows it takes from row 0 on, once settled.
    pub(super) fn rows(&self, cols: usize) -> usize {
        let of_cells = self.cells.len().div_ceil(cols);
        of_cells.max(self.place.row + 1)
    }

    /// Before something is put up to the cell `end`: a row whose last column was empty and is filled now no longer goes on
    /// in the next, so blanks there are not the line's. By this readline takes back what made it wrap, at the end of a
    /// command that fills its row.
    #[inline]
    pub(super) fn end_wrap(&mut self, end: usize, cols: usize) {
        let row_end = (self.place.row + 1) * cols;
        if end == row_end && row_end < self.cells.len() && self.cells.is_blank(row_end - 1) && self.is_void(row_end) {
            self.cells.truncate(row_end);
        }
    }

    /// Whether there is nothing to read from this cell on.
    pub(super) fn is_void(&self, from: usize) -> bool {
        self.cells.trimmed(from, self.cells.len()) == 0
    }

    /// From bytes to cells; settled before.
    pub(super) fn turn_into_cells(&mut self, cols: usize) {
        if self.form == Storage::Cells {
            return;
        }
        self.place.col = self.col();
        self.last = if self.form == Storage::Flat { self.last_flat() } else { None };
        self.cells.load(&self.flat, self.origin, cols);
        self.weight = self.flat.len() + self.origin;
        self.flat.clear();
        (self.laid, self.gap, self.gaps, self.form) = (0, 0, false, Storage::Cells);
    }

    /// The last character of the flat text.
    fn last_flat(&self) -> Option<Glyph> {
        let from = self.flat.iter().rposition(|byte| !matches!(byte, 0x80..=0xbf))?;
        let (what, len) = utf8::first(&self.flat[from..]);
        if from + len < self.flat.len() {
            // Stray bytes of a broken character.
            return self.flat.last().map(|&byte| Glyph::new(Err(byte)));
        }
        let printed = what.map_or(1, utf8::width) > 0 && what != Ok('\0');
        printed.then(|| Glyph::new(what))
    }

    /// The last character put, which `REP` repeats.
    pub(super) fn last(&self) -> Option<Glyph> {
        match self.form {
            Storage::Flat => self.last_flat(),
            Storage::Returned => None,
            Storage::Cells => self.last,
        }
    }

    /// The text as a person reads it.
    #[inline]
    pub(super) fn text(&mut self) -> &[u8] {
        if self.form == Storage::Cells {
            self.rendered.clear();
            self.cells.render(self.left == LeftRow::Unknown, &mut self.rendered);
            return &self.rendered;
        }
        if self.gaps {
            self.rendered.clear();
            self.rendered.extend(self.flat.iter().map(|&byte| if byte == 0 { b' ' } else { byte }));
            return &self.rendered;
        }
        &self.flat
    }
}
