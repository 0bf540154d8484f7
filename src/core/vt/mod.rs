//! Terminal emulation of the shell's output: the terminal's modes, and the output assembled into lines.
//!
//! The module observes the output and never changes or delays it; sinks receive what it finds. The result does not depend
//! on how the stream is cut into chunks: each decision is taken on bytes of the stream, none on where a chunk ends.
//!
//! `feed` is the entry point. `parse` finds escape sequences and `dispatch` executes them; `ground` takes the text between
//! them, with `scan` and `strip_controls` as its vectorised paths and `utf8`, `pieces` and `valid` as its decoders.
//!
//! `screens` owns both screens and the line that the cursor is on. A `grid` has the rows of a screen; a `row` holds bytes or
//! cells, whose contents are in `clusters` and whose attributes are in `style`. `print` writes, `motion` moves the cursor and
//! erases, `tabs` and `charset` help them; `reflow` changes the size. `report` numbers lines and reports them, `scroll` passes
//! them on to the history, and `block` takes runs of plain lines.
//!
//! `view` reads lines, rows and the cursor; `screen` is the interface for readers of the whole screen. `anchors` has the rows at
//! which prompts and redrawn rows stand, `prompt_mark` parses the marks of a shell, and `origin` knows where the screen begins
//! on the terminal.
//!
//! `printed_line` takes the raw bytes of a finished line apart, for those who print it again in other attributes.
//!
//! `modes` (with `pen`, `sgr`, `hyperlink` and `kitty`) records the modes that are set, `titles` the window title. `input` parses the
//! opposite direction: the bytes that the user's terminal sends. `work` is the budget of what is parsed in slices.

mod anchors;
mod block;
mod charset;
mod clusters;
mod dispatch;
mod feed;
mod grid;
mod ground;
mod hyperlink;
mod input;
mod kitty;
mod layout;
mod modes;
mod motion;
mod origin;
mod parse;
mod pen;
mod pieces;
mod print;
mod printed_line;
mod prompt_mark;
mod reflow;
mod report;
mod row;
mod scan;
pub mod screen;
mod screens;
mod scroll;
mod sgr;
mod strip_controls;
mod style;
mod tabs;
#[cfg(test)]
pub(in crate::core) mod tests;
mod titles;
pub(super) mod utf8;
mod valid;
mod view;
pub mod work;

use std::ops::Range;

pub use feed::VtState;
pub(super) use hyperlink::Hyperlink;
pub use input::InputParser;
pub(in crate::core) use modes::FocusReports;
pub use modes::Modes;
pub use parse::STRING_LIMIT;
pub(super) use printed_line::{LineReplay, Marks, PrintedLine, TextRun, tail};
pub use prompt_mark::{MarkedZone, PromptMarkKind, prompt_mark};
pub use sgr::Sgr;
pub use style::ATTRIBUTES;
pub use titles::Titles;
pub use view::TextPosition;

/// Maximum number of bytes of text in one [`Line`]; a longer line is reported in pieces.
pub const LINE_LIMIT: usize = 64 * 1024;

/// Identity of a terminal row: a line that is printed again on the same row has the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// A line of output as the terminal displays it, without escape sequences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Id of the line's first row.
    pub id: LineId,
    /// Its number, counted from the session's start; the first line is 1. A line that is drawn again keeps it.
    pub number: u64,
    /// Text, without trailing cells that were never written.
    pub text: &'a [u8],
    /// Offset of the line's first raw byte, counted from the first byte fed.
    pub start: u64,
    /// Offset just past its last raw byte: past the LF of a line that ended in one.
    pub end: u64,
    /// Whether the line exceeded [`LINE_LIMIT`] and continues in the next report.
    pub more: bool,
    /// Whether the line's beginning was reported before.
    pub continued: bool,
}

/// A row of the alternate screen that has changed, as drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnRow {
    /// Id of the row.
    pub id: LineId,
    /// Text, without trailing cells that were never written.
    pub text: Vec<u8>,
    /// Offset of the first raw byte of what was drawn on it, counted from the first byte fed.
    pub start: u64,
}

/// Cursor position within the current line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Column, from 0.
    pub column: u16,
    /// Row within the line's rows, from 0.
    pub row: u16,
    /// Number of rows that the line occupies.
    pub rows: u16,
    /// Whether the last column is filled, so that the next character wraps (DECAWM).
    pub pending_wrap: bool,
}

/// Receiver of what [`VtState::feed`] finds in the output.
pub trait VtSink {
    /// Receives a run of whole plain lines of the primary screen: UTF-8 text, each line ended by CR LF, without other
    /// controls. The first has this number. Returns whether the lines are to be reported one by one; otherwise they are
    /// only counted. Which lines form a run depends on the chunks; the lines themselves do not.
    fn block(&mut self, _block: &[u8], _lines: usize, _number: u64) -> bool {
        true
    }

    /// Returns whether [`VtState::feed`] must stop after the line reported last.
    fn should_stop(&self) -> bool {
        false
    }

    /// Receives a finished line: the cursor has left it. Drawn again, it is reported again, with the same number.
    fn line(&mut self, line: &Line<'_>);

    /// Receives a line of a block that is only counted, if its row may still be on the screen behind the block.
    fn counted(&mut self, _line: &Line<'_>) {}
    /// Returns whether `scrolled_off` needs the lines.
    fn keeps_history(&self) -> bool {
        false
    }

    /// Receives a line, or a piece of one, that has left the screen at the top and does not change any more.
    fn scrolled_off(&mut self, _line: &Line<'_>) {}

    /// Receives BEL.
    fn bell(&mut self) {}

    /// Receives the window title that a program set, at most [`STRING_LIMIT`] bytes of it.
    fn title(&mut self, _title: &[u8]) {}

    /// Receives the text that was typed at a prompt, at most 4 KiB of it, in front of the OSC 133 C by which the shell accepts
    /// it.
    fn command_line(&mut self, _text: &[u8]) {}

    /// Receives an OSC's payload, at most [`STRING_LIMIT`] bytes of it, and the sequence's span in the stream.
    fn osc(&mut self, _payload: &[u8], _at: Range<u64>) {}

    /// Receives a switch to the alternate screen (`on`) or back to the primary one.
    fn alt_screen(&mut self, _on: bool) {}
}

/// Sink that ignores all output.
#[derive(Debug)]
pub(in crate::core) struct NullSink;

impl VtSink for NullSink {
    fn block(&mut self, _: &[u8], _: usize, _: u64) -> bool {
        false
    }

    fn line(&mut self, _: &Line<'_>) {}
}
