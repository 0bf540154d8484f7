//! The line that the cursor is on, its row on the screen, and how it ends.

use super::current_line::{CurrentLine, LeftRow, Storage};
use super::layout::CellSpan;
use super::modes::Modes;
use super::rows::{RowIds, Rows};
use super::{Line, LineId, VtSink};
use crate::types::Size;

/// More columns than any terminal has.
const MOST_COLS: usize = 10_000;

/// Where in the stream something stands that moves the cursor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Its first byte.
    pub(super) from: u64,
    /// The byte behind it.
    pub(super) to: u64,
}

/// The lines of both screens.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    pub(super) cols: usize,
    pub(super) maker: RowIds,
    /// The one that is shown.
    pub(super) screen: Rows,
    /// The primary screen, while the alternate one is shown.
    pub(super) hidden: Option<Rows>,
    pub(super) draft: CurrentLine,
    pub(super) modes: Rules,
}

/// The modes that decide where text goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) autowrap: bool,
    pub(super) insert: bool,
    pub(super) newline: bool,
    pub(super) origin: bool,
    pub(super) graphics: bool,
}

impl Rules {
    pub(super) fn of(modes: &Modes) -> Self {
        Self {
            autowrap: modes.autowrap(),
            insert: modes.insert(),
            newline: modes.newline(),
            origin: modes.origin(),
            graphics: modes.graphics(),
        }
    }

    /// Whether text can be taken as it comes.
    fn plain(self) -> bool {
        self.autowrap && !self.insert
    }
}

/// The columns that a terminal of this size is taken to have.
fn columns(size: Size) -> usize {
    usize::from(size.cols).clamp(1, MOST_COLS)
}

impl Lines {
    /// Lines from this offset on, on the last row of the screen.
    pub(super) fn new(size: Size, modes: &Modes, maker: RowIds, at: u64) -> Self {
        let mut maker = maker;
        let mut screen = Rows::new(size.rows, &mut maker);
        screen.rename(at);
        let hidden = modes.alt_screen().then(|| Rows::new(size.rows, &mut maker));
        let cols = columns(size);
        let mut lines = Self { cols, maker, screen, hidden, draft: CurrentLine::new(at, at), modes: Rules::of(modes) };
        lines.begin(at, 0);
        lines
    }

    pub(super) fn on_alternate(&self) -> bool {
        self.hidden.is_some()
    }

    /// The modes have changed.
    pub(super) fn obey(&mut self, rules: Rules) {
        self.modes = rules;
        if !rules.plain() {
            self.cells();
        }
    }

    /// The window has another size.
    pub(super) fn resize(&mut self, size: Size) {
        self.screen.resize(size.rows, &mut self.maker);
        if let Some(hidden) = &mut self.hidden {
            hidden.resize(size.rows, &mut self.maker);
        }
        let cols = columns(size);
        if cols != self.cols {
            self.settle();
            self.rewrap(cols);
        }
    }

    /// The current line, in rows of another width; most terminals move the text so.
    fn rewrap(&mut self, cols: usize) {
        let draft = &mut self.draft;
        let move_to = |place: CellSpan| {
            let pending = usize::from(place.col == self.cols);
            let cell = place.row * self.cols + place.col - pending;
            CellSpan { row: cell / cols, col: cell % cols + pending }
        };
        if draft.form == Storage::Cells || draft.gaps || draft.gap > 0 {
            draft.turn_into_cells(self.cols);
            draft.place = move_to(draft.place);
        } else {
            draft.origin = draft.origin.min(cols);
            (draft.laid, draft.place) = (0, CellSpan { row: 0, col: draft.origin });
            draft.settle(cols);
        }
        self.cols = cols;
    }

    /// Brings the rows up to date with the text.
    pub(super) fn settle(&mut self) {
        for _ in 0..self.draft.settle(self.cols) {
            self.step_down();
        }
    }

    /// The text goes on in the next row.
    pub(super) fn step_down(&mut self) {
        self.draft.wraps += 1;
        // Each wrap takes a byte of the line at least, so no other row has this id.
        self.screen.down(self.draft.start + self.draft.wraps);
    }

    /// The current line, as cells.
    pub(super) fn cells(&mut self) {
        self.settle();
        self.draft.turn_into_cells(self.cols);
    }

    /// A new line on the cursor's row.
    pub(super) fn begin(&mut self, start: u64, col: usize) {
        let draft = &mut self.draft;
        draft.id = self.screen.id();
        draft.start = start;
        draft.continued = false;
        draft.above = 0;
        draft.left = if self.hidden.is_some() { LeftRow::Unknown } else { LeftRow::Blank };
        if draft.left == LeftRow::Blank {
            draft.clear(0);
            draft.gap = col;
        } else {
            draft.clear(col);
        }
        if !self.modes.plain() {
            draft.turn_into_cells(self.cols);
        }
    }

    /// A new line on a row where other text may stand to the left of the column.
    pub(super) fn arrive(&mut self, start: u64, col: usize) {
        self.begin(start, 0);
        if col > 0 || self.on_alternate() {
            self.draft.left = LeftRow::Unknown;
            self.draft.clear(col);
            if !self.modes.plain() {
                self.draft.turn_into_cells(self.cols);
            }
        }
    }

    /// Reports the current line.
    fn report(&mut self, end: u64, more: bool, sink: &mut impl VtSink) {
        let (id, start, continued) = (LineId(self.draft.id), self.draft.start, self.draft.continued);
        let text = self.draft.text();
        sink.line(&Line { id, text, start, end: end.max(start), more, continued });
    }

    /// Reports the current line if there is anything to read in it.
    pub(super) fn report_if_seen(&mut self, end: u64, sink: &mut impl VtSink) {
        let seen = self.draft.put && self.draft.text().iter().any(|&byte| byte != b' ');
        // Who was told that more comes has to hear of the end.
        if seen || self.draft.continued {
            self.report(end, false, sink);
        }
    }

    /// Reports what there is, since the line is too long; it goes on at `at`.
    pub(super) fn flush(&mut self, at: u64, sink: &mut impl VtSink) {
        self.settle();
        self.report(at, true, sink);
        let draft = &mut self.draft;
        draft.above += draft.place.row;
        draft.continued = true;
        draft.start = at;
        draft.left = LeftRow::Unknown;
        let col = draft.col();
        draft.clear(col);
        if !self.modes.plain() {
            draft.turn_into_cells(self.cols);
        }
    }

    /// LF: the line is finished.
    pub(super) fn line_feed(&mut self, to: u64, returns: bool, sink: &mut impl VtSink) {
        let draft = &mut self.draft;
        let returned = returns || draft.form == Storage::Returned;
        if !(returned && draft.form != Storage::Cells && draft.is_short(self.cols)) {
            self.settle();
        }
        let col = if returned { 0 } else { self.draft.col().min(self.cols - 1) };
        let below = self.draft.place.row + 1;
        if self.draft.form == Storage::Cells && self.draft.cells.any_from(below * self.cols) {
            self.draft.place = CellSpan { row: below, col };
            self.screen.down(to);
            return;
        }
        if self.on_alternate() {
            self.report_if_seen(to, sink);
        } else {
            self.report(to, false, sink);
        }
        self.screen.down(to);
        self.begin(to, col);
    }

    /// CR.
    pub(super) fn carriage_return(&mut self) {
        match self.draft.form {
            Storage::Flat if self.draft.put => self.draft.form = Storage::Returned,
            Storage::Flat | Storage::Cells => self.column(0),
            Storage::Returned => {}
        }
    }

    /// Moves the cursor within its row.
    pub(super) fn column(&mut self, col: usize) {
        self.settle();
        let col = col.min(self.cols - 1);
        let draft = &mut self.draft;
        let now = draft.col();
        match draft.form {
            Storage::Cells => draft.place.col = col,
            Storage::Flat if !draft.put && col >= draft.origin => draft.gap = col - draft.origin,
            Storage::Flat if !draft.put => draft.clear(col),
            Storage::Flat if now < self.cols && col >= now => draft.gap += col - now,
            Storage::Returned if col == 0 => {}
            Storage::Flat | Storage::Returned => {
                draft.turn_into_cells(self.cols);
                draft.place.col = col;
            }
        }
    }
}
