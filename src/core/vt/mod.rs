//! What the shell prints, read: the terminal's state, and lines as a person reads them.
//!
//! The relay never waits for this room, and this room never changes a byte. It must not know what anybody does with the
//! lines. Its results are the same however the stream is cut into chunks; what makes that so is that every decision is
//! taken on bytes of the stream, none on where a chunk ends.
//!
//! `feed` is the way through. `parse` finds escape sequences, and `dispatch` hands each to those whom it concerns; `ground` takes
//! what lies between them, with `scan` and `strip_controls` for the speed, `utf8` and `valid` for the characters. `lines` owns the
//! `current_line`, the line that the cursor is on, as bytes or as `cells`, and knows by `rows` on which row it stands; `print` writes
//! on it, `motion` moves the cursor and erases, `block` passes on whole lines unread. `modes` (with `pen`, `sgr` and `kitty`)
//! remembers what is switched on, `titles` what the window is called. `input` follows the other direction, what the user's
//! terminal sends.

mod block;
mod cells;
mod current_line;
mod dispatch;
mod feed;
mod graphics;
mod ground;
mod input;
mod kitty;
mod layout;
mod lines;
mod modes;
mod motion;
mod parse;
mod pen;
mod pieces;
mod print;
mod rows;
mod scan;
pub mod screen;
mod sgr;
mod strip_controls;
#[cfg(test)]
pub(in crate::core) mod tests;
mod titles;
pub(super) mod utf8;
mod valid;

use std::ops::Range;

pub use feed::Text;
pub use input::InputText;
pub use modes::Modes;
pub use parse::STRING_LIMIT;
pub use titles::Titles;

/// The most bytes of text in one [`Line`]; a longer one comes in pieces.
pub const LINE_LIMIT: usize = 64 * 1024;

/// Which row of the terminal a line stands on: a line that is printed again on the same row has the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u64);

/// A line as a person reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The id of the row it starts on.
    pub id: LineId,
    /// Its text. Blanks at its end that nobody wrote are not there.
    pub text: &'a [u8],
    /// The offset in the stream, from the first byte ever fed, of the line's first raw byte.
    pub start: u64,
    /// The offset behind its last raw byte: behind the LF of a line that ended in one.
    pub end: u64,
    /// The line was too long: the rest follows as another one.
    pub more: bool,
    /// The line's beginning came before.
    pub continued: bool,
}

/// Where the cursor is within its line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The column in its row, from 0.
    pub column: u16,
    /// The row within those that the line takes, from 0.
    pub row: u16,
    /// How many rows the line takes.
    pub rows: u16,
    /// The last column is filled, and the next character goes to the next row.
    pub pending_wrap: bool,
}

/// Who hears what was read.
pub trait VtSink {
    /// A run of whole plain lines, seen at once on the primary screen: each is text in UTF-8, ended by CR LF, without any
    /// other control. `false` says that no line of it is of interest: then they are only counted and skipped. What
    /// comes in one such run depends on the chunks, the lines do not.
    fn block(&mut self, _block: &[u8], _lines: usize) -> bool {
        true
    }

    /// Whether what comes behind the line told last is not to be read yet.
    fn enough(&self) -> bool {
        false
    }

    /// A finished line.
    fn line(&mut self, line: &Line<'_>);

    /// BEL.
    fn bell(&mut self) {}

    /// The window's title was set; at most [`STRING_LIMIT`] bytes of it.
    fn title(&mut self, _title: &[u8]) {}

    /// An operating system command, at most [`STRING_LIMIT`] bytes of it, and where in the stream its sequence stands.
    fn osc(&mut self, _payload: &[u8], _at: Range<u64>) {}

    /// The alternate screen is shown, or no longer.
    fn alt_screen(&mut self, _on: bool) {}
}

/// A sink that takes no interest in anything.
#[derive(Debug)]
pub(in crate::core) struct NullSink;

impl VtSink for NullSink {
    fn block(&mut self, _: &[u8], _: usize) -> bool {
        false
    }

    fn line(&mut self, _: &Line<'_>) {}
}
