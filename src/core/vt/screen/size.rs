//! How large the screen is, and what becomes of its rows when the window has another size.

use super::Screen;
use super::origin::OriginState;
use crate::types::Size;

/// More rows and columns than any terminal has: what the emulation allocates is bounded.
const MOST: u16 = 2000;

/// Columns and rows as the emulation wants them.
pub(super) fn sides(size: Size) -> (usize, usize) {
    (usize::from(size.cols.clamp(1, MOST)), usize::from(size.rows.clamp(1, MOST)))
}

impl Screen {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.terminal.size().1
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.terminal.size().0
    }

    /// The window has another size.
    pub fn resize(&mut self, size: Size) {
        let (cols, rows) = sides(size);
        // Terminals differ in what they do with the rows then.
        self.ground = OriginState::default();
        let blank = if cols < self.columns() && !self.alt_screen() { self.spent(cols) } else { 0 };
        if blank > 0 {
            self.terminal.resize(self.columns(), self.rows() - blank);
        }
        self.terminal.resize(cols, rows);
    }

    /// How many of the blank rows below the cursor are used up when the lines are wrapped at so many columns. The
    /// emulation would sooner scroll the first lines away.
    fn spent(&self, cols: usize) -> usize {
        let used = self.bottom() + 1;
        let (mut needed, mut length) = (0, 0);
        for row in 0..used {
            let wraps = self.wraps(row);
            length += if wraps { self.columns() } else { self.text(row).chars().count() };
            if !wraps {
                needed += length.div_ceil(cols).max(1);
                length = 0;
            }
        }
        needed.saturating_sub(used).min(self.rows() - used)
    }
}
