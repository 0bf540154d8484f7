//! What readers see: the cursor's line, the lines on the screen, the position of the cursor, and the command being typed.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::anchors::Anchors;
use super::clusters::BLANK;
use super::feed::VtState;
use super::layout::row_break;
use super::prompt_mark::PromptMarkKind;
use super::screens::{CurrentLine, Screens, Span, Storage};
use super::{Cursor, DrawnRow, LINE_LIMIT, Line, LineId, VtSink, utf8};

/// Maximum length of a command's text in bytes.
const COMMAND_LIMIT: usize = 4096;

/// Position of the cursor within the line that it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextPosition {
    /// Number of the line.
    pub number: u64,
    /// Number of bytes of its text before the cursor.
    pub column: usize,
}

/// State of the cursor's line while coshell's own bytes are parsed.
pub(super) struct KeptLine {
    current: CurrentLine,
    /// Absolute row of the cursor.
    row: u64,
}

impl Screens {
    /// Returns the text of the cursor's line, the unreported piece of it.
    #[inline]
    pub(super) fn current_text(&mut self) -> &[u8] {
        let current = &self.current;
        let plain = current.storage != Storage::Settled && current.head.is_empty() && current.reported == 0;
        if plain && !self.grid.rows[self.grid.row].continues && memchr::memchr(0, &current.flat).is_none() {
            return &self.current.flat;
        }
        self.render_current();
        &self.text
    }

    /// Returns whether nothing is written on the cursor's line.
    pub(super) fn is_line_blank(&self) -> bool {
        let row = &self.grid.rows[self.grid.row];
        self.current.flat.is_empty() && !row.continues && row.is_blank()
    }

    /// Returns the cursor's row and column, also while its line is not settled. The row may be below the last one, since the
    /// line will scroll.
    fn cursor_place(&self) -> (usize, usize, bool) {
        let (row, col) = match self.current.storage {
            Storage::Settled => (self.grid.row, self.grid.col),
            Storage::Flat | Storage::Returned => {
                let end = self.current.flat_end(self.cols);
                let col = if self.current.storage == Storage::Returned { 0 } else { end.col + self.current.gap };
                (self.grid.row + end.row, col)
            }
        };
        (row, col.min(self.cols - 1), col >= self.cols)
    }

    /// Returns the cursor's position within the rows `top..=bottom`, which contain it.
    fn cursor_in(&self, top: usize, bottom: usize) -> Cursor {
        let (row, col, pending_wrap) = self.cursor_place();
        let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Cursor { column: small(col), row: small(row - top), rows: small(bottom.max(row) - top + 1), pending_wrap }
    }

    /// Returns the cursor's position within its line.
    pub(super) fn cursor(&self) -> Cursor {
        let row = self.grid.row;
        self.cursor_in(self.grid.first_of_line(row), self.grid.last_of_line(row))
    }

    /// Returns the cursor's position within the rows that must stay together when rows are inserted above: the whole prompt, all
    /// rows that a program draws again and again, and what stands below the cursor.
    pub(super) fn drawn_block(&self) -> Cursor {
        let row = self.grid.row;
        let redrawn = self.anchors.redrawn.filter(|rows| self.absolute_row(row) <= rows.bottom).map(|rows| rows.top);
        let anchors = [self.anchors.prompt, self.anchors.edited, redrawn].into_iter().flatten();
        let anchored = anchors.map(|anchor| self.row_at(anchor).unwrap_or(0)).filter(|&anchor| anchor <= row).min();
        let line = self.grid.first_of_line(row);
        let top = anchored.map_or(line, |anchor| self.grid.first_of_line(anchor).min(line));
        let below = self.grid.last_written().unwrap_or(0).max(self.grid.last_of_line(row));
        self.cursor_in(top, below)
    }

    /// Does the same, with the rows of each line.
    fn for_each_line_at(&self, mut with: impl FnMut(&Line<'_>, std::ops::Range<usize>)) {
        let grid = match &self.hidden {
            Some(primary) if self.on_alternate => primary,
            _ => &self.grid,
        };
        let flat = self.current.storage != Storage::Settled && !self.current.flat.is_empty();
        let last = grid.rows.iter().rposition(|row| !row.is_empty());
        let last = if flat { Some(last.unwrap_or(0).max(grid.row)) } else { last };
        let Some(last) = last else { return };
        let mut number = self.number;
        let (mut text, mut row) = (Vec::new(), 0);
        // The first line may have begun above the screen.
        text.extend_from_slice(&self.above);
        let mut continued = self.above_continues;
        while row <= last {
            let first = row;
            let end = grid.last_of_line(first);
            let place = &grid.rows[first];
            grid.push_line(first, end, self.cols, &self.clusters, &mut text);
            if flat && (first..=end).contains(&grid.row) {
                // The cursor's row is blank on the grid, and the last of its line.
                text.extend(self.current.flat.iter().map(|&byte| if byte == 0 { b' ' } else { byte }));
            }
            row = end + 1;
            let is_line = !place.own && (place.number != 0 || !text.is_empty());
            if is_line {
                let own_number = if place.number != 0 { place.number } else { number + 1 };
                number = number.max(own_number);
                let (id, end) = (LineId(place.id), place.end.max(place.start));
                let mut rest = &text[..];
                while rest.len() > LINE_LIMIT {
                    let (piece, behind) = rest.split_at(utf8::part_len(rest, LINE_LIMIT));
                    let (number, start) = (own_number, place.start);
                    with(&Line { id, number, text: piece, start, end, more: true, continued }, first..row);
                    (rest, continued) = (behind, true);
                }
                let start = place.start;
                with(&Line { id, number: own_number, text: rest, start, end, more: false, continued }, first..row);
            }
            text.clear();
            continued = false;
        }
    }

    /// Returns the number of the line that each row of the screen belongs to.
    pub(super) fn line_numbers(&self) -> Vec<Option<u64>> {
        let mut numbers = vec![None; self.grid.height()];
        if !self.on_alternate {
            self.for_each_line_at(|line, rows| numbers[rows].fill(Some(line.number)));
        }
        numbers
    }

    /// Calls `with` for each line of the primary screen, top to bottom, with its text. Blank rows below the last line are none.
    pub(super) fn for_each_line(&self, mut with: impl FnMut(&Line<'_>)) {
        self.for_each_line_at(|line, _| with(line));
    }

    /// Takes the lines of the alternate screen that have changed.
    fn take_drawn_rows(&mut self) -> Vec<DrawnRow> {
        let mut drawn = Vec::new();
        let mut row = 0;
        while row < self.grid.height() {
            let (first, last) = (row, self.grid.last_of_line(row));
            row = last + 1;
            let rows = self.grid.rows.range_mut(first..=last);
            let changed = rows.fold(false, |changed, row| changed | std::mem::take(&mut row.changed));
            if !changed {
                continue;
            }
            let mut text = Vec::new();
            self.grid.push_line(first, last, self.cols, &self.clusters, &mut text);
            self.count(text.len());
            text.truncate(LINE_LIMIT);
            // Programs pad rows with spaces, which cannot be seen.
            let visible = text.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
            text.truncate(visible);
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let hash = hasher.finish();
            if std::mem::replace(&mut self.grid.rows[first].taken, hash) == hash {
                // The same was drawn again.
                continue;
            }
            drawn.push(DrawnRow { id: LineId(self.grid.rows[first].id), text, start: self.grid.rows[first].start });
        }
        drawn
    }

    /// Returns the cursor's position in the text of its line.
    fn position(&mut self) -> TextPosition {
        let number = self.current_number();
        let column = match self.current.storage {
            Storage::Flat => {
                self.render_current();
                self.text.len()
            }
            Storage::Returned => {
                self.render_current();
                let mut from = 0;
                while let Some((len, _)) = row_break(&self.current.flat[from..], self.cols) {
                    from += len;
                }
                self.text.len() - (self.current.flat.len() - from).min(self.text.len())
            }
            Storage::Settled => {
                let (row, cols) = (self.grid.row, self.cols);
                self.grid.rows[row].make_cells(cols, &mut self.clusters);
                let mut text = std::mem::take(&mut self.text);
                text.clear();
                let first = self.grid.first_of_line(row);
                for at in first..row {
                    self.grid.rows[at].push_text(0, cols, true, &self.clusters, &mut text);
                }
                self.grid.rows[row].push_text(0, self.grid.col.min(cols), false, &self.clusters, &mut text);
                self.text = text;
                self.text.len()
            }
        };
        TextPosition { number, column }
    }

    /// Returns the same or, for a cursor in the first column behind output without a line end, which zsh and fish have marked
    /// by a character and about a row of spaces, the position of that mark.
    fn output_end(&mut self) -> TextPosition {
        let (row, cols) = (self.grid.row, self.cols);
        let position = self.position();
        if self.current.storage != Storage::Settled || self.grid.col > 0 || !self.grid.rows[row].continues || row == 0 {
            return position;
        }
        let Some(visible) = self.padding_above(row).filter(|&visible| visible > 0) else { return position };
        let mut text = Vec::new();
        let first = self.grid.first_of_line(row);
        for at in first..row - 1 {
            self.grid.rows[at].push_text(0, cols, true, &self.clusters, &mut text);
        }
        // Behind text that fills its row, the mark stood at the beginning of the cursor's row and is overwritten.
        let marked = self.grid.rows[row - 1].len() > visible || self.grid.rows[row].spaces() < cols;
        self.grid.rows[row - 1].push_text(0, visible - usize::from(marked), false, &self.clusters, &mut text);
        TextPosition { number: position.number, column: text.len() }
    }

    /// Executes a mark of the shell.
    pub(super) fn shell_mark(&mut self, kind: PromptMarkKind, span: Span, sink: &mut impl VtSink) {
        if self.on_alternate {
            return;
        }
        match kind {
            PromptMarkKind::Prompt => {
                self.settle(sink);
                (self.anchors.prompt, self.anchors.input) = (Some(self.absolute_row(self.grid.row)), None);
            }
            PromptMarkKind::Input if self.anchors.input.is_none() => {
                self.settle(sink);
                self.anchors.input = Some((self.absolute_row(self.grid.row), self.grid.col.min(self.cols)));
            }
            PromptMarkKind::Output => {
                self.settle(sink);
                self.typed_text().into_iter().for_each(|text| sink.command_line(&text));
                // Of a line whose beginning has scrolled off, nothing is above the first row.
                if self.grid.col == 0 && self.grid.row > 0 && self.grid.rows[self.grid.row].continues {
                    // The output begins on a row into which an earlier, longer text of the line editor has wrapped.
                    self.split_line(self.grid.row, span, sink);
                }
                self.anchors = Anchors::default();
            }
            PromptMarkKind::Input | PromptMarkKind::SecondaryPrompt | PromptMarkKind::End => {}
        }
    }

    /// Takes note that a line editor begins (bracketed paste is turned on). bash does that in front of its prompt, zsh and fish
    /// behind it, and theirs has begun with an erasure.
    pub(super) fn begin_edit(&mut self) {
        if self.on_alternate || self.anchors.edited.is_some() {
            return;
        }
        let here = self.absolute_row(self.grid.first_of_line(self.grid.row));
        let erased = self.anchors.erased.filter(|&row| row <= here && !self.is_line_blank());
        self.anchors.edited = Some(erased.unwrap_or(here));
    }

    /// Returns the text that was typed at the prompt, once the cursor has left it: from the position of the mark B to the row
    /// that CR or LF left last. What stands right of two columns or more that were never written is no part of it: right prompts
    /// stand there. zsh moves over a space that it need not write.
    fn typed_text(&mut self) -> Option<Vec<u8>> {
        let (from, from_col) = self.anchors.input?;
        let (to, _) = self.anchors.returned_from.filter(|&place| place >= (from, from_col))?;
        let (from, to) = (self.row_at(from)?, self.row_at(to)?);
        let (mut text, cols) = (Vec::new(), self.cols);
        for row in from..=to {
            let place = &mut self.grid.rows[row];
            place.make_cells(cols, &mut self.clusters);
            let begin = if row == from { from_col } else { 0 };
            let place = &self.grid.rows[row];
            let is_blank = |col| place.cell(col).glyph == BLANK;
            let gap = (begin..place.len()).find(|&col| is_blank(col) && is_blank(col + 1));
            // A longer text may have wrapped here that was erased since.
            let wraps = row < to && gap.is_none() && self.grid.continues(row + 1);
            place.push_text(begin, gap.unwrap_or(place.len()), wraps, &self.clusters, &mut text);
            if row < to && !wraps {
                text.push(b'\n');
            }
            if text.len() > COMMAND_LIMIT {
                text.truncate(utf8::part_len(&text, COMMAND_LIMIT));
                break;
            }
        }
        self.count(text.len());
        // Rows of the editor's messages are blank by now.
        text.truncate(text.trim_ascii_end().len());
        Some(text)
    }

    /// Begins the parsing of coshell's own bytes.
    pub(super) fn begin_own(&mut self, sink: &mut impl VtSink) -> KeptLine {
        self.settle(sink);
        let row = self.absolute_row(self.grid.row);
        let next = CurrentLine::new(self.current.start);
        let mut kept = KeptLine { current: std::mem::replace(&mut self.current, next), row };
        self.current.storage = Storage::Settled;
        // Rows of the line that scroll off belong to its text.
        std::mem::swap(&mut self.current.head, &mut kept.current.head);
        self.own = true;
        kept
    }

    /// Ends the parsing of coshell's own bytes, which may have moved the cursor's line.
    pub(super) fn end_own(&mut self, kept: KeptLine) {
        self.own = false;
        self.printed_to = u64::MAX;
        let KeptLine { mut current, row } = kept;
        std::mem::swap(&mut self.current.head, &mut current.head);
        self.current = current;
        let moved = self.absolute_row(self.grid.row).saturating_sub(row);
        self.current.piece = self.current.piece.map(|(row, col)| (row + moved, col));
        self.suspended.iter_mut().for_each(|line| line.row += moved);
        self.anchors.shift(i64::try_from(moved).unwrap_or(0));
    }
}

impl VtState {
    /// Returns the cursor's position within its line; column 0 while lines are not assembled.
    pub fn cursor(&self) -> Cursor {
        self.screens.as_ref().map_or_else(|| Cursor { rows: 1, ..Cursor::default() }, |screens| screens.cursor())
    }

    /// Returns the cursor's position within the rows that must stay together when rows are inserted above them.
    pub fn drawn_block(&self) -> Cursor {
        self.screens.as_ref().map_or_else(|| Cursor { rows: 1, ..Cursor::default() }, |screens| screens.drawn_block())
    }

    /// Returns the cursor's position in the text of its line. Behind the mark that zsh and fish print after output without a
    /// line end it is the position of that mark.
    pub fn position(&mut self) -> TextPosition {
        let number = self.number() + 1;
        self.screens.as_mut().map_or(TextPosition { number, column: 0 }, |screens| screens.output_end())
    }

    /// Calls `with` for each line of the primary screen as it stands there, top to bottom.
    pub fn for_each_line(&self, with: impl FnMut(&Line<'_>)) {
        if let Some(screens) = &self.screens {
            screens.for_each_line(with);
        }
    }

    /// Takes the rows of the alternate screen that have changed since the last call, as drawn, top to bottom; none on the
    /// primary screen.
    pub fn take_drawn_rows(&mut self) -> Vec<DrawnRow> {
        let screens = self.screens.as_mut().filter(|screens| screens.on_alternate);
        screens.map_or_else(Vec::new, |screens| screens.take_drawn_rows())
    }

    /// Whether `take_drawn_rows` may have something to return.
    pub fn has_drawn_rows(&self) -> bool {
        let screens = self.screens.as_ref().filter(|screens| screens.on_alternate);
        screens.is_some_and(|screens| screens.grid.rows.iter().any(|row| row.changed))
    }
}
