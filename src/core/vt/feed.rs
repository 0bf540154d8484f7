//! What others see of this room, and the stream's way through it.

use super::layout::CellSpan;
use super::lines::Lines;
use super::modes::Modes;
use super::parse::Parser;
use super::rows::RowIds;
use super::titles::Titles;
use super::utf8::PartialChar;
use super::{Cursor, Line, VtSink};
use crate::types::Size;

/// What the next bytes are likely to be, by those before them. It decides which way is taken, not where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// There were others not far back.
    Doubtful,
    /// Bytes that are not UTF-8.
    Foreign,
}

/// Follows what the shell prints.
#[derive(Clone, Debug)]
pub struct Text {
    pub(super) size: Size,
    pub(super) parser: Parser,
    pub(super) carry: PartialChar,
    pub(super) modes: Modes,
    pub(super) titles: Titles,
    /// While lines are asked for.
    pub(super) lines: Option<Box<Lines>>,
    /// Ids must not come again when lines are asked for again.
    pub(super) maker: RowIds,
    /// How many bytes there were.
    pub(super) offset: u64,
    /// What the next bytes are likely to be.
    pub(super) tongue: Encoding,
    /// Where the sequence began that is open now, or was the last.
    pub(super) sequence: u64,
}

impl Text {
    /// For a terminal of this size that nobody touched. Lines are not assembled.
    pub fn new(size: Size) -> Self {
        Self {
            size,
            parser: Parser::new(),
            carry: PartialChar::default(),
            modes: Modes::default(),
            titles: Titles::default(),
            lines: None,
            maker: RowIds::default(),
            offset: 0,
            tongue: Encoding::Utf8,
            sequence: 0,
        }
    }

    /// Whether lines are assembled. Without, only escape sequences are followed, which costs next to nothing. Switched on
    /// in the middle, it takes the next byte as the beginning of a line.
    pub fn assemble(&mut self, on: bool) {
        if on == self.lines.is_some() {
            return;
        }
        if let Some(lines) = self.lines.take() {
            self.maker = lines.maker;
        } else {
            let maker = std::mem::take(&mut self.maker);
            self.lines = Some(Box::new(Lines::new(self.size, &self.modes, maker, self.offset)));
        }
    }

    /// The same without the lines and the titles: what is on, and how far the stream was read.
    pub fn bare(&self) -> Self {
        let (parser, carry, modes) = (self.parser.clone(), self.carry, self.modes.clone());
        Self {
            parser,
            carry,
            modes,
            offset: self.offset,
            sequence: self.sequence,
            tongue: self.tongue,
            ..Self::new(self.size)
        }
    }

    /// Whether lines are assembled.
    pub fn assembles(&self) -> bool {
        self.lines.is_some()
    }

    /// Goes on as the other one does, which was fed the same stream and assembles lines. The titles stay.
    pub fn assemble_like(&mut self, other: &Self) {
        debug_assert_eq!(self.offset, other.offset, "both have read the same");
        let titles = std::mem::take(&mut self.titles);
        *self = Self { titles, ..other.clone() };
    }

    /// The terminal has another size.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        if let Some(lines) = &mut self.lines {
            lines.resize(size);
        }
        // Not every terminal drops its scrolling region now, so what `modes` knows of it stays.
    }

    /// Takes what the shell printed, and says how much of it: all, unless the sink has enough.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl VtSink) -> usize {
        let mut rest = bytes;
        while !rest.is_empty() && !sink.enough() {
            let used = if !self.parser.in_ground() {
                self.inside(rest, sink)
            } else if self.lines.is_some() {
                self.ground(rest, sink)
            } else {
                self.skip(rest)
            };
            self.offset += used as u64;
            rest = &rest[used..];
        }
        bytes.len() - rest.len()
    }

    /// Whether the stream is neither inside an escape sequence or string nor inside a character.
    pub fn in_ground_state(&self) -> bool {
        self.parser.in_ground() && self.carry.is_empty()
    }

    /// The size that the terminal has.
    pub fn size(&self) -> Size {
        self.size
    }

    /// What is switched on in the terminal.
    pub fn modes(&self) -> &Modes {
        &self.modes
    }

    /// The window's title.
    pub fn titles(&self) -> &Titles {
        &self.titles
    }

    /// The same, to be shown otherwise.
    pub fn titles_mut(&mut self) -> &mut Titles {
        &mut self.titles
    }

    /// Whether the alternate screen is shown.
    pub fn alt_screen(&self) -> bool {
        self.modes.alt_screen()
    }

    /// How many bytes were fed.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The unfinished line that the cursor is on, if anything was put on it.
    pub fn partial(&mut self) -> Option<Line<'_>> {
        // What is incomplete does not belong to it yet.
        let open = if self.parser.in_ground() { self.offset - self.carry.len() } else { self.sequence };
        let lines = self.lines.as_mut().filter(|lines| lines.draft.put)?;
        let (id, start, continued) = (lines.id(), lines.draft.start, lines.draft.continued);
        let text = lines.draft.text();
        Some(Line { id, text, start, end: open.max(start), more: false, continued })
    }

    /// The offset in the stream of the first raw byte of the line that the cursor is on, whether or not anything was put
    /// on it.
    pub fn line_start(&self) -> u64 {
        self.lines.as_ref().map_or(self.offset, |lines| lines.draft.start)
    }

    /// Whether nothing was put on the line that the cursor is on; not known when lines are not assembled.
    pub fn begins_line(&self) -> bool {
        self.lines.as_ref().is_some_and(|lines| !lines.draft.put)
    }

    /// Where the cursor is within its line; in the first column when lines are not assembled.
    pub fn cursor(&self) -> Cursor {
        let Some(lines) = &self.lines else { return Cursor { rows: 1, ..Cursor::default() } };
        let (draft, cols) = (&lines.draft, lines.cols);
        let CellSpan { row, .. } = draft.end(cols);
        let col = draft.cursor_col(cols);
        let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        Cursor {
            column: small(col.min(cols - 1)),
            row: small(draft.above + row),
            rows: small(draft.above + draft.rows(cols).max(row + 1)),
            pending_wrap: col == cols,
        }
    }
}
