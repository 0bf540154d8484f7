//! Lines that the terminal shows in other attributes than those of the program, which the history has: they are put back on
//! a screen that coshell draws again.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use crate::core::vt::Sgr;
use crate::core::vt::screen::Screen;

/// Maximum number of lines: more than stand on a screen.
const MOST: usize = 500;

/// A finished line with the attributes of its parts, given by their places in the text. Later ones lie on top.
#[derive(Clone, Debug)]
pub(in crate::core::output) struct ShownLine {
    pub(in crate::core::output) number: u64,
    pub(in crate::core::output) text: String,
    pub(in crate::core::output) parts: Vec<(Range<usize>, Sgr)>,
}

/// The last lines of this kind.
#[derive(Debug, Default)]
pub(super) struct DecoratedLines(VecDeque<ShownLine>);

impl DecoratedLines {
    /// Takes a line that is shown so.
    pub(super) fn push(&mut self, line: ShownLine) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(line);
    }

    /// Returns the screen as the terminal shows it.
    pub(super) fn shown<'a>(&self, screen: Cow<'a, Screen>) -> Cow<'a, Screen> {
        if self.0.is_empty() || screen.alt_screen() {
            return screen;
        }
        let mut shown = screen.into_owned();
        self.0.iter().for_each(|line| shown.decorate(line.number, &line.text, &line.parts));
        Cow::Owned(shown)
    }
}
