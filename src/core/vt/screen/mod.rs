//! The screen as a person sees it: cells, cursor, size, and the bytes that draw it anew. A terminal emulation behind
//! a module of our own, so that nobody else knows which. It is fed with what went to the terminal, by whoever has
//! that, and only when somebody asks.
//!
//! `feed` is the way in, with `glyphs` for what the emulation has no characters for; `size` is how large the screen is.
//! `cells` is what is seen there, `style` what that looks like, and `origin` what is known of where it is on the
//! terminal. `repaint` makes bytes of it.

mod cells;
mod feed;
mod glyphs;
mod origin;
mod repaint;
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

/// The screen that is shown.
pub struct Screen {
    parser: Parser,
    terminal: Terminal,
    glyphs: Glyphs,
    /// The beginning of a character whose end has not come yet.
    open: Vec<u8>,
    ground: OriginState,
    /// Where the shell says that the prompt begins at which it waits.
    prompt: Option<Anchor>,
}

impl Screen {
    /// An empty screen of this size.
    pub fn new(size: Size) -> Self {
        let (cols, rows) = size::sides(size);
        Self {
            parser: Parser::new(),
            terminal: Terminal::new(cols, rows).expect("both sides are at least 1"),
            glyphs: Glyphs::default(),
            open: Vec::new(),
            ground: OriginState::default(),
            prompt: None,
        }
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("size", &self.terminal.size()).finish_non_exhaustive()
    }
}
