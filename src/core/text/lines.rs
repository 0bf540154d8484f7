//! From text and controls to lines.

use super::cells::Glyph;
use super::draft::{Draft, Form, Left};
use super::lay::{Place, wraps};
use super::modes::Modes;
use super::screen::{Maker, Screen};
use super::utf8;
use super::{LINE_LIMIT, Line, LineId, Sink};
use crate::words::Size;

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
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) cols: usize,
    pub(super) maker: Maker,
    /// The one that is shown.
    pub(super) screen: Screen,
    /// The primary screen, while the alternate one is shown.
    pub(super) hidden: Option<Screen>,
    pub(super) draft: Draft,
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
    pub(super) fn new(size: Size, modes: &Modes, maker: Maker, at: u64) -> Self {
        let mut maker = maker;
        let mut screen = Screen::new(size.rows, &mut maker);
        screen.rename(at);
        let hidden = modes.alt_screen().then(|| Screen::new(size.rows, &mut maker));
        let cols = columns(size);
        let mut lines = Self { cols, maker, screen, hidden, draft: Draft::new(at, at), modes: Rules::of(modes) };
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
        let move_to = |place: Place| {
            let pending = usize::from(place.col == self.cols);
            let cell = place.row * self.cols + place.col - pending;
            Place { row: cell / cols, col: cell % cols + pending }
        };
        if draft.form == Form::Cells || draft.gaps || draft.gap > 0 {
            draft.to_cells(self.cols);
            draft.place = move_to(draft.place);
        } else {
            draft.origin = draft.origin.min(cols);
            (draft.laid, draft.place) = (0, Place { row: 0, col: draft.origin });
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
    fn step_down(&mut self) {
        self.draft.wraps += 1;
        // Each wrap takes a byte of the line at least, so no other row has this id.
        self.screen.down(self.draft.start + self.draft.wraps);
    }

    /// The current line, as cells.
    pub(super) fn cells(&mut self) {
        self.settle();
        self.draft.to_cells(self.cols);
    }

    /// A new line on the cursor's row.
    pub(super) fn begin(&mut self, start: u64, col: usize) {
        let draft = &mut self.draft;
        draft.id = self.screen.id();
        draft.start = start;
        draft.continued = false;
        draft.above = 0;
        draft.left = if self.hidden.is_some() { Left::Unknown } else { Left::Blank };
        if draft.left == Left::Blank {
            draft.clear(0);
            draft.gap = col;
        } else {
            draft.clear(col);
        }
        if !self.modes.plain() {
            draft.to_cells(self.cols);
        }
    }

    /// A new line on a row where other text may stand to the left of the column.
    pub(super) fn arrive(&mut self, start: u64, col: usize) {
        self.begin(start, 0);
        if col > 0 || self.on_alternate() {
            self.draft.left = Left::Unknown;
            self.draft.clear(col);
            if !self.modes.plain() {
                self.draft.to_cells(self.cols);
            }
        }
    }

    /// Reports the current line.
    fn report(&mut self, end: u64, more: bool, sink: &mut impl Sink) {
        let (id, start, continued) = (LineId(self.draft.id), self.draft.start, self.draft.continued);
        let text = self.draft.text();
        sink.line(&Line { id, text, start, end: end.max(start), more, continued });
    }

    /// Reports the current line if there is anything to read in it.
    pub(super) fn report_if_seen(&mut self, end: u64, sink: &mut impl Sink) {
        let seen = self.draft.put && self.draft.text().iter().any(|&byte| byte != b' ');
        // Who was told that more comes has to hear of the end.
        if seen || self.draft.continued {
            self.report(end, false, sink);
        }
    }

    /// Reports what there is, since the line is too long; it goes on at `at`.
    fn flush(&mut self, at: u64, sink: &mut impl Sink) {
        self.settle();
        self.report(at, true, sink);
        let draft = &mut self.draft;
        draft.above += draft.place.row;
        draft.continued = true;
        draft.start = at;
        draft.left = Left::Unknown;
        let col = draft.col();
        draft.clear(col);
        if !self.modes.plain() {
            draft.to_cells(self.cols);
        }
    }

    /// LF: the line is finished.
    pub(super) fn line_feed(&mut self, to: u64, returns: bool, sink: &mut impl Sink) {
        let draft = &mut self.draft;
        let returned = returns || draft.form == Form::Returned;
        if !(returned && draft.form != Form::Cells && draft.is_short(self.cols)) {
            self.settle();
        }
        let col = if returned { 0 } else { self.draft.col().min(self.cols - 1) };
        if self.draft.form == Form::Cells && self.draft.place.row + 1 < self.draft.rows(self.cols) {
            self.draft.place = Place { row: self.draft.place.row + 1, col };
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
            Form::Flat if self.draft.put => self.draft.form = Form::Returned,
            Form::Flat | Form::Cells => self.column(0),
            Form::Returned => {}
        }
    }

    /// Moves the cursor within its row.
    pub(super) fn column(&mut self, col: usize) {
        self.settle();
        let col = col.min(self.cols - 1);
        let draft = &mut self.draft;
        let now = draft.col();
        match draft.form {
            Form::Cells => draft.place.col = col,
            Form::Flat if !draft.put && col >= draft.origin => draft.gap = col - draft.origin,
            Form::Flat if !draft.put => draft.clear(col),
            Form::Flat if now < self.cols && col >= now => draft.gap += col - now,
            Form::Returned if col == 0 => {}
            Form::Flat | Form::Returned => {
                draft.to_cells(self.cols);
                draft.place.col = col;
            }
        }
    }

    /// Puts text, which is valid UTF-8 without controls, and whose first byte is at the offset `at`.
    #[inline]
    pub(super) fn text(&mut self, text: &[u8], at: u64, sink: &mut impl Sink) {
        let draft = &mut self.draft;
        let fits = draft.flat.len() + text.len() <= LINE_LIMIT;
        if draft.form == Form::Flat && draft.gap == 0 && fits {
            draft.flat.extend_from_slice(text);
            draft.put = true;
            return;
        }
        let mut done = 0;
        while done < text.len() {
            done += self.some_text(&text[done..], at + done as u64, sink);
        }
    }

    /// Puts a byte that is not UTF-8.
    pub(super) fn raw(&mut self, byte: u8, at: u64, sink: &mut impl Sink) {
        let draft = &mut self.draft;
        if draft.form == Form::Flat && draft.gap == 0 && draft.flat.len() < LINE_LIMIT {
            draft.flat.push(byte);
            draft.put = true;
            return;
        }
        loop {
            let used = match self.draft.form {
                Form::Flat => self.append(&[byte], at, sink),
                Form::Returned => {
                    self.cells();
                    0
                }
                Form::Cells => self.overprint(Glyph::new(Err(byte)), 1, 1, at, sink),
            };
            if used > 0 {
                return;
            }
        }
    }

    /// Puts some of a text and says how much; it may be nothing, and then something else has changed.
    fn some_text(&mut self, text: &[u8], at: u64, sink: &mut impl Sink) -> usize {
        match self.draft.form {
            Form::Flat => self.append(text, at, sink),
            Form::Returned => {
                self.cells();
                0
            }
            Form::Cells if text[0] < 0x80 => {
                let run = text.iter().position(|&byte| byte >= 0x80).unwrap_or(text.len());
                self.overprint_ascii(&text[..run], at, sink)
            }
            Form::Cells => {
                let (what, len) = utf8::first(text);
                match what.map_or(1, utf8::width) {
                    0 => self.mark(&text[..len], at, sink),
                    width => self.overprint(Glyph::new(what), width, len, at, sink),
                }
            }
        }
    }

    /// Adds text at the end of the flat line.
    fn append(&mut self, text: &[u8], at: u64, sink: &mut impl Sink) -> usize {
        let draft = &mut self.draft;
        let mut room = LINE_LIMIT.saturating_sub(draft.flat.len() + draft.gap).min(text.len());
        // Not in the middle of a character.
        while room > 0 && text.get(room).is_some_and(|byte| matches!(byte, 0x80..=0xbf)) {
            room -= 1;
        }
        if room == 0 {
            self.flush(at, sink);
            return 0;
        }
        if draft.gap > 0 {
            if draft.left == Left::Unknown && !draft.put {
                let col = draft.col();
                draft.clear(col);
            } else {
                draft.flat.resize(draft.flat.len() + draft.gap, 0);
                (draft.gap, draft.gaps) = (0, true);
            }
        }
        draft.flat.extend_from_slice(&text[..room]);
        draft.put = true;
        room
    }

    /// Before something is put into cells: the cell it goes to, if the row or the line has to change for it.
    fn target(&mut self, width: usize) -> usize {
        let cols = self.cols;
        if self.draft.place.col + width > cols {
            if self.modes.autowrap {
                if self.draft.place.col < cols {
                    let hole = self.draft.place.row * cols + self.draft.place.col;
                    self.draft.cells.put_hole(hole);
                }
                self.draft.place = Place { row: self.draft.place.row + 1, col: 0 };
                self.step_down();
            } else {
                self.draft.place.col = cols - width;
            }
        }
        self.draft.place.row * cols + self.draft.place.col
    }

    /// Whether the line has room for `len` more bytes at a cell; otherwise makes some, by counting or by a flush.
    fn has_room(&mut self, cell: usize, len: usize, at: u64, sink: &mut impl Sink) -> bool {
        let blank = cell.saturating_sub(self.draft.cells.len());
        if self.draft.weight + blank + len <= LINE_LIMIT {
            return true;
        }
        let exact = self.draft.cells.weigh();
        // Half of it, so that counting is not needed again soon.
        if exact > LINE_LIMIT / 2 {
            self.flush(at, sink);
        } else {
            self.draft.weight = exact;
        }
        false
    }

    fn overprint(&mut self, glyph: Glyph, width: usize, len: usize, at: u64, sink: &mut impl Sink) -> usize {
        let width = width.min(self.cols);
        let cell = self.target(width);
        if !self.has_room(cell, len, at, sink) {
            return 0;
        }
        let draft = &mut self.draft;
        draft.weight += cell.saturating_sub(draft.cells.len()) + len;
        if self.modes.insert {
            draft.cells.insert(cell, (draft.place.row + 1) * self.cols, width);
        }
        draft.cells.put(cell, glyph, width);
        draft.place.col += width;
        draft.last = Some(glyph);
        draft.put = true;
        len
    }

    fn overprint_ascii(&mut self, run: &[u8], at: u64, sink: &mut impl Sink) -> usize {
        if self.modes.insert {
            return self.overprint(Glyph::new(Ok(char::from(run[0]))), 1, 1, at, sink);
        }
        let cell = self.target(1);
        if !self.has_room(cell, 1, at, sink) {
            return 0;
        }
        let draft = &mut self.draft;
        draft.weight += cell.saturating_sub(draft.cells.len());
        let len = run.len().min(self.cols - draft.place.col).min(LINE_LIMIT - draft.weight);
        draft.cells.put_ascii(cell, &run[..len]);
        draft.weight += len;
        draft.place.col += len;
        draft.last = Some(Glyph::new(Ok(char::from(run[len - 1]))));
        draft.put = true;
        len
    }

    /// Adds a combining mark to the character before the cursor.
    fn mark(&mut self, mark: &[u8], at: u64, sink: &mut impl Sink) -> usize {
        let cell = self.draft.place.row * self.cols + self.draft.place.col;
        if !self.has_room(0, mark.len(), at, sink) {
            return 0;
        }
        if cell > 0 && self.draft.cells.mark(cell - 1, mark) {
            // A blank cell becomes a space with a mark.
            self.draft.weight += mark.len() + 1;
            self.draft.put = true;
        }
        mark.len()
    }

    /// Whether a line can begin here that is read without being put.
    #[inline]
    pub(super) fn is_fresh(&self) -> bool {
        let draft = &self.draft;
        draft.form == Form::Flat && !draft.put && draft.col() == 0 && draft.left == Left::Blank && !self.modes.graphics
    }

    /// Whole plain lines: UTF-8, each ended by CR LF. They begin at the offset `at`.
    pub(super) fn block(&mut self, block: &[u8], at: u64, sink: &mut impl Sink) {
        let lines = memchr::memchr_iter(b'\n', block).count();
        // What came before the first line without putting anything, such as a colour, belongs to it.
        let start = self.draft.start;
        if sink.block(block, lines) {
            self.each_line(block, at, start, |line| sink.line(&line));
        } else if self.screen.at_end() && lines > self.screen.rows() {
            // Only the rows that are still on the screen matter.
            let from = last_lines(block, self.screen.rows());
            let at = at + from as u64;
            self.each_line(&block[from..], at, at, |_| {});
        } else {
            self.each_line(block, at, start, |_| {});
        }
        self.begin(at + block.len() as u64, 0);
    }

    /// Goes through the lines of a block, the first of which begins at the offset `start`.
    #[inline]
    fn each_line(&mut self, block: &[u8], at: u64, start: u64, mut with: impl FnMut(Line<'_>)) {
        let (mut from, mut start) = (0, start);
        for newline in memchr::memchr_iter(b'\n', block) {
            let text = &block[from..newline - 1];
            let end = at + newline as u64 + 1;
            let id = LineId(self.screen.id());
            with(Line { id, text, start, end, more: false, continued: false });
            for row in 1..=wraps(text, self.cols) {
                self.screen.down(start + row as u64);
            }
            self.screen.down(end);
            (from, start) = (newline + 1, end);
        }
    }
}

/// Where the last `count` of the lines in a block begin.
fn last_lines(block: &[u8], count: usize) -> usize {
    let mut newlines = memchr::memrchr_iter(b'\n', block);
    newlines.nth(count).map_or(0, |newline| newline + 1)
}
