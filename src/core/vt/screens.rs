//! Both screens of the terminal, and the line that the cursor is on.
//!
//! Nearly every line is written left to right on a blank row, so its text is held as plain bytes in front of the grid
//! (`Storage::Flat`) until the cursor moves otherwise; then it is put on the grid (`Storage::Settled`). Which of them holds a
//! line depends on the stream alone, never on how the stream was cut.

use std::cell::Cell;

use super::VtSink;
use super::anchors::Anchors;
use super::charset::CharacterSet;
use super::clusters::Clusters;
use super::grid::{Grid, RowIds};
use super::layout::{CellPos, advance, row_break};
use super::modes::Modes;
use super::origin::ScreenOrigin;
use super::row::{ScreenRow, styled_parts};
use super::style::{StyleId, Styles};
use super::tabs::Tabs;
use crate::types::Size;

/// Maximum number of rows and of columns.
const MAX_SIDE: u16 = 2000;
/// Maximum number of cells, which bounds memory and the time of one sequence.
const MAX_CELLS: usize = 512 * 1024;

/// Stream offsets of a control or sequence that moves the cursor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Offset of its first byte.
    pub(super) from: u64,
    /// Offset just past it.
    pub(super) to: u64,
}

/// Representation of the text of the cursor's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// Bytes in `CurrentLine::flat`, with the cursor at their end. The rows from the cursor's on are blank.
    Flat,
    /// The same, with the cursor in the first column of the last row (after CR).
    Returned,
    /// Rows of the grid.
    Settled,
}

/// The line that the cursor is on.
#[derive(Clone, Debug)]
pub(super) struct CurrentLine {
    pub(super) storage: Storage,
    /// Text from the first column of the cursor's row on, and perhaps of rows below it, while not settled. NUL is a column
    /// that was skipped.
    pub(super) flat: Vec<u8>,
    /// Styles in `flat`: each from this byte on.
    pub(super) runs: Vec<(u32, StyleId)>,
    /// Number of bytes of `flat` that were reported in a piece of the line.
    pub(super) reported: usize,
    /// Style of the last byte of `flat`.
    pub(super) flat_style: StyleId,
    /// Number of columns by which the cursor was moved right of the end of `flat`.
    pub(super) gap: usize,
    /// Length of the prefix of `flat` that ends in column `laid_col`.
    pub(super) laid: usize,
    pub(super) laid_col: usize,
    /// Whether anything was written to the flat text. On the grid, `ScreenRow::dirty` tells that.
    pub(super) touched: bool,
    /// Stream offset at which the cursor came to the line, or at which its unreported piece begins.
    pub(super) start: u64,
    /// Whether a piece of the line was reported already.
    pub(super) continued: bool,
    /// Text of the unreported piece that has scrolled off the screen.
    pub(super) head: Vec<u8>,
    /// Where the unreported piece begins, by absolute row and column; `None` for the beginning of the line.
    pub(super) piece: Option<(u64, usize)>,
    /// Upper bound of the length of the unreported text on the grid and in `head`, in bytes.
    pub(super) bound: usize,
    /// Number of wraps since the line's beginning.
    pub(super) wraps: u64,
    /// Whether DECSC saved a position on the line.
    pub(super) saved: bool,
}

/// A line that the cursor has left between DECSC and DECRC.
#[derive(Clone, Copy, Debug)]
pub(super) struct SuspendedLine {
    /// Absolute number of its row.
    pub(super) row: u64,
    pub(super) start: u64,
}

/// Both screens.
#[derive(Clone, Debug)]
pub(super) struct Screens {
    pub(super) cols: usize,
    /// The screen that is shown.
    pub(super) grid: Grid,
    /// The other screen; the alternate one is made when it is first shown.
    pub(super) hidden: Option<Box<Grid>>,
    pub(super) on_alternate: bool,
    pub(super) current: CurrentLine,
    pub(super) suspended: Option<SuspendedLine>,
    pub(super) tabs: Tabs,
    pub(super) clusters: Clusters,
    pub(super) styles: Styles,
    /// Whether attributes are kept.
    pub(super) styled: bool,
    /// Style of printed and of erased cells.
    pub(super) pen: StyleId,
    pub(super) eraser: StyleId,
    pub(super) modes: PrintModes,
    pub(super) row_ids: RowIds,
    /// Number of the last line that has one.
    pub(super) number: u64,
    /// Whether the bytes are coshell's own, which belong to no line.
    pub(super) own: bool,
    /// Stream offset behind the last printed character, which REP repeats if it follows at once.
    pub(super) printed_to: u64,
    /// Stream offset behind the last sequence that moved the cursor to the first column of the first row.
    pub(super) homed_to: u64,
    /// Text of a line that has scrolled off in part, for the history, and whether a piece of it was passed on.
    pub(super) above: Vec<u8>,
    pub(super) above_continues: bool,
    pub(super) anchors: Anchors,
    pub(super) origin: ScreenOrigin,
    /// Buffer for the text of a line.
    pub(super) text: Vec<u8>,
    /// Number of cells or bytes that were read or written beyond those printed.
    scanned: Cell<usize>,
}

/// Modes that decide where and how text is printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct PrintModes {
    pub(super) autowrap: bool,
    pub(super) insert: bool,
    pub(super) newline: bool,
    pub(super) origin: bool,
    pub(super) charset: CharacterSet,
}

impl PrintModes {
    pub(super) fn of(modes: &Modes) -> Self {
        Self {
            autowrap: modes.autowrap(),
            insert: modes.insert(),
            newline: modes.newline(),
            origin: modes.origin(),
            charset: modes.charset(),
        }
    }

    /// Returns whether text can be appended as it comes: DECAWM set, IRM reset.
    pub(super) fn is_plain(self) -> bool {
        self.autowrap && !self.insert
    }
}

/// Returns columns and rows of a terminal of `size`, within bounds.
fn bounded(size: Size) -> (usize, usize) {
    let (cols, rows) = (usize::from(size.cols.clamp(1, MAX_SIDE)), usize::from(size.rows.clamp(1, MAX_SIDE)));
    (cols, rows.min(MAX_CELLS / cols))
}

/// Returns the rows of both screens.
fn rows_of_both<'a>(grid: &'a mut Grid, hidden: &'a mut Option<Box<Grid>>) -> impl Iterator<Item = &'a mut ScreenRow> {
    grid.rows.iter_mut().chain(hidden.iter_mut().flat_map(|grid| &mut grid.rows))
}

impl CurrentLine {
    pub(super) fn new(start: u64) -> Self {
        Self {
            storage: Storage::Flat,
            flat: Vec::new(),
            runs: Vec::new(),
            reported: 0,
            flat_style: StyleId::DEFAULT,
            gap: 0,
            laid: 0,
            laid_col: 0,
            touched: false,
            start,
            continued: false,
            head: Vec::new(),
            piece: None,
            bound: 0,
            wraps: 0,
            saved: false,
        }
    }

    /// Begins another line at the stream offset `start`.
    #[inline]
    pub(super) fn restart(&mut self, start: u64, storage: Storage) {
        self.clear_flat();
        self.storage = storage;
        self.touched = false;
        self.start = start;
        self.continued = false;
        self.head.clear();
        self.piece = None;
        self.bound = 0;
        self.wraps = 0;
        self.saved = false;
    }

    /// Empties the text that is not on the grid.
    #[inline]
    pub(super) fn clear_flat(&mut self) {
        self.flat.clear();
        self.runs.clear();
        self.flat_style = StyleId::DEFAULT;
        (self.gap, self.laid, self.laid_col, self.reported) = (0, 0, 0, 0);
    }

    /// Returns whether the flat text cannot have wrapped: no character has more columns than bytes.
    #[inline]
    pub(super) fn is_short(&self, cols: usize) -> bool {
        self.flat.len() <= cols
    }

    /// Returns an upper bound of the length of the unreported text, with the columns that were skipped, in bytes.
    #[inline]
    pub(super) fn unreported_len(&self) -> usize {
        self.bound + self.flat.len() - self.reported + self.gap
    }

    /// Returns the position behind the flat text, relative to the cursor's row of the grid.
    pub(super) fn flat_end(&self, cols: usize) -> CellPos {
        advance(CellPos { row: 0, col: self.laid_col }, &self.flat[self.laid..], cols)
    }
}

impl Screens {
    /// Creates blank screens whose first line begins at the stream offset `at`.
    pub(super) fn new(size: Size, modes: &Modes, row_ids: RowIds, at: u64, styled: bool) -> Self {
        let mut row_ids = row_ids;
        let (cols, rows) = bounded(size);
        let mut grid = Grid::new(rows, &mut row_ids);
        let on_alternate = modes.alt_screen();
        let hidden = on_alternate.then(|| Box::new(Grid::new(rows, &mut row_ids)));
        if !on_alternate {
            grid.cursor_row().id = at;
        }
        let mut screens = Self {
            cols,
            grid,
            hidden,
            on_alternate,
            current: CurrentLine::new(at),
            suspended: None,
            tabs: Tabs::new(cols),
            clusters: Clusters::default(),
            styles: Styles::default(),
            styled,
            pen: StyleId::DEFAULT,
            eraser: StyleId::DEFAULT,
            modes: PrintModes::of(modes),
            row_ids,
            number: 0,
            own: false,
            printed_to: u64::MAX,
            homed_to: u64::MAX,
            above: Vec::new(),
            above_continues: false,
            anchors: Anchors::default(),
            origin: ScreenOrigin::default(),
            text: Vec::new(),
            scanned: Cell::new(0),
        };
        screens.current.storage = screens.storage_here();
        screens.set_pen(modes);
        screens
    }

    /// Counts cells or bytes that were read or written.
    #[inline]
    pub(super) fn count(&self, scanned: usize) {
        self.scanned.set(self.scanned.get() + scanned);
    }

    /// Returns the number counted since the last call.
    pub(super) fn take_scanned(&self) -> usize {
        self.scanned.take()
    }

    /// Takes over changed modes.
    pub(super) fn set_modes(&mut self, modes: PrintModes, sink: &mut impl VtSink) {
        if !modes.is_plain() {
            self.settle(sink);
        }
        self.modes = modes;
    }

    /// Takes over changed attributes.
    pub(super) fn set_pen(&mut self, modes: &Modes) {
        if !self.styled {
            return;
        }
        let style = modes.current_sgr().style();
        self.pen = self.style_id(style);
        self.eraser = self.style_id(style.erased());
    }

    fn style_id(&mut self, style: super::style::Style) -> StyleId {
        if let Some(id) = self.styles.id(style) {
            return id;
        }
        self.sweep_styles();
        // More styles on the screens than the table holds: the cells get the default one.
        self.styles.id(style).unwrap_or_default()
    }

    /// Returns the number of the style that erased cells take in place of this one. It leaves the numbers of the others.
    fn erased_id(&mut self, id: StyleId) -> StyleId {
        if id == StyleId::DEFAULT { id } else { self.styles.id(self.styles.get(id).erased()).unwrap_or_default() }
    }

    /// Drops the styles that no cell has.
    fn sweep_styles(&mut self) {
        let old = std::mem::take(&mut self.styles);
        let mut moved = std::collections::HashMap::new();
        let styles = &mut self.styles;
        let mut renumber = |id: &mut StyleId| {
            *id = *moved.entry(*id).or_insert_with_key(|id| styles.id(old.get(*id)).unwrap_or_default());
        };
        for row in rows_of_both(&mut self.grid, &mut self.hidden) {
            row.styles_mut().for_each(&mut renumber);
        }
        self.current.runs.iter_mut().for_each(|(_, style)| renumber(style));
        for style in [&mut self.current.flat_style, &mut self.pen, &mut self.eraser] {
            renumber(style);
        }
        self.count(self.grid.height() * self.cols);
    }

    /// Drops the clusters that no cell has, if there may be many.
    #[inline]
    pub(super) fn sweep_clusters(&mut self) {
        if self.clusters.is_large() {
            let rows = rows_of_both(&mut self.grid, &mut self.hidden);
            self.clusters.sweep(rows.flat_map(ScreenRow::cells_mut));
            self.count(self.grid.height() * self.cols);
        }
    }

    /// Forgets the attributes.
    pub(super) fn drop_styles(&mut self) {
        rows_of_both(&mut self.grid, &mut self.hidden).for_each(ScreenRow::drop_styles);
        self.current.runs.clear();
        self.current.flat_style = StyleId::DEFAULT;
        (self.pen, self.eraser, self.styled) = (StyleId::DEFAULT, StyleId::DEFAULT, false);
        self.styles = Styles::default();
    }

    /// Returns the absolute number of a row of the screen that is shown.
    pub(super) fn absolute_row(&self, row: usize) -> u64 {
        self.grid.scrolled + row as u64
    }

    /// Returns the row of the screen with this absolute number, if it is on the screen.
    pub(super) fn row_at(&self, absolute: u64) -> Option<usize> {
        let row = usize::try_from(absolute.checked_sub(self.grid.scrolled)?).ok()?;
        (row < self.grid.height()).then_some(row)
    }

    /// Returns how a line can be held that begins at the cursor.
    pub(super) fn storage_here(&self) -> Storage {
        let row = &self.grid.rows[self.grid.row];
        let flat = row.is_plain() && !row.continues && self.modes.is_plain() && !self.on_alternate && !self.own;
        // A pending wrap is kept on the grid only.
        if flat && self.grid.col < self.cols { Storage::Flat } else { Storage::Settled }
    }

    /// Returns whether `lay_out` has nothing to do.
    pub(super) fn is_laid_out(&self) -> bool {
        self.current.storage == Storage::Settled || self.current.laid == self.current.flat.len()
    }

    /// Moves the rows of the flat text that are full onto the grid. Where the row below is not blank, the line is settled.
    pub(super) fn lay_out(&mut self, sink: &mut impl VtSink) {
        if self.is_laid_out() {
            return;
        }
        let end = self.current.flat_end(self.cols);
        if end.row > 0 {
            self.move_full_rows(sink);
            if self.current.storage == Storage::Settled {
                return;
            }
        }
        self.current.laid_col = end.col;
        self.current.laid = self.current.flat.len();
    }

    fn move_full_rows(&mut self, sink: &mut impl VtSink) {
        let flat = std::mem::take(&mut self.current.flat);
        let runs = std::mem::take(&mut self.current.runs);
        let (mut from, mut run, mut style) = (0, 0, StyleId::DEFAULT);
        // Rows that scroll in are blank as at the time when the text was printed.
        let eraser = self.eraser;
        while let Some((len, hole)) = row_break(&flat[from..], self.cols) {
            let row = self.grid.cursor_row();
            row.set_flat(&flat[from..from + len]);
            row.dirty = true;
            if style != StyleId::DEFAULT {
                row.push_run(0, style);
            }
            while let Some(&(at, next)) = runs.get(run).filter(|(at, _)| (*at as usize) < from + len) {
                row.push_run(at - from as u32, next);
                (style, run) = (next, run + 1);
            }
            // What wraps has the style of the character that does.
            let next = runs.get(run).filter(|(at, _)| *at as usize == from + len).map_or(style, |&(_, next)| next);
            row.set_hole(hole.then_some(next));
            from += len;
            self.move_reported(len);
            self.eraser = self.erased_id(next);
            self.wrap_down(sink);
            if !self.grid.rows[self.grid.row].is_plain() {
                break;
            }
        }
        let gap = self.current.gap;
        let returned = self.current.storage == Storage::Returned;
        let rest: Vec<(u32, StyleId)> = runs[run..].iter().map(|&(at, style)| (at - from as u32, style)).collect();
        if self.grid.rows[self.grid.row].is_plain() {
            self.eraser = eraser;
            self.current.flat = flat;
            self.current.flat.drain(..from);
            self.current.runs = rest;
            if style != StyleId::DEFAULT {
                self.current.runs.insert(0, (0, style));
            }
            (self.current.laid, self.current.laid_col) = (0, 0);
            return;
        }
        // Text or a colour below, over which the line is printed on.
        self.current.clear_flat();
        self.current.storage = Storage::Settled;
        let pen = self.pen;
        for (part, style) in styled_parts(&flat[from..], &rest, style) {
            (self.pen, self.eraser) = (style, self.erased_id(style));
            self.put_bytes(part, sink);
        }
        (self.pen, self.eraser) = (pen, eraser);
        if returned {
            self.grid.col = 0;
        } else if gap > 0 {
            self.grid.col = (self.grid.col + gap).min(self.cols - 1);
        }
    }

    /// Takes note that the first `len` bytes of the flat text stand on the cursor's row of the grid now.
    fn move_reported(&mut self, len: usize) {
        let reported = self.current.reported.min(len);
        self.current.reported -= reported;
        self.current.bound += len - reported;
        if reported == len {
            self.current.piece = Some((self.absolute_row(self.grid.row) + 1, 0));
        } else if reported > 0 {
            let (cols, row) = (self.cols, self.grid.row);
            // Without a text, columns were skipped: each takes one byte.
            let text = self.grid.rows[row].as_text().map_or(&[][..], |text| &text[..reported]);
            let col = advance(CellPos::default(), text, cols).col;
            self.current.piece = Some((self.absolute_row(row), col));
            self.grid.rows[row].make_cells(cols, &mut self.clusters);
        }
    }

    /// Puts the text of the line on the grid.
    pub(super) fn settle(&mut self, sink: &mut impl VtSink) {
        if self.current.storage == Storage::Settled {
            return;
        }
        self.lay_out(sink);
        if self.current.storage == Storage::Settled {
            return;
        }
        let current = &mut self.current;
        let (returned, len) = (current.storage == Storage::Returned, current.flat.len());
        self.grid.col = if returned { 0 } else { current.laid_col + current.gap };
        self.scanned.set(self.scanned.get() + len);
        if len > 0 {
            self.grid.rows[self.grid.row].swap_flat(&mut current.flat, &mut current.runs);
            if self.current.reported > 0 {
                self.move_reported(len);
            } else {
                self.current.bound += len;
            }
        }
        self.grid.rows[self.grid.row].dirty |= self.current.touched;
        self.current.clear_flat();
        self.current.storage = Storage::Settled;
    }

    /// Returns the cursor's column after `lay_out`; the number of columns while a wrap is pending.
    pub(super) fn col(&self) -> usize {
        match self.current.storage {
            Storage::Flat => self.current.laid_col + self.current.gap,
            Storage::Returned => 0,
            Storage::Settled => self.grid.col,
        }
    }

    /// Changes the size of both screens.
    pub(super) fn resize(&mut self, size: Size, sink: &mut impl VtSink) {
        self.settle(sink);
        let (cols, rows) = bounded(size);
        if (cols, rows) == (self.cols, self.grid.height()) {
            return;
        }
        self.count(4 * self.cols.max(cols) * self.grid.height().max(rows));
        self.reflow(cols, rows, sink);
        self.tabs.resize(cols);
        self.anchors.forget_drawn();
        self.origin = ScreenOrigin::default();
    }
}
