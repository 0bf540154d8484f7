//! Public interface of the emulation, and the loop that feeds it.

use super::grid::RowIds;
use super::modes::Modes;
use super::parse::Parser;
use super::screens::Screens;
use super::titles::Titles;
use super::utf8::PartialChar;
use super::{Line, VtSink};
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
    pub(super) screens: Option<Box<Screens>>,
    /// Generator of row ids, and number of the last line, while `screens` is `None`: neither must recur when lines are
    /// assembled again.
    pub(super) row_ids: RowIds,
    pub(super) number: u64,
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
            screens: None,
            row_ids: RowIds::default(),
            number: 0,
            offset: 0,
            encoding: Encoding::Utf8,
            sequence_start: 0,
        }
    }

    /// Enables or disables the assembly of lines. Without it only escape sequences are parsed, which is cheap. Enabled
    /// mid-stream, it takes the next byte as the beginning of a line.
    pub fn assemble(&mut self, on: bool) {
        if on != self.screens.is_some() {
            self.assemble_with(on, false);
        }
    }

    /// Enables the assembly of lines and of the screen with its attributes.
    pub fn assemble_styled(&mut self) {
        if self.screens.is_none() {
            self.assemble_with(true, true);
        }
    }

    fn assemble_with(&mut self, on: bool, styled: bool) {
        if let Some(screens) = self.screens.take() {
            (self.row_ids, self.number) = (screens.row_ids, screens.number);
        }
        if on {
            let row_ids = std::mem::take(&mut self.row_ids);
            let mut screens = Screens::new(self.size, &self.modes, row_ids, self.offset, styled);
            screens.number = self.number;
            self.screens = Some(Box::new(screens));
        }
    }

    /// Returns the number of the last line that has one.
    pub fn number(&self) -> u64 {
        self.screens.as_ref().map_or(self.number, |screens| screens.number)
    }

    /// Continues the numbers of lines behind `number`.
    pub fn set_number(&mut self, number: u64) {
        match &mut self.screens {
            Some(screens) => screens.number = number,
            None => self.number = number,
        }
    }

    /// Returns a copy without lines and titles: parser, modes and stream offset.
    pub fn without_lines(&self) -> Self {
        Self {
            size: self.size,
            parser: self.parser.clone(),
            carry: self.carry,
            modes: self.modes.clone(),
            titles: Titles::default(),
            screens: None,
            row_ids: RowIds::default(),
            number: 0,
            offset: self.offset,
            encoding: self.encoding,
            sequence_start: self.sequence_start,
        }
    }

    /// Returns whether lines are assembled.
    pub fn assembles(&self) -> bool {
        self.screens.is_some()
    }

    /// Copies all but the titles from `other`, which was fed the same stream and assembles lines.
    pub fn copy_lines_from(&mut self, other: &Self) {
        debug_assert_eq!(self.offset, other.offset, "both have read the same");
        let titles = std::mem::take(&mut self.titles);
        *self = Self { titles, ..other.clone() };
        if let Some(screens) = &mut self.screens {
            screens.drop_styles();
        }
    }

    /// Changes the terminal's size. Lines that scroll off the screen go to `sink`.
    pub fn resize(&mut self, size: Size, sink: &mut impl VtSink) {
        self.size = size;
        if let Some(screens) = &mut self.screens {
            screens.resize(size, sink);
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
            } else if self.screens.is_some() {
                self.advance_ground(rest, sink)
            } else {
                self.skip_text(rest)
            };
            self.offset += used as u64;
            rest = &rest[used..];
        }
        bytes.len() - rest.len()
    }

    /// Parses bytes of coshell itself, which went to the terminal in the ground state and leave cursor and attributes as they
    /// were. They move lines on the screen and belong to none.
    pub fn feed_own(&mut self, bytes: &[u8], sink: &mut impl VtSink) {
        if bytes.is_empty() || !self.in_ground_state() {
            return;
        }
        let Some(screens) = &mut self.screens else { return };
        let kept = screens.begin_own(sink);
        let offset = self.offset;
        self.feed(bytes, &mut OwnSink(sink));
        self.offset = offset;
        if let Some(screens) = &mut self.screens {
            screens.end_own(kept);
        }
    }

    /// Returns the number of cells and bytes that were read or written since the last call beyond one for each byte fed.
    pub fn take_scanned(&self) -> usize {
        self.screens.as_ref().map_or(0, |screens| screens.take_scanned())
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

    /// Records that it was coshell that turned focus reports on.
    pub(in crate::core) fn own_focus_reports(&mut self) {
        self.modes.own_focus_reports();
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

    /// Returns the unfinished line that the cursor is on, if it has changed since its last report. There is none on the
    /// alternate screen.
    pub fn partial(&mut self) -> Option<Line<'_>> {
        // An incomplete character or sequence is not yet part of the line.
        let open = if self.parser.in_ground() { self.offset - self.carry.len() } else { self.sequence_start };
        let screens = self.screens.as_mut().filter(|screens| !screens.on_alternate && screens.is_dirty())?;
        let (id, number) = (screens.id(), screens.current_number());
        let (start, continued) = (screens.current.start, screens.current.continued);
        let text = screens.current_text();
        Some(Line { id, number, text, start, end: open.max(start), more: false, continued })
    }

    /// Whether `partial` has something to return.
    pub fn has_partial(&self) -> bool {
        self.screens.as_ref().is_some_and(|screens| !screens.on_alternate && screens.is_dirty())
    }

    /// Moves the text of the cursor's line that fills rows onto them, which is else done when it is needed.
    pub(super) fn lay_out(&mut self, sink: &mut impl VtSink) {
        if let Some(screens) = &mut self.screens {
            screens.lay_out(sink);
        }
    }

    /// Returns the number that the cursor's line has or would get now; `None` while lines are not assembled.
    pub fn current_number(&self) -> Option<u64> {
        self.screens.as_ref().map(|screens| screens.current_number())
    }

    /// Gives the cursor's line its number for good, since it is told to a client.
    pub fn pin_number(&mut self) {
        if let Some(screens) = &mut self.screens {
            screens.pin_number();
        }
    }

    /// Returns the stream offset of the first raw byte of the cursor's line, whether or not anything was written to it.
    pub fn line_start(&self) -> u64 {
        self.screens.as_ref().map_or(self.offset, |screens| screens.current.start)
    }

    /// Returns whether nothing is written on the cursor's line; `false` while lines are not assembled.
    pub fn at_line_start(&self) -> bool {
        self.screens.as_ref().is_some_and(|screens| screens.is_line_blank())
    }
}

/// Sink for coshell's own bytes, which only move lines.
struct OwnSink<'a, S>(&'a mut S);

impl<S: VtSink> VtSink for OwnSink<'_, S> {
    fn line(&mut self, _: &Line<'_>) {}

    fn keeps_history(&self) -> bool {
        self.0.keeps_history()
    }

    fn scrolled_off(&mut self, line: &Line<'_>) {
        self.0.scrolled_off(line);
    }
}
