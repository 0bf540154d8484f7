//! Public interface of the emulation, and the loop that feeds it.

use super::layout::CellPos;
use super::lines::Lines;
use super::modes::Modes;
use super::parse::Parser;
use super::rows::RowIds;
use super::titles::Titles;
use super::utf8::PartialChar;
use super::{Cursor, DrawnRow, Line, VtSink};
use crate::fault::panic_for_test;
use crate::types::Size;

/// Guess at the encoding of the next bytes, from those before. It selects the code path; the result is the same on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// UTF-8 again, shortly after bytes that were not.
    Recovering,
    /// Bytes that are not UTF-8, such as binary output.
    Invalid,
}

/// Parser and terminal state of the shell's output.
#[derive(Clone, Debug)]
pub struct VtState {
    pub(super) size: Size,
    pub(super) parser: Parser,
    pub(super) carry: PartialChar,
    pub(super) modes: Modes,
    pub(super) titles: Titles,
    /// `Some` while lines are assembled.
    pub(super) lines: Option<Box<Lines>>,
    /// Generator of row ids while `lines` is `None`: an id must not recur when lines are assembled again.
    pub(super) row_ids: RowIds,
    /// Number of bytes fed.
    pub(super) offset: u64,
    pub(super) encoding: Encoding,
    /// Offset of the ESC of the open escape sequence, or of the last one.
    pub(super) sequence_start: u64,
}

impl VtState {
    /// Creates the state of a freshly reset terminal of `size` that assembles no lines.
    pub fn new(size: Size) -> Self {
        Self {
            size,
            parser: Parser::new(),
            carry: PartialChar::default(),
            modes: Modes::default(),
            titles: Titles::default(),
            lines: None,
            row_ids: RowIds::default(),
            offset: 0,
            encoding: Encoding::Utf8,
            sequence_start: 0,
        }
    }

    /// Enables or disables the assembly of lines. Without it only escape sequences are parsed, which is cheap. Enabled
    /// mid-stream, it takes the next byte as the beginning of a line.
    pub fn assemble(&mut self, on: bool) {
        if on == self.lines.is_some() {
            return;
        }
        if let Some(lines) = self.lines.take() {
            self.row_ids = lines.row_ids;
        } else {
            let row_ids = std::mem::take(&mut self.row_ids);
            self.lines = Some(Box::new(Lines::new(self.size, &self.modes, row_ids, self.offset)));
        }
    }

    /// Returns a copy without lines and titles: parser, modes and stream offset.
    pub fn without_lines(&self) -> Self {
        let (parser, carry, modes) = (self.parser.clone(), self.carry, self.modes.clone());
        Self {
            parser,
            carry,
            modes,
            offset: self.offset,
            sequence_start: self.sequence_start,
            encoding: self.encoding,
            ..Self::new(self.size)
        }
    }

    /// Returns whether lines are assembled.
    pub fn assembles(&self) -> bool {
        self.lines.is_some()
    }

    /// Copies all but the titles from `other`, which was fed the same stream and assembles lines.
    pub fn copy_lines_from(&mut self, other: &Self) {
        debug_assert_eq!(self.offset, other.offset, "both have read the same");
        let titles = std::mem::take(&mut self.titles);
        *self = Self { titles, ..other.clone() };
    }

    /// Changes the terminal's size.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        if let Some(lines) = &mut self.lines {
            lines.resize(size);
        }
        // Terminals differ in whether a resize resets the scrolling region (DECSTBM): `modes` takes it as still set.
    }

    /// Parses `bytes` of shell output and returns how many were taken: all, unless `sink` asks to stop.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl VtSink) -> usize {
        panic_for_test("vt");
        let mut rest = bytes;
        while !rest.is_empty() && !sink.should_stop() {
            let used = if !self.parser.in_ground() {
                self.advance_sequence(rest, sink)
            } else if self.lines.is_some() {
                self.advance_ground(rest, sink)
            } else {
                self.skip_text(rest)
            };
            self.offset += used as u64;
            rest = &rest[used..];
        }
        bytes.len() - rest.len()
    }

    /// Returns the number of cells and bytes that were read or written since the last call beyond one for each byte fed.
    pub fn take_scanned(&self) -> usize {
        self.lines.as_ref().map_or(0, |lines| lines.current.cells.take_scanned())
    }

    /// Returns whether the stream is outside of escape sequences, strings and multi-byte characters.
    pub fn in_ground_state(&self) -> bool {
        self.parser.in_ground() && self.carry.is_empty()
    }

    /// Returns the terminal's size.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Returns the terminal's modes.
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// Returns the window title and its stack.
    pub fn titles(&self) -> &Titles {
        &self.titles
    }

    /// Returns the window title for modification.
    pub fn titles_mut(&mut self) -> &mut Titles {
        &mut self.titles
    }

    /// Returns whether the alternate screen is shown.
    pub fn alt_screen(&self) -> bool {
        self.modes.alt_screen()
    }

    /// Returns the number of bytes fed.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the unfinished line that the cursor is on, if anything was written to it.
    pub fn partial(&mut self) -> Option<Line<'_>> {
        // An incomplete character or sequence is not yet part of the line.
        let open = if self.parser.in_ground() { self.offset - self.carry.len() } else { self.sequence_start };
        let lines = self.lines.as_mut().filter(|lines| lines.current.written)?;
        let (id, start, continued) = (lines.id(), lines.current.start, lines.current.continued);
        let text = lines.current.text();
        Some(Line { id, text, start, end: open.max(start), more: false, continued })
    }

    /// Takes the rows of the alternate screen that have changed since the last call, as drawn, top to bottom; none on the
    /// primary screen.
    pub fn take_drawn_rows(&mut self) -> Vec<DrawnRow> {
        Vec::new()
    }

    /// Returns whether a row of the alternate screen has changed since they were taken.
    pub fn has_drawn_rows(&self) -> bool {
        false
    }

    /// Returns the stream offset of the first raw byte of the cursor's line, whether or not anything was written to it.
    pub fn line_start(&self) -> u64 {
        self.lines.as_ref().map_or(self.offset, |lines| lines.current.start)
    }

    /// Returns whether nothing was written to the cursor's line; `false` while lines are not assembled.
    pub fn at_line_start(&self) -> bool {
        self.lines.as_ref().is_some_and(|lines| !lines.current.written)
    }

    /// Returns the cursor's position within its line; column 0 while lines are not assembled.
    pub fn cursor(&self) -> Cursor {
        let Some(lines) = &self.lines else { return Cursor { rows: 1, ..Cursor::default() } };
        let (current, cols) = (&lines.current, lines.cols);
        let CellPos { row, .. } = current.end(cols);
        let col = current.cursor_col(cols);
        let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Cursor {
            column: small(col.min(cols - 1)),
            row: small(current.above + row),
            rows: small(current.above + current.rows(cols).max(row + 1)),
            pending_wrap: col == cols,
        }
    }
}
