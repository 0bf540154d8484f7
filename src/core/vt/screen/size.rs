//! Size of the screen, and its change.

use super::Screen;
use super::origin::OriginState;
use crate::core::vt::work::Work;
use crate::types::Size;

/// Maximum number of rows and of columns, which bounds the emulation's memory.
const MAX_SIDE: u16 = 2000;
/// Maximum number of cells, which bounds the time of one function, such as DECALN: it takes a few milliseconds.
const MAX_CELLS: usize = 512 * 1024;

/// Returns columns and rows within the emulation's bounds.
pub(super) fn bounded(size: Size) -> (usize, usize) {
    let (cols, rows) = (usize::from(size.cols.clamp(1, MAX_SIDE)), usize::from(size.rows.clamp(1, MAX_SIDE)));
    (cols, rows.min(MAX_CELLS / cols))
}

impl Screen {
    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.terminal.size().1
    }

    /// Returns the number of columns.
    pub fn columns(&self) -> usize {
        self.terminal.size().0
    }

    /// Resizes the screen. What the budget of `work` left of a repetition must be fed before.
    pub fn resize(&mut self, size: Size, work: &mut Work) {
        let (cols, rows) = bounded(size);
        work.charge(self.resize_cost(cols * rows));
        // Terminals differ in which rows they scroll away on a resize.
        self.origin = OriginState::default();
        let blank = if cols < self.columns() && !self.alt_screen() { self.rows_gained(cols) } else { 0 };
        if blank > 0 {
            self.terminal.resize(self.columns(), self.rows() - blank);
        }
        self.terminal.resize(cols, rows);
    }

    /// Returns how many blank rows below the cursor the text takes when it is rewrapped at `cols` columns. Otherwise the
    /// emulation would scroll the first rows away.
    fn rows_gained(&self, cols: usize) -> usize {
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
