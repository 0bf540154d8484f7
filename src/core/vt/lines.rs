//! Lines of both screens: the current line, its row on the screen, and its end.

use super::current_line::{CurrentLine, LeftRow, Storage};
use super::layout::CellPos;
use super::modes::Modes;
use super::rows::{RowIds, Rows};
use super::{Line, LineId, VtSink};
use crate::types::Size;

/// Maximum number of columns, above that of any terminal.
const MAX_COLS: usize = 10_000;

/// Stream offsets of a control or sequence that moves the cursor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Offset of its first byte.
    pub(super) from: u64,
    /// Offset just past it.
    pub(super) to: u64,
}

/// Lines of both screens.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    pub(super) cols: usize,
    pub(super) row_ids: RowIds,
    /// Rows of the screen that is shown.
    pub(super) screen: Rows,
    /// Rows of the primary screen, while the alternate one is shown.
    pub(super) primary: Option<Rows>,
    pub(super) current: CurrentLine,
    pub(super) modes: PrintModes,
}

/// Modes that decide where text is printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrintModes {
    pub(super) autowrap: bool,
    pub(super) insert: bool,
    pub(super) newline: bool,
    pub(super) origin: bool,
    pub(super) graphics: bool,
}

impl PrintModes {
    pub(super) fn of(modes: &Modes) -> Self {
        Self {
            autowrap: modes.autowrap(),
            insert: modes.insert(),
            newline: modes.newline(),
            origin: modes.origin(),
            graphics: modes.graphics(),
        }
    }

    /// Returns whether text can be appended as it comes: DECAWM set, IRM reset.
    fn plain(self) -> bool {
        self.autowrap && !self.insert
    }
}

/// Returns the number of columns that is assumed for a terminal of `size`.
fn columns(size: Size) -> usize {
    usize::from(size.cols).clamp(1, MAX_COLS)
}

impl Lines {
    /// Creates lines that begin at the offset `at`, with the cursor on the last row: a shell session usually begins there.
    pub(super) fn new(size: Size, modes: &Modes, row_ids: RowIds, at: u64) -> Self {
        let mut row_ids = row_ids;
        let mut screen = Rows::new(size.rows, &mut row_ids);
        screen.set_id(at);
        let primary = modes.alt_screen().then(|| Rows::new(size.rows, &mut row_ids));
        let cols = columns(size);
        let mut lines =
            Self { cols, row_ids, screen, primary, current: CurrentLine::new(at, at), modes: PrintModes::of(modes) };
        lines.start_line(at, 0);
        lines
    }

    pub(super) fn on_alternate(&self) -> bool {
        self.primary.is_some()
    }

    /// Takes over changed modes.
    pub(super) fn set_modes(&mut self, modes: PrintModes) {
        self.modes = modes;
        if !modes.plain() {
            self.use_cells();
        }
    }

    /// Changes the size of both screens.
    pub(super) fn resize(&mut self, size: Size) {
        self.screen.resize(size.rows, &mut self.row_ids);
        if let Some(primary) = &mut self.primary {
            primary.resize(size.rows, &mut self.row_ids);
        }
        let cols = columns(size);
        if cols != self.cols {
            self.lay_out();
            self.rewrap(cols);
        }
    }

    /// Rewraps the current line into rows of `cols` columns, as most terminals do.
    fn rewrap(&mut self, cols: usize) {
        let current = &mut self.current;
        let move_to = |pos: CellPos| {
            let pending = usize::from(pos.col == self.cols);
            let cell = pos.row * self.cols + pos.col - pending;
            CellPos { row: cell / cols, col: cell % cols + pending }
        };
        if current.storage == Storage::Cells || current.gaps || current.gap > 0 {
            current.turn_into_cells(self.cols);
            current.pos = move_to(current.pos);
        } else {
            current.origin = current.origin.min(cols);
            (current.laid_out, current.pos) = (0, CellPos { row: 0, col: current.origin });
            current.lay_out(cols);
        }
        self.cols = cols;
    }

    /// Updates position and rows to the end of the text.
    pub(super) fn lay_out(&mut self) {
        for _ in 0..self.current.lay_out(self.cols) {
            self.step_down();
        }
    }

    /// Moves to the next row after a wrap.
    pub(super) fn step_down(&mut self) {
        self.current.wraps += 1;
        // Each wrap takes at least one byte of the line, so the id is unique.
        self.screen.down(self.current.start + self.current.wraps);
    }

    /// Converts the current line to cells.
    pub(super) fn use_cells(&mut self) {
        self.lay_out();
        self.current.turn_into_cells(self.cols);
    }

    /// Begins a new line on the cursor's row, in the column `col`.
    pub(super) fn start_line(&mut self, start: u64, col: usize) {
        let current = &mut self.current;
        current.id = self.screen.id();
        current.start = start;
        current.continued = false;
        current.above = 0;
        current.left = if self.primary.is_some() { LeftRow::Unknown } else { LeftRow::Blank };
        if current.left == LeftRow::Blank {
            current.clear(0);
            current.gap = col;
        } else {
            current.clear(col);
        }
        if !self.modes.plain() {
            current.turn_into_cells(self.cols);
        }
    }

    /// Begins a new line in the column `col` of a row that may have other text to the left.
    pub(super) fn start_line_mid_row(&mut self, start: u64, col: usize) {
        self.start_line(start, 0);
        if col > 0 || self.on_alternate() {
            self.current.left = LeftRow::Unknown;
            self.current.clear(col);
            if !self.modes.plain() {
                self.current.turn_into_cells(self.cols);
            }
        }
    }

    /// Reports the current line; `more` tells that it continues.
    fn report(&mut self, end: u64, more: bool, sink: &mut impl VtSink) {
        let (id, start, continued) = (LineId(self.current.id), self.current.start, self.current.continued);
        let text = self.current.text();
        sink.line(&Line { id, text, start, end: end.max(start), more, continued });
    }

    /// Reports the current line if it has visible text.
    pub(super) fn report_if_visible(&mut self, end: u64, sink: &mut impl VtSink) {
        let visible = self.current.written && self.current.text().iter().any(|&byte| byte != b' ');
        // A piece with `more` must be followed by the line's end.
        if visible || self.current.continued {
            self.report(end, false, sink);
        }
    }

    /// Reports the line so far because it is too long; it continues at the offset `at`.
    pub(super) fn flush(&mut self, at: u64, sink: &mut impl VtSink) {
        self.lay_out();
        self.report(at, true, sink);
        let current = &mut self.current;
        current.above += current.pos.row;
        current.continued = true;
        current.start = at;
        current.left = LeftRow::Unknown;
        let col = current.col();
        current.clear(col);
        if !self.modes.plain() {
            current.turn_into_cells(self.cols);
        }
    }

    /// Executes LF, which finishes the line; `returns` tells that it implies CR (LNM, NEL).
    pub(super) fn line_feed(&mut self, to: u64, returns: bool, sink: &mut impl VtSink) {
        let current = &mut self.current;
        let returned = returns || current.storage == Storage::Returned;
        if !(returned && current.storage != Storage::Cells && current.is_short(self.cols)) {
            self.lay_out();
        }
        let col = if returned { 0 } else { self.current.col().min(self.cols - 1) };
        let below = self.current.pos.row + 1;
        // Cells further down belong to the same line: the cursor moved up within a wrapped line.
        if self.current.storage == Storage::Cells && self.current.cells.any_from(below * self.cols) {
            self.current.pos = CellPos { row: below, col };
            self.screen.down(to);
            return;
        }
        if self.on_alternate() {
            self.report_if_visible(to, sink);
        } else {
            self.report(to, false, sink);
        }
        self.screen.down(to);
        self.start_line(to, col);
    }

    /// Executes CR.
    pub(super) fn carriage_return(&mut self) {
        match self.current.storage {
            Storage::Flat if self.current.written => self.current.storage = Storage::Returned,
            Storage::Flat | Storage::Cells => self.move_to_col(0),
            Storage::Returned => {}
        }
    }

    /// Moves the cursor to a column of its row.
    pub(super) fn move_to_col(&mut self, col: usize) {
        self.lay_out();
        let col = col.min(self.cols - 1);
        let current = &mut self.current;
        let now = current.col();
        match current.storage {
            Storage::Cells => current.pos.col = col,
            Storage::Flat if !current.written && col >= current.origin => current.gap = col - current.origin,
            Storage::Flat if !current.written => current.clear(col),
            Storage::Flat if now < self.cols && col >= now => current.gap += col - now,
            Storage::Returned if col == 0 => {}
            Storage::Flat | Storage::Returned => {
                current.turn_into_cells(self.cols);
                current.pos.col = col;
            }
        }
    }
}
