//! Terminal screen: cells, cursor, size, and the sequences that repaint it. It wraps the `avt` crate, so that no other
//! module depends on it, and is fed with the bytes that went to the terminal, only while a client or the menu needs it.
//!
//! `feed` is the entry point, with `glyphs` for the characters that avt's cells cannot hold; `size` resizes. Both stop when
//! a budget of operations is used up: `cost` counts them, and `repeat` divides the one sequence that may need many. `cells` reads
//! the screen and `style` the appearance of a cell; `origin` tracks which terminal row the emulated screen begins on.
//! `repaint` generates sequences.

mod cells;
mod cost;
mod feed;
mod glyphs;
mod origin;
mod repaint;
mod repeat;
mod size;
mod style;
#[cfg(test)]
mod tests;

use avt::{Anchor, Parser, Terminal};

use crate::types::Size;
pub use cells::{Cell, Position};
pub use glyphs::CellText;
use glyphs::Glyphs;
use origin::OriginState;
pub use style::{CellColour, Style};

/// Emulated screen.
pub struct Screen {
    parser: Parser,
    terminal: Terminal,
    glyphs: Glyphs,
    /// Incomplete UTF-8 character.
    partial: Vec<u8>,
    origin: OriginState,
    /// Start of the current prompt (OSC 133 A).
    prompt: Option<Anchor>,
    /// Number of times that the character before the cursor is still to be repeated (REP).
    repeats: usize,
    /// Whether characters are inserted (IRM).
    inserts: bool,
}

impl Screen {
    /// Creates an empty screen of `size`.
    pub fn new(size: Size) -> Self {
        let (cols, rows) = size::bounded(size);
        Self {
            parser: Parser::new(),
            terminal: Terminal::new(cols, rows).expect("both sides are at least 1"),
            glyphs: Glyphs::default(),
            partial: Vec::new(),
            origin: OriginState::default(),
            prompt: None,
            repeats: 0,
            inserts: false,
        }
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("size", &self.terminal.size()).finish_non_exhaustive()
    }
}
