//! Terminal screen for readers: cells, cursor, size, and the sequences that repaint it. It is fed with the bytes that went to
//! the terminal, only while a client or the menu needs it.
//!
//! `cells` reads the screen, `decorate` puts coshell's own attributes on it, `repaint` generates sequences.

mod cells;
mod decorate;
mod repaint;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::style::StyleId;
pub use super::style::{CellColour, Style};
use super::work::Work;
use super::{NullSink, VtSink, VtState};
use crate::types::Size;
pub use cells::{Cell, CellText, Position};

/// Maximum number of bytes parsed between two checks of the budget.
const AT_ONCE: usize = 1024;

/// Screen with its attributes, and the lines on it.
#[derive(Clone, Debug)]
pub struct Screen {
    vt: VtState,
}

impl Screen {
    /// Creates an empty screen of `size`.
    pub fn new(size: Size) -> Self {
        Self::of(VtState::new(size))
    }

    /// Creates an empty screen in the modes of `vt`, which assembles no lines or is a screen already.
    pub(in crate::core) fn of(mut vt: VtState) -> Self {
        vt.assemble_styled();
        Self { vt }
    }

    /// Returns the state of the terminal.
    pub(in crate::core) fn vt(&self) -> &VtState {
        &self.vt
    }

    /// Returns the same, mutable.
    pub(in crate::core) fn vt_mut(&mut self) -> &mut VtState {
        &mut self.vt
    }

    /// Executes bytes that went to the terminal, until they end or the budget of `work` is used up. Returns the number of
    /// bytes taken. The last kilobyte may exceed the budget.
    pub fn feed(&mut self, bytes: &[u8], work: &mut Work) -> usize {
        let used = self.feed_to(bytes, &mut NullSink, work);
        self.vt.lay_out(&mut NullSink);
        used
    }

    /// Returns the screen with each row in its place, for readers. A copy is made where the text of the cursor's line, which is
    /// laid out when that is needed, fills rows: when a line is laid out decides which number it gets, so that reading must not.
    pub(in crate::core) fn laid_out(&self) -> Cow<'_, Self> {
        if self.screens().is_laid_out() {
            return Cow::Borrowed(self);
        }
        let mut copy = self.clone();
        copy.vt.lay_out(&mut NullSink);
        Cow::Owned(copy)
    }

    /// Does the same, and passes what it finds to `sink`.
    pub(in crate::core) fn feed_to(&mut self, bytes: &[u8], sink: &mut impl VtSink, work: &mut Work) -> usize {
        let mut done = 0;
        while done < bytes.len() && !work.is_spent() {
            let piece = &bytes[done..bytes.len().min(done + AT_ONCE)];
            self.vt.feed(piece, sink);
            done += piece.len();
            work.charge(piece.len() + self.vt.take_scanned());
        }
        done
    }

    /// Executes bytes of coshell itself.
    pub(in crate::core) fn feed_own(&mut self, bytes: &[u8], sink: &mut impl VtSink, work: &mut Work) {
        self.vt.feed_own(bytes, sink);
        work.charge(bytes.len() + self.vt.take_scanned());
    }

    /// Resizes the screen.
    pub fn resize(&mut self, size: Size, work: &mut Work) {
        self.resize_to(size, &mut NullSink, work);
    }

    /// Does the same, and passes the lines that scroll off to `sink`.
    pub(in crate::core) fn resize_to(&mut self, size: Size, sink: &mut impl VtSink, work: &mut Work) {
        self.vt.resize(size, sink);
        work.charge(self.vt.take_scanned());
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.screens().grid.height()
    }

    /// Returns the number of columns.
    pub fn columns(&self) -> usize {
        self.screens().cols
    }

    /// Records that the terminal was repainted from this screen.
    pub fn was_drawn(&mut self) {
        if let Some(screens) = &mut self.vt.screens {
            screens.origin.reset();
        }
    }

    /// Returns whether the cursor's terminal row and the last row's content are known: on the primary screen not until the
    /// output has reached the last row or a program has positioned the cursor and cleared the screen.
    pub fn origin_known(&self) -> bool {
        self.alt_screen() || self.screens().origin.is_known()
    }

    fn screens(&self) -> &super::screens::Screens {
        self.vt.screens.as_ref().expect("a screen assembles lines from its creation on")
    }

    fn style(&self, id: StyleId) -> Style {
        self.screens().styles.get(id)
    }
}
